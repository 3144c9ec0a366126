"""From decoded crops to network inputs: the recipes of the re-ID literature, on torchvision's transforms.

A recipe takes uint8 pictures, H x W x 3. Flips conflate the two flanks of an animal whose coat differs by side, so
every recipe has the flip probability as a parameter.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
NOWHERE = -1
"""Place of a view's pixel that shows padding."""
_BICUBIC = v2.InterpolationMode.BICUBIC


@dataclass(frozen=True)
class Recipe:
    """A transform, and the least (height, width) at which it needs its pictures decoded.

    bare: the transform of pictures that keep their background, where that is another.
    """

    transform: Any
    size: tuple[int, int]
    bare: Any = None

    def __call__(self, image, masked=True):
        """What the transform makes of `image`; masked: whether its background is filled."""
        return (self.transform if masked or self.bare is None else self.bare)(image)


def train_recipe(height, width, flip=0.5, pad=10, erasing=0.0, fill=None, extra=()):
    """Resize, flip, pad, random crop, normalise, random erasing (area 0.02 to 0.4) -> float32 3 x height x width.

    flip, erasing: probabilities. fill: grey level of the masked background, with which masked pictures are padded; all
    others are padded black. extra: further transforms of the uint8 tensor before normalisation. Erased regions take the
    raw ImageNet mean after normalisation, as the published code does.
    """
    start, end = _resized(height, width), _finished(erasing, extra)
    masked, bare = (v2.Compose([*start, *_moved(height, width, flip, pad, grey), *end]) for grey in (fill or 0, 0))
    return Recipe(masked, _before_resizing(height, width), bare)


def traced_recipe(height, width, flip=0.5, pad=10, erasing=0.0, fill=None, extra=()):
    """The same of an outlined picture, H x W x 4, which also tells what it did: -> (view, picture, places).

    view: as of `train_recipe`. picture: uint8 4 x height x width, resized and nothing else. places: int32 height x
    width, which pixel of the picture, counted row by row, each pixel of the view shows, NOWHERE for padding.
    """
    finish = v2.Compose(_finished(erasing, extra))
    moves = (v2.Compose(_moved(height, width, flip, pad, grey)) for grey in (fill or 0, 0))
    masked, bare = (_Traced(height, width, move, finish) for move in moves)
    return Recipe(masked, _before_resizing(height, width), bare)


class _Traced:
    def __init__(self, height, width, move, finish):
        self.start, self.move, self.finish = v2.Compose(_resized(height, width)), move, finish
        self.places = tv_tensors.Mask(torch.arange(height * width, dtype=torch.int32).view(1, height, width))

    def __call__(self, image):
        picture = self.start(image)
        view, places = self.move(picture[:3], self.places)
        return self.finish(view), picture, places.as_subclass(torch.Tensor)[0]


def crop_recipe(height, width, flip=0.5, scale=(0.2, 1.0)):
    """Random flip and random resized crop, normalise -> float32 3 x height x width."""
    steps = [_tensor, v2.RandomHorizontalFlip(flip), v2.RandomResizedCrop((height, width), scale), *_finished()]
    return Recipe(v2.Compose(steps), _before_cropping(height, width, scale))


def contrast_recipe(height, width, flip=0.5, scale=(0.2, 1.0), jitter=1.0):
    """Random resized crop, flip, colour jitter, grey and blur, normalise -> float32 3 x height x width.

    jitter: strength; 1 as in Chen et al., SimCLR (2020), 0.5 as in Chen et al., MoCo v2 (2020).
    """
    blur = v2.GaussianBlur(max(3, height // 10 | 1), (0.1, 2.0))
    steps = [
        _tensor,
        v2.RandomResizedCrop((height, width), scale),
        v2.RandomHorizontalFlip(flip),
        v2.RandomApply([v2.ColorJitter(0.8 * jitter, 0.8 * jitter, 0.8 * jitter, 0.2 * jitter)], 0.8),
        v2.RandomGrayscale(0.2),
        v2.RandomApply([blur], 0.5),
        *_finished(),
    ]
    return Recipe(v2.Compose(steps), _before_cropping(height, width, scale))


def holes(image, side=4, least=64, most=256):
    """A normalised image, C x H x W, with `least` to `most` square holes of the mean colour, `side` pixels each.

    Source: DeVries and Taylor, Cutout (2017), in the form of Yu et al., Addressing the Elephant in the Room.
    """
    count = int(torch.randint(least, most + 1, ()))
    height, width = image.shape[1:]
    down, right = torch.randint(height - side + 1, (count,)), torch.randint(width - side + 1, (count,))
    steps = torch.arange(side)
    image = image.clone()
    image[:, (down[:, None] + steps)[:, :, None], (right[:, None] + steps)[:, None, :]] = 0
    return image


def test_recipe(height, width):
    """Resize -> uint8 C x height x width; `normalise` follows on the device, a quarter of the bytes to move."""
    return Recipe(v2.Compose(_resized(height, width)), _before_resizing(height, width))


def normalise(images):
    """uint8 B x C x H x W -> float32: three colours of ImageNet mean 0 and deviation 1, an outline from 0 to 1."""
    mean = torch.tensor((*MEAN, 0.0), device=images.device).view(4, 1, 1)
    std = torch.tensor((*STD, 1.0), device=images.device).view(4, 1, 1)
    channels = images.shape[1]
    return (images.float() / 255 - mean[:channels]) / std[:channels]


def _resized(height, width):
    return [_tensor, v2.Resize((height, width), _BICUBIC)]


def _moved(height, width, flip, pad, grey):
    fill = {tv_tensors.Mask: NOWHERE, "others": grey}
    return [v2.RandomHorizontalFlip(flip), v2.RandomCrop((height, width), padding=pad, fill=fill)]


def _finished(erasing=None, extra=()):
    steps = [*extra, v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    return steps if erasing is None else [*steps, v2.RandomErasing(erasing, scale=(0.02, 0.4), value=MEAN)]


def _before_resizing(height, width):
    """Twice the size asked for: decoded at less, pictures give visibly other features (docs/measurements.md)."""
    return 2 * height, 2 * width


def _before_cropping(height, width, scale):
    """The size of a picture whose smallest random crop, of a proportion of 3 : 4, still has the pixels asked for."""
    side = math.ceil(max(height, width) / math.sqrt(0.75 * max(min(scale), 0.01)))
    return side, side


def _tensor(image):
    # A copy: decoded pixels may be read-only, which torch refuses to share.
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)
