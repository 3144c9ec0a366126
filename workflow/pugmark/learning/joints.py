"""Parts of animals, cut out along the key points of their joints.

Joints stand in a table of the user's with a row for each that is seen: `crop_id`, `joint` (of NAMES), `x` and `y` as
shares of the width and height of the crop.
"""

import cv2
import numpy as np
import pandas as pd

TRUNK = ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")
"""Its two ends: the middle of what is seen of each."""
LIMBS = (
    ("left_shoulder", "left_front_paw"),
    ("right_shoulder", "right_front_paw"),
    ("left_hip", "left_knee"),
    ("right_hip", "right_knee"),
    ("left_knee", "left_back_paw"),
    ("right_knee", "right_back_paw"),
)
"""Upper and lower end, in an order that never changes: left and right are different parts."""
NAMES = sorted({name for limb in LIMBS for name in limb})


class JointsError(ValueError):
    """A table of joints that cannot be used; the message says what to mend."""


def read(path):
    """{crop_id: {joint: (x, y)}} of the table at `path`, CSV or Parquet. Raises JointsError."""
    try:
        table = pd.read_parquet(path) if str(path).endswith(".parquet") else pd.read_csv(path, dtype={"crop_id": str})
        table = table[["crop_id", "joint", "x", "y"]].astype({"x": float, "y": float})
    except (OSError, ValueError, KeyError) as error:
        raise JointsError(f"{path} is no table with the columns crop_id, joint, x and y ({error}).") from error
    unknown = sorted({*table["joint"]} - {*NAMES})
    if unknown:
        raise JointsError(f"{path}: unknown joint {unknown[0]!r}: known are {', '.join(NAMES)}.")
    outside = table[~table[["x", "y"]].apply(lambda column: column.between(0, 1)).all(axis=1)]
    if len(outside):
        raise JointsError(
            f"{path}: {outside.iloc[0]['joint']} of crop {outside.iloc[0]['crop_id']} lies outside the crop: x and y "
            "are shares of its width and height."
        )
    found = {}
    for row in table.itertuples():
        found.setdefault(row.crop_id, {})[row.joint] = row.x, row.y
    return found


def trunk(image, joints):
    """The trunk, hips left, shoulders right: uint8 64 x 128 x 3 of a crop H x W x 3; black where an end is unseen."""
    front, back = (_middle([joints[name] for name in end if name in joints]) for end in TRUNK)
    return _along(image, back, front, (16, 32), (112, 32), (128, 64))


def limbs(image, joints):
    """The LIMBS, upper ends up: uint8 6 x 64 x 64 x 3; black where an end is unseen."""
    ends = ([joints.get(name) for name in limb] for limb in LIMBS)
    return np.stack([_along(image, *pair, (32, 8), (32, 56), (64, 64)) for pair in ends])


def _middle(places):
    return tuple(np.mean(places, 0)) if places else None


def _along(image, start, end, to_start, to_end, size):
    """`image` turned, scaled and moved so that `start` and `end` come to lie at the pixels `to_start` and `to_end`."""
    black = np.zeros((size[1], size[0], 3), np.uint8)
    if start is None or end is None:
        return black
    high, wide = image.shape[:2]
    here, there = (complex(x * wide, y * high) for x, y in (start, end))
    if abs(there - here) < 1:
        return black
    turn = (complex(*to_end) - complex(*to_start)) / (there - here)
    shift = complex(*to_start) - turn * here
    matrix = np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
    return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR)
