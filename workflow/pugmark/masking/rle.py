"""Binary masks as COCO compressed run-length counts (pycocotools), and windows of them."""

import numpy as np
from pycocotools import mask as coco


def encode(mask):
    """COCO compressed counts (str) of a bool array, H x W. The string does not include the size: store that too."""
    return coco.encode(np.asfortranarray(mask, np.uint8))["counts"].decode("ascii")


def decode(counts, height, width):
    """The bool array, height x width, of COCO compressed counts (str)."""
    return coco.decode({"size": [height, width], "counts": counts.encode("ascii")}).astype(bool)


def crop(counts, height, width, box):
    """Counts of the window `box` (left, top, right, bottom in pixels) of a height x width mask."""
    left, top, right, bottom = box
    return encode(decode(counts, height, width)[top:bottom, left:right])


def paste(mask, box, height, width):
    """A height x width bool array: `mask` inside `box` (left, top, right, bottom), False outside."""
    left, top, right, bottom = box
    whole = np.zeros((height, width), bool)
    whole[top:bottom, left:right] = mask
    return whole
