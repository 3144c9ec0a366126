"""Grad-CAM heat maps: which parts of an image make its vector similar to a given one.

Source: Selvaraju et al., Grad-CAM (ICCV 2017), equations 1 and 2. The similarity replaces the class score. Of a
transformer, the maps are the patches' tokens behind the first norm of the last block, in the grid of the patches.
"""

import contextlib
import re

import torch
from torch import nn
from torch.nn import functional as F

# The first norm of a transformer's block, in timm and in open_clip.
_FIRST_NORM = re.compile(r"blocks\.\d+\.(norm1|ln_1)$")


class ExplainError(ValueError):
    """A network whose images cannot be explained."""


def heat(network, images, towards):
    """Where each image resembles `towards`: float32 B x H x W from 0 to 1; all 0 where no part adds to the similarity.

    network: module from normalised images B x 3 x H x W to vectors B x D, with a Backbone as `backbone`; not changed.
    towards: B x D. An image's score is the cosine similarity of its vector to its row of `towards`. The maps are those
    of the last stage, before pooling. Raises ExplainError if the network has none.
    """
    with _seen(network, images) as (vectors, maps):
        score = F.cosine_similarity(vectors, towards).sum()
        both = maps, torch.autograd.grad(score, maps)[0]
        return upon(cam(*_as_maps(network, both, images)).detach(), images.shape[2:])


def local(network, images):
    """The features before pooling, B x D x h x w, of normalised images, B x 3 x H x W. Raises ExplainError."""
    with _seen(network, images) as (_, maps):
        return _as_maps(network, [maps.detach()], images)[0]


@contextlib.contextmanager
def _seen(network, images):
    """The network's vectors of the images, and its last maps or tokens, both with their gradients."""
    training = network.training
    try:
        with torch.enable_grad(), _maps(network.eval().backbone) as seen:
            vectors = network(images.detach().requires_grad_())
            if not seen:
                raise ExplainError("The network has no feature maps and no tokens to explain: choose another backbone.")
            yield vectors, seen[-1]
    finally:
        network.train(training)


def _as_maps(network, parts, images):
    if parts[0].ndim == 4:
        return parts
    return [in_grid(part, network.backbone.body, images.shape[2:]) for part in parts]


def cam(maps, gradients):
    """ReLU of the sum of the maps, each weighted by its mean gradient. Both are B x D x h x w; returns B x h x w."""
    weights = gradients.mean((2, 3), keepdim=True)
    return F.relu((weights * maps).sum(1))


def in_grid(tokens, body, size):
    """The tokens of the patches, B x N x D, as maps, B x D x h x w, of pictures of `size` (height, width).

    The first convolution of the body cuts the patches. Tokens before theirs, such as the class token, are left out.
    """
    cut = next(part for part in body.modules() if isinstance(part, nn.Conv2d))
    sides = zip(size, cut.kernel_size, cut.stride, strict=True)
    down, across = ((length - kernel) // stride + 1 for length, kernel, stride in sides)
    return tokens[:, -down * across :].transpose(1, 2).reshape(len(tokens), -1, down, across)


def energy(heats, inside):
    """Share of each map (B x H x W) that lies inside the mask (likewise, 0 to 1); NaN for a map of nothing."""
    return (heats * inside).sum((1, 2)) / heats.sum((1, 2))


def upon(heats, size):
    """Scale each map of B x h x w (no negative values) to a maximum of 1 and resize it to `size`; zero maps stay 0."""
    scaled = heats / heats.amax((1, 2), keepdim=True).clamp(min=1e-12)
    return F.interpolate(scaled[:, None], size, mode="bilinear", align_corners=False)[:, 0]


@contextlib.contextmanager
def _maps(backbone):
    """A list to which each forward pass adds the feature maps that the backbone pools, or its last block's tokens.

    The Backbone pools torchvision's networks. Those of timm and open_clip have their own pooling layer.
    """
    seen = []

    def keep(module, inputs):
        if inputs[0].ndim == 4 and inputs[0].shape[2] * inputs[0].shape[3] > 1:
            seen.append(inputs[0])

    named = list(backbone.body.named_modules())
    pooling = [part for name, part in named if name.rpartition(".")[2] in ("global_pool", "attnpool")]
    norms = [part for name, part in named if _FIRST_NORM.search(name)]
    hooks = [part.register_forward_pre_hook(keep) for part in (*pooling, backbone.pooling)]
    hooks += [part.register_forward_hook(lambda _, inputs, tokens: seen.append(tokens)) for part in norms[-1:]]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
