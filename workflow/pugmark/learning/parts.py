"""Features of an image and of its stripes, and how well the parts agree with the whole image.

Source: Cho et al., PPLR (2022), equations 1 to 9.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from pugmark.clustering.neighbours import nearest
from pugmark.learning.backbones import backbone

AXES = {"rows": 2, "cols": 3}
"""The axis of B x D x h x w along which the stripes are cut."""


def stripes(maps, count, direction):
    """Means over `count` equal stripes of rows or cols of B x D x h x w: a list of B x D.

    Stripes overlap where the length is not a multiple of `count`.
    """
    axis, length = AXES[direction], maps.shape[AXES[direction]]
    ends = [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]
    return [maps.narrow(axis, start, stop - start).mean((2, 3)) for start, stop in ends]


class PartEncoder(nn.Module):
    """Backbone, then the average over the image and over each stripe, each with a BatchNorm neck (bias frozen at 0)."""

    def __init__(self, params, weights=None):
        """params: backbone, last_stride, parts, stripes."""
        super().__init__()
        self.backbone = backbone(params["backbone"], weights, params["last_stride"], "none")
        self.parts, self.direction = params["parts"], params["stripes"]
        self.necks = nn.ModuleList(nn.BatchNorm1d(self.backbone.size) for _ in range(1 + self.parts))
        for neck in self.necks:
            neck.bias.requires_grad_(False)

    def forward(self, images):
        """B x 3 x H x W -> B x (1 + parts) x D, the whole image first, not normalised."""
        maps = self.backbone(images)
        pooled = [maps.mean((2, 3)), *stripes(maps, self.parts, self.direction)]
        return torch.stack([neck(one) for neck, one in zip(self.necks, pooled, strict=True)], 1)


class Whole(nn.Module):
    """Only the features of the whole image: B x 3 x H x W -> B x D."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    @property
    def backbone(self):
        """The backbone of the part encoder."""
        return self.encoder.backbone

    def forward(self, images):
        """B x 3 x H x W -> B x D."""
        return self.encoder(images)[:, 0]


def agreement(whole, parts, k):
    """Jaccard overlap of a crop's k nearest neighbours by the whole image and by each part: float32 N x P.

    whole: N x D and parts: N x P x D, tensors of unit vectors. With fewer than k other crops, all are neighbours.
    """
    own, scores = _others(whole, k), []
    for part in parts.unbind(1):
        shared = (own[:, :, None] == _others(part, k)[:, None]).sum((1, 2))
        scores.append(shared / (2 * own.shape[1] - shared))
    return torch.stack(scores, 1)


def _others(features, k):
    return torch.from_numpy(nearest(features, k + 1)[0][:, 1:])


def refined(parts, labels, agreed, weight):
    """Targets for the whole image, B x C, rows summing to 1: `weight` on the label, the rest on the parts' prediction.

    parts: logits, B x P x C. agreed: B x P; its softmax weights the parts. No gradient.
    """
    predicted = (agreed.softmax(1)[:, :, None] * parts.detach().softmax(2)).sum(1)
    return weight * F.one_hot(labels, parts.shape[2]) + (1 - weight) * predicted


def smoothed(parts, labels, agreed):
    """Mean over batch and parts of a * cross-entropy + (1 - a) * KL(uniform || prediction).

    parts: logits, B x P x C. agreed: a, the agreement of each part, B x P.
    """
    predicted = parts.log_softmax(2)
    entropy = -predicted.gather(2, labels[:, None, None].expand(-1, parts.shape[1], 1))[:, :, 0]
    uniform = -predicted.mean(2) - math.log(parts.shape[2])
    return (agreed * entropy + (1 - agreed) * uniform).mean()
