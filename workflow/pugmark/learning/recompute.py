"""Activation checkpointing: less training memory for a third more computation. A backbone keeps only the input of each
stage and recomputes the stage's activations in the backward pass.

Source: Chen et al., Training deep nets with sublinear memory cost (2016).
"""

import contextlib
import functools
import itertools

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recompute(body):
    """Change the backbone's body in place: training recomputes its stages. Results and parameter names stay the same.

    Stages are the children of `body`; a Sequential child contributes its own children. These are a ResNet's blocks, or
    the stages of an EfficientNet or a ConvNeXt. In torchvision's networks, consecutive single layers such as the stem
    form one stage. In other networks their order is unknown here, and they are left alone.
    """
    if isinstance(body, nn.Sequential):
        body.forward = functools.partial(_chain, body)
        return
    for part in _parts(body):
        if any(part.children()):
            part.forward = functools.partial(_again, body, part.forward)


@contextlib.contextmanager
def still(module):
    """Inside the block, the batch norms of `module` update copies of their running statistics."""
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]
    kept = [(norm, name, value) for norm in norms for name, value in norm.named_buffers(recurse=False)]
    for norm, name, value in kept:
        setattr(norm, name, value.clone())
    try:
        yield
    finally:
        for norm, name, value in kept:
            setattr(norm, name, value)


def _parts(body):
    return [part for child in body.children() for part in (child if type(child) is nn.Sequential else [child])]


def _chain(body, images):
    # Looked up in every pass: layers may have been replaced in the meantime.
    for _, run in itertools.groupby(_parts(body), lambda part: part if any(part.children()) else None):
        images = _again(body, nn.Sequential(*run), images)
    return images


def _again(body, stage, images):
    if not (body.training and torch.is_grad_enabled()):
        return stage(images)
    # The first pass has already updated the running statistics.
    contexts = functools.partial(_contexts, body)
    return checkpoint(stage, images, use_reentrant=False, context_fn=contexts)


def _contexts(body):
    return contextlib.nullcontext(), still(body)
