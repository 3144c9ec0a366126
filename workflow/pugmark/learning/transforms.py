"""From decoded crops to network inputs: the recipes of the re-ID literature, on torchvision's transforms.

All take uint8 H x W x 3 arrays. Flips conflate the two flanks of an animal whose coat differs by side, so every recipe
has the flip probability as a parameter.
"""

import numpy as np
import torch
from torchvision.transforms import v2

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BICUBIC = v2.InterpolationMode.BICUBIC


def train_recipe(height, width, flip=0.5, pad=10, erasing=0.0, fill=None, extra=()):
    """Resize, flip, pad, random crop, normalise, random erasing (area 0.02 to 0.4) -> float32 3 x height x width.

    flip, erasing: probabilities. fill: grey level of the padding, that of the masked background; None pads black.
    extra: further transforms of the uint8 tensor before normalisation. Erased regions take the raw ImageNet mean after
    normalisation, as the published code does.
    """
    return v2.Compose(
        [
            _tensor,
            v2.Resize((height, width), _BICUBIC),
            v2.RandomHorizontalFlip(flip),
            v2.RandomCrop((height, width), padding=pad, fill=fill or 0),
            *extra,
            _scaled(),
            v2.RandomErasing(erasing, scale=(0.02, 0.4), value=MEAN),
        ]
    )


def crop_recipe(height, width, flip=0.5, scale=(0.2, 1.0)):
    """Random flip and random resized crop, normalise -> float32 3 x height x width."""
    return v2.Compose([_tensor, v2.RandomHorizontalFlip(flip), v2.RandomResizedCrop((height, width), scale), _scaled()])


def contrast_recipe(height, width, flip=0.5, scale=(0.2, 1.0), jitter=1.0):
    """Random resized crop, flip, colour jitter, grey and blur, normalise -> float32 3 x height x width.

    jitter: strength; 1 as in Chen et al., SimCLR (2020), 0.5 as in Chen et al., MoCo v2 (2020).
    """
    blur = v2.GaussianBlur(max(3, height // 10 | 1), (0.1, 2.0))
    return v2.Compose(
        [
            _tensor,
            v2.RandomResizedCrop((height, width), scale),
            v2.RandomHorizontalFlip(flip),
            v2.RandomApply([v2.ColorJitter(0.8 * jitter, 0.8 * jitter, 0.8 * jitter, 0.2 * jitter)], 0.8),
            v2.RandomGrayscale(0.2),
            v2.RandomApply([blur], 0.5),
            _scaled(),
        ]
    )


def test_recipe(height, width):
    """Resize -> uint8 3 x height x width; `normalise` follows on the device, a quarter of the bytes to move."""
    return v2.Compose([_tensor, v2.Resize((height, width), _BICUBIC)])


def normalise(images):
    """uint8 B x 3 x H x W -> float32 of ImageNet mean 0 and deviation 1, on the tensor's device."""
    mean = torch.tensor(MEAN, device=images.device).view(3, 1, 1)
    std = torch.tensor(STD, device=images.device).view(3, 1, 1)
    return (images.float() / 255 - mean) / std


def _scaled():
    return v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])


def _tensor(image):
    # A copy: decoded pixels may be read-only, which torch refuses to share.
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)
