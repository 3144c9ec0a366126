"""Eight bits of pictures that hold more: of 10 to 16 bits a pixel, of integers or floating-point numbers, thermal ones.

The range that becomes 0 to 255 is the one that a TIFF states. Where it states none, it is the least of 8, 10, 12, 14
and 16 bits (for fractions, of 0 to 1) that holds all values; and the values' own range where they leave out the lower
half of it, as temperatures do, or fall below 0.
"""

import cv2
import numpy as np

_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_BITS = 258
_LOWEST, _HIGHEST = (340, 280), (341, 281)  # SMinSampleValue, MinSampleValue; SMaxSampleValue, MaxSampleValue
_RANGES = (1.0, *(2.0**bits - 1 for bits in (8, 10, 12, 14, 16, 24, 32)))


def eight_bit(values, image):
    """`values` (numbers, H x W or H x W x C) of a PIL `image` as uint8. What is no number is black."""
    values, tags = np.asarray(values), getattr(image, "tag_v2", {})
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(values.shape, np.uint8)
    low, high = _stated(tags, known) or _guessed(known)
    # Levels of equal width: of 16 bits this is the high byte.
    scaled = np.nan_to_num((values.astype(np.float64) - low) / (high - low) * 255.999, nan=0, posinf=255, neginf=0)
    grey = scaled.clip(0, 255).astype(np.uint8)
    return 255 - grey if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else grey


def colour(path):
    """uint16 RGB, H x W x 3, of a file of 16 bits a channel, of which Pillow reads the high byte alone; None where
    OpenCV cannot read it."""
    values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return values[..., ::-1] if values is not None and values.dtype == np.uint16 and values.ndim == 3 else None


def _stated(tags, known):
    low, high = (next((_one(tags[tag]) for tag in pair if tag in tags), None) for pair in (_LOWEST, _HIGHEST))
    bits = _one(tags.get(_BITS, 8))
    if high is None and known.dtype.kind != "f" and 8 < bits < 16:
        high = 2**bits - 1
    low = low or 0
    return (low, high) if high is not None and low <= known.min() and known.max() <= high and low < high else None


def _guessed(known):
    low, high = float(known.min()), float(known.max())
    if low < high and (low < 0 or low > high / 2):
        return low, high
    fractions = known.dtype.kind == "f"
    return 0.0, next((top for top in _RANGES if top >= high and (fractions or top > 1)), max(high, 1.0))


def _one(value):
    return value[0] if isinstance(value, tuple) else value
