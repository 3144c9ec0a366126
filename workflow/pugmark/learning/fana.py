"""Feature-aware noise addition: black out the part of an image to which a network responds most.

The region is chosen on the picture as it was taken, before flips and crops, and among the pixels of the animal alone:
padding and a filled background would otherwise draw most of the noise. It is then carried to the augmented view.

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


def region(activation, area, animal=None):
    """Equation 2: the share `area` of each animal's pixels, those of the highest activation.

    animal: bool B x H x W, None where all of the image is the animal. Exactly round(area * pixels of the animal) are
    chosen. Of equal pixels the first count, so that regions are nested as the area grows.
    """
    flat = activation.flatten(1)
    allowed = torch.ones_like(flat, dtype=torch.bool) if animal is None else animal.flatten(1)
    wanted = (area * allowed.sum(1, keepdim=True)).round().long()
    if not wanted.any():
        return torch.zeros_like(activation, dtype=torch.bool)
    flat = flat.masked_fill(~allowed, -torch.inf)
    # The least activation of the region: no need to sort what lies below.
    least = flat.topk(int(wanted.max())).values.gather(1, (wanted - 1).clamp(min=0))
    above, equal = flat > least, flat == least
    first = equal & (equal.cumsum(1) <= wanted - above.sum(1, keepdim=True))
    return (above | first).view_as(activation)


def carried(region, places):
    """The region of pictures as their views show it; places: as transforms.traced_recipe gives them, B x H x W."""
    flat = places.flatten(1).long()
    return (region.flatten(1).gather(1, flat.clamp(min=0)) & (flat >= 0)).view_as(region)


def noised(images, region, density=1.0):
    """Equation 3 with pepper noise: the region's pixels become black; below a density of 1, that share of them."""
    if density < 1:
        region = region & (torch.rand(region.shape, device=region.device) < density)
    return torch.where(region[:, None], images.new_tensor(BLACK).view(3, 1, 1), images)
