"""Less memory in training for a third more computation: a backbone keeps the input of each stage alone, and computes
what lies within again in the backward pass.

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
    """Change the backbone's body in place so that training recomputes its stages; results and names stay as they were.

    Stages are the children of `body`, or theirs where a child is a Sequential: a ResNet's blocks, the stages of an
    EfficientNet or a ConvNeXt. In torchvision's networks single layers in a row, such as the stem, make one stage; in
    others, whose order is not known here, they are left alone.
    """
    if isinstance(body, nn.Sequential):
        body.forward = functools.partial(_chain, body)
        return
    for part in _parts(body):
        if any(part.children()):
            part.forward = functools.partial(_again, body, part.forward)


@contextlib.contextmanager
def still(module):
    """Inside the block the batch norms of `module` move copies of their running statistics."""
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
    # Looked up in every pass, because layers may have been replaced since.
    for _, run in itertools.groupby(_parts(body), lambda part: part if any(part.children()) else None):
        images = _again(body, nn.Sequential(*run), images)
    return images


def _again(body, stage, images):
    if not (body.training and torch.is_grad_enabled()):
        return stage(images)
    # The first pass has moved the running statistics.
    contexts = functools.partial(_contexts, body)
    return checkpoint(stage, images, use_reentrant=False, context_fn=contexts)


def _contexts(body):
    return contextlib.nullcontext(), still(body)
