"""Layers between a backbone and its loss."""

import itertools

import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning.backbones import backbone


class BNNeck(nn.Module):
    """The encoder of the pseudo-label family: backbone, BatchNorm with its bias frozen at 0, unit norm.

    Source: Luo et al., Bag of Tricks (2019); Ge et al., SpCL (2020).
    """

    def __init__(self, body):
        super().__init__()
        self.backbone, self.norm = body, nn.BatchNorm1d(body.size)
        self.norm.bias.requires_grad_(False)

    def raw(self, images):
        """B x 3 x H x W -> B x D, not normalised."""
        return self.norm(self.backbone(images))

    def forward(self, images):
        """B x 3 x H x W -> unit vectors, B x D."""
        return F.normalize(self.raw(images))


def neck_encoder(params, weights=None):
    """The encoder of `params` (backbone, last_stride, pool): B x 3 x H x W -> unit vectors, B x D."""
    return BNNeck(backbone(params["backbone"], weights, params["last_stride"], params["pool"]))


class HeadBlock(nn.Sequential):
    """Linear, BatchNorm and dropout, no activation. Initialised as in the public re-ID baseline (layumi)."""

    def __init__(self, inputs, outputs=512, dropout=0.5):
        super().__init__(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.Dropout(dropout))
        nn.init.kaiming_normal_(self[0].weight, mode="fan_out")
        nn.init.zeros_(self[0].bias)
        nn.init.normal_(self[1].weight, 1.0, 0.02)


def classifier(inputs, classes):
    """A linear layer with small random weights (standard deviation 0.001) and zero bias."""
    layer = nn.Linear(inputs, classes)
    nn.init.normal_(layer.weight, std=0.001)
    nn.init.zeros_(layer.bias)
    return layer


def perceptron(*sizes):
    """Linear layers sizes[0] -> ... -> sizes[-1], with BatchNorm and ReLU after all but the last."""
    layers = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-2])


class Mirrored(nn.Module):
    """The features of an image plus those of its mirror image."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        """B x 3 x H x W -> B x D."""
        return self.model(images) + self.model(torch.flip(images, (3,)))
