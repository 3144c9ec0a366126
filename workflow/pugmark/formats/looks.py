"""How a picture looks, in 64 bits that survive when it is saved anew: smaller, or compressed otherwise.

The difference hash: the upright picture as 8 rows of 9 grey cells, and a bit for every two neighbours of a row, set
where the right one is the brighter. Measured on 3,621 crops of cows and 740 of lions: 3 pairs of 6.8 million come
within `NEAR` bits. Of copies saved anew, 98 % do at full size and JPEG quality 50, and 91 % at half the size.
"""

import numpy as np
from PIL import Image

NEAR = 4  # bits
SIDE = 8
LEAST = 128  # pixels of the side of a picture that this is measured on
_TURNS = dict(
    enumerate(
        (
            Image.Transpose.FLIP_LEFT_RIGHT,
            Image.Transpose.ROTATE_180,
            Image.Transpose.FLIP_TOP_BOTTOM,
            Image.Transpose.TRANSPOSE,
            Image.Transpose.ROTATE_270,
            Image.Transpose.TRANSVERSE,
            Image.Transpose.ROTATE_90,
        ),
        start=2,
    )
)
_FLAT = 8  # grey levels between the darkest and the brightest cell, below which noise decides the bits
_BAND = 13  # bits; 5 bands cover 64, and of two looks that differ in 4 bits one band is the same


def look(image, orientation=1):
    """16 hexadecimal digits of a PIL image that EXIF's `orientation` turns upright; None of one that shows nothing, all
    cells nearly of one grey."""
    small = image.convert("L").resize((4 * SIDE, 4 * SIDE), Image.Resampling.BOX)
    if orientation in _TURNS:
        small = small.transpose(_TURNS[orientation])
    grey = np.asarray(small.resize((SIDE + 1, SIDE), Image.Resampling.BOX), np.int16)
    if np.ptp(grey) < _FLAT:
        return None
    return np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes().hex()


def bits(looks):
    """`looks` (texts) as uint64."""
    return np.array([int(look, 16) for look in looks], np.uint64)


def near(values, asked):
    """Yield arrays (i, j) of rows of `values` (uint64, N) within NEAR bits of each other, i those of bool N `asked`."""
    for band in range(NEAR + 1):
        keys = (values >> np.uint64(_BAND * band)) & np.uint64(2**_BAND - 1)
        order = np.argsort(keys, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            asking = group[asked[group]]
            # A slice at a time: a still camera's pictures may all be in one group.
            for part in np.array_split(asking, len(asking) * len(group) // 10**7 + 1):
                i, j = np.nonzero(np.bitwise_count(values[part][:, None] ^ values[group]) <= NEAR)
                yield part[i], group[j]
