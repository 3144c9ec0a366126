"""Random smooth warps of pictures whose point-to-point map is known.

A warp is an affine map plus a thin-plate spline of 10 x 10 control points with random weights. Source: Thewlis et al.,
Unsupervised learning of landmarks by descriptor vector exchange (ICCV 2019), with its public settings.
"""

import torch
from torch.nn import functional as F

POINTS = 10
SCALE, TURN, SHIFT = 0.1, 5.0, 0.1
"""Deviations of the affine part: logarithm of the scale, degrees, and half pictures."""
FIRST, SECOND = (0.0005, 0.005), (0.001, 0.01)
"""Deviations of the weights of all control points, and of those of a random half in addition."""


def drawn(count, height, width, deviations):
    """Where each pixel of a warped picture lies in the picture: float32 count x height x width x 2, x and y.

    -1 and 1 are the middles of the outermost pixels. From torch's own random numbers, on the processor.
    """
    places = lattice(height, width).view(-1, 2)
    controls = lattice(POINTS, POINTS).view(-1, 2)
    squared = torch.cdist(places, controls).square()
    bent = squared * (squared + 1e-12).log()
    everywhere, half = deviations
    chosen = (torch.rand(count, len(controls), 1) < 0.5).float()
    weights = everywhere * torch.randn(count, len(controls), 2) + half * chosen * torch.randn(count, len(controls), 2)
    turn = torch.deg2rad(TURN * torch.randn(count))
    scale = (SCALE * torch.randn(count)).exp()
    rows = torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()], 1).view(count, 2, 2)
    affine = places @ (scale[:, None, None] * rows).mT + SHIFT * torch.randn(count, 1, 2)
    return (affine + bent @ weights).view(count, height, width, 2)


def lattice(height, width):
    """x and y of the pixels from -1 to 1: float32 height x width x 2."""
    down, right = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    return torch.stack([right, down], 2)


def applied(images, places):
    """The images, B x C x H x W, warped: what lies at `places` (of `drawn`). Beyond the edge the edge goes on."""
    return F.grid_sample(images, places.to(images), padding_mode="border", align_corners=True)


def in_pixels(places, height, width):
    """Places in pixels, x and y."""
    return (places + 1) / 2 * torch.tensor([width - 1, height - 1], device=places.device)
