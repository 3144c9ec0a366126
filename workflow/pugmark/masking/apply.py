"""A crop's pixels with its mask applied on load: in the JPEG itself, ringing would blur the mask's edge."""

import io

import numpy as np
from PIL import Image

from pugmark.masking import rle

WHITE = 255


def masked(pixels, mask, fill=WHITE):
    """A copy of uint8 `pixels`, H x W x 3, with `fill` (a grey level or an RGB triple) outside the bool mask, H x W."""
    return np.where(mask[..., None], pixels, np.asarray(fill, np.uint8))


def load_crop(image_bytes, mask_rle, fill, size=None):
    """uint8 RGB array, H x W x 3, of a row of the crops table.

    mask_rle: the `mask` column, None where the crop is unmasked. fill: the grey level (0 to 255) outside the mask, 255
    for masked crops; None leaves the background in place. size: as for `decoded`.
    """
    pixels, mask = decoded(image_bytes, None if fill is None else mask_rle, size)
    return pixels if mask is None else masked(pixels, mask, fill)


def decoded(image_bytes, mask_rle, size=None):
    """The pixels of a crop, uint8 H x W x 3, and its mask, bool H x W, None where it has none.

    size: the least (height, width) that is needed, None for all there is. A JPEG is decoded at a half, a quarter or an
    eighth where that is no less, for a fraction of the time; the mask then has the pixel in the middle of each block.
    """
    picture = Image.open(io.BytesIO(image_bytes))
    width, height = picture.size
    if size is not None:
        picture.draft(None, size[::-1])
    pixels = np.asarray(picture.convert("RGB"))
    if mask_rle is None:
        return pixels, None
    mask = rle.decode(mask_rle, height, width)
    if mask.shape != pixels.shape[:2]:
        down, right = (_middles(whole, part) for whole, part in zip(mask.shape, pixels.shape, strict=False))
        mask = mask[np.ix_(down, right)]
    return pixels, mask


def _middles(whole, part):
    """Of `whole` pixels in `part` blocks of equal length, those in the middle."""
    return ((np.arange(part) + 0.5) * whole / part).astype(int)
