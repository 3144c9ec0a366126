"""Apply masks when crops are loaded. If the JPEG held the masked crop, ringing would blur the mask's edge."""

import io

import numpy as np
from PIL import Image

from pugmark.masking import rle

WHITE = 255


def masked(pixels, mask, fill=WHITE):
    """A copy of uint8 `pixels`, H x W x 3, with `fill` (a grey level or an RGB triple) outside the bool mask, H x W."""
    return np.where(mask[..., None], pixels, np.asarray(fill, np.uint8))


def load_crop(image_bytes, mask_rle, fill, size=None, shown="animal"):
    """The pixels of a row of the crops table: uint8 RGB, H x W x 3.

    mask_rle: the `mask` column, None if the crop is unmasked. fill: the grey level (0 to 255) outside the mask, 255 for
    masked crops; None keeps the background. size: as in `decoded`. shown: with `background` the animal is filled
    instead, and so is all of an unmasked crop.
    """
    pixels, mask = decoded(image_bytes, None if fill is None else mask_rle, size)
    return filled(pixels, mask, fill, shown)


def filled(pixels, mask, fill, shown="animal"):
    """`pixels`, uint8 H x W x 3, as in `load_crop`. mask: bool H x W, None for an unmasked crop."""
    if fill is None or (mask is None and shown == "animal"):
        return pixels
    if shown == "background":
        mask = np.zeros(pixels.shape[:2], bool) if mask is None else ~mask
    return masked(pixels, mask, fill)


def decoded(image_bytes, mask_rle, size=None):
    """The pixels of a crop, uint8 H x W x 3, and its mask, bool H x W, or None.

    size: the smallest (height, width) needed, None for full size. A JPEG is decoded at a half, a quarter or an eighth
    if that is still large enough, which takes a fraction of the time. The mask is then sampled at the middle of each
    block.
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
    """Indices of the middle pixels when `whole` pixels are cut into `part` blocks of equal length."""
    return ((np.arange(part) + 0.5) * whole / part).astype(int)
