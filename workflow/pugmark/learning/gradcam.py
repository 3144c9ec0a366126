"""Grad-CAM heat maps: which parts of an image make its vector similar to a given one.

Source: Selvaraju et al., Grad-CAM (ICCV 2017), equations 1 and 2. The similarity replaces the class score.
"""

import contextlib

import torch
from torch.nn import functional as F


class ExplainError(ValueError):
    """A network whose images cannot be explained."""


def heat(network, images, towards):
    """Where each image resembles `towards`: float32 B x H x W from 0 to 1; all 0 where no part adds to the similarity.

    network: module from normalised images B x 3 x H x W to vectors B x D, with a Backbone as `backbone`; not changed.
    towards: B x D. An image's score is the cosine similarity of its vector to its row of `towards`. The maps are those
    of the last stage, before pooling. Raises ExplainError if the network has none.
    """
    training = network.training
    try:
        with torch.enable_grad(), _maps(network.eval().backbone) as seen:
            vectors = network(images.detach().requires_grad_())
            if not seen:
                raise ExplainError("The network has no feature maps to explain: choose a convolutional backbone.")
            score = F.cosine_similarity(vectors, towards).sum()
        return upon(cam(seen[-1], torch.autograd.grad(score, seen[-1])[0]).detach(), images.shape[2:])
    finally:
        network.train(training)


def cam(maps, gradients):
    """ReLU of the sum of the maps, each weighted by its mean gradient. Both are B x D x h x w; returns B x h x w."""
    weights = gradients.mean((2, 3), keepdim=True)
    return F.relu((weights * maps).sum(1))


def upon(heats, size):
    """Scale each map of B x h x w (no negative values) to a maximum of 1 and resize it to `size`; zero maps stay 0."""
    scaled = heats / heats.amax((1, 2), keepdim=True).clamp(min=1e-12)
    return F.interpolate(scaled[:, None], size, mode="bilinear", align_corners=False)[:, 0]


@contextlib.contextmanager
def _maps(backbone):
    """A list to which each forward pass adds the feature maps that the backbone pools, if it pools any.

    The Backbone pools torchvision's networks. timm's networks have their own pooling layer.
    """
    seen = []

    def keep(module, inputs):
        if inputs[0].ndim == 4 and inputs[0].shape[2] * inputs[0].shape[3] > 1:
            seen.append(inputs[0])

    pooling = [part for name, part in backbone.body.named_modules() if name.rpartition(".")[2] == "global_pool"]
    hooks = [part.register_forward_pre_hook(keep) for part in (*pooling, backbone.pooling)]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
