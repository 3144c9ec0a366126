"""A crop's pixels with its mask applied on load: in the JPEG itself, ringing would blur the mask's edge."""

import io

import numpy as np
from PIL import Image

from pugmark.masking import rle

WHITE = 255


def masked(pixels, mask, fill=WHITE):
    """A copy of uint8 `pixels`, H x W x 3, with `fill` (a grey level or an RGB triple) outside the bool mask, H x W."""
    return np.where(mask[..., None], pixels, np.asarray(fill, np.uint8))


def load_crop(image_bytes, mask_rle, fill):
    """uint8 RGB array, H x W x 3, of a row of the crops table.

    mask_rle: the `mask` column, None where the crop is unmasked. fill: the grey level (0 to 255) outside the mask, 255
    for masked crops; None leaves the background in place.
    """
    pixels = np.asarray(Image.open(io.BytesIO(image_bytes)).convert("RGB"))
    if fill is None or mask_rle is None:
        return pixels
    return masked(pixels, rle.decode(mask_rle, *pixels.shape[:2]), fill)
