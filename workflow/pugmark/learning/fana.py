"""Feature-aware noise addition: black out the part of an image to which a network responds most.

Source: Zhang, Zhao, Liu, Feature-Aware Noise Contrastive Learning (FANCL), equations 1 to 3. Images are normalised,
float32 B x 3 x H x W; regions are bool B x H x W.
"""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning.transforms import MEAN, STD

BLACK = [-mean / std for mean, std in zip(MEAN, STD, strict=True)]
"""Value of a black pixel, by channel, after normalisation."""


class FanaError(ValueError):
    """A layer that the network does not have."""


class Eye(nn.Module):
    """A copy of a backbone as it is now, for `activation` alone: inference merges no layers of it."""

    def __init__(self, backbone):
        super().__init__()
        self.body = copy.deepcopy(backbone.body).requires_grad_(False)


class _Reached(Exception):
    """The layer has answered; what follows need not be computed."""


@torch.no_grad()
def activation(backbone, images, layer):
    """Equation 1: ReLU of what `layer` gives, mean over its channels, resized to the images: float32 B x H x W.

    backbone: has the network as `body`, which computes with its running statistics and is left as it was. layer: name
    of one of its modules, such as conv1, bn1 or layer4.2.conv3. Raises FanaError.
    """
    body, answers = backbone.body, []
    names = dict(body.named_modules())
    if layer not in names:
        raise FanaError(f"The network has no layer {layer!r}: choose conv1, bn1 or one such as layer4.1.bn2.")

    def answer(module, inputs, output):
        answers.append(output)
        raise _Reached

    training = {name: module.training for name, module in names.items()}
    hook = names[layer].register_forward_hook(answer)
    try:
        body.eval()(images)
    except _Reached:
        pass
    finally:
        hook.remove()
        for name, module in names.items():
            module.training = training[name]
    maps = F.relu(answers[0].float()).mean(1, keepdim=True)
    return F.interpolate(maps, images.shape[2:], mode="bilinear", align_corners=False)[:, 0]


def region(activation, area):
    """Equation 2, with the threshold that leaves exactly round(area * H * W) pixels of each image: the highest ones.

    Of equal pixels the first count, so that regions are nested as the area grows.
    """
    flat = activation.flatten(1)
    chosen = torch.zeros_like(flat, dtype=torch.bool)
    order = flat.argsort(dim=1, descending=True, stable=True)
    return chosen.scatter_(1, order[:, : round(area * flat.shape[1])], True).view_as(activation)


def noised(images, region, density=1.0):
    """Equation 3 with pepper noise: the region's pixels become black; below a density of 1, that share of them."""
    if density < 1:
        region = region & (torch.rand(region.shape, device=region.device) < density)
    return torch.where(region[:, None], images.new_tensor(BLACK).view(3, 1, 1), images)
