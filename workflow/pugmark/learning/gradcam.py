"""Where in a picture a network finds what makes it like its own kind.

Source: Selvaraju et al., Grad-CAM (ICCV 2017), equations 1 and 2, with the similarity of vectors for a class's score.
"""

import contextlib

import torch
from torch.nn import functional as F


class ExplainError(ValueError):
    """A network whose pictures cannot be explained."""


def heat(network, images, towards):
    """Where each image is like `towards`: float32 B x H x W from 0 to 1, 0 everywhere where nothing makes it more so.

    network: module from normalised images B x 3 x H x W to vectors B x D, with `backbone` a Backbone; left as it was.
    towards: B x D. The score of an image is the cosine similarity of its vector with its row of `towards`, the maps are
    those of the last stage, before they are pooled. Raises ExplainError where there are none.
    """
    training = network.training
    try:
        with torch.enable_grad(), _maps(network.eval().backbone) as seen:
            vectors = network(images.detach().requires_grad_())
            if not seen:
                raise ExplainError(
                    "The network has no maps over positions to explain: choose a convolutional backbone."
                )
            score = F.cosine_similarity(vectors, towards).sum()
        return upon(cam(seen[-1], torch.autograd.grad(score, seen[-1])[0]).detach(), images.shape[2:])
    finally:
        network.train(training)


def cam(maps, gradients):
    """ReLU of the sum of the maps, each weighted with the mean of its gradient: B x D x h x w twice -> B x h x w."""
    weights = gradients.mean((2, 3), keepdim=True)
    return F.relu((weights * maps).sum(1))


def upon(heats, size):
    """B x h x w, not negative, scaled to a maximum of 1 each and resized to `size`; zeros stay."""
    scaled = heats / heats.amax((1, 2), keepdim=True).clamp(min=1e-12)
    return F.interpolate(scaled[:, None], size, mode="bilinear", align_corners=False)[:, 0]


@contextlib.contextmanager
def _maps(backbone):
    """A list to which each forward pass adds what the backbone pools, where that is a map over positions.

    Networks of torchvision are pooled by the Backbone, those of timm by a part of their own.
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
