"""A copy of a network that follows it slowly: the mean teacher, and the key encoder of momentum contrast.

Source: Tarvainen and Valpola, Mean teachers (2017); He et al., Momentum Contrast (2020), equation 2.
"""

import copy

import torch


def teacher_of(student):
    """A copy of the module `student` without gradient, to be kept beside it in the learner's model."""
    return copy.deepcopy(student).requires_grad_(False)


@torch.no_grad()
def follow(teacher, student, momentum):
    """teacher <- momentum * teacher + (1 - momentum) * student, parameters alone; running statistics stay its own."""
    for slow, fast in zip(teacher.parameters(), student.parameters(), strict=True):
        slow.lerp_(fast.detach(), 1 - momentum)
