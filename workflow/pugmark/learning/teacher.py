"""A copy of a network that follows it as a moving average: the mean teacher, and MoCo's key encoder.

Source: Tarvainen and Valpola, Mean teachers (2017); He et al., Momentum Contrast (2020), equation 2.
"""

import copy

import torch


def teacher_of(student):
    """A copy of the module `student` without gradient. Keep it beside the student in the learner's model."""
    return copy.deepcopy(student).requires_grad_(False)


@torch.no_grad()
def follow(teacher, student, momentum):
    """teacher <- momentum * teacher + (1 - momentum) * student, parameters only. Running statistics do not change."""
    for slow, fast in zip(teacher.parameters(), student.parameters(), strict=True):
        slow.lerp_(fast.detach(), 1 - momentum)
