"""Boxes of named animals: the published table without a header, units, and overlap."""

import re
from pathlib import PurePosixPath

import numpy as np

from pugmark.formats import folder, kinds, text

# name,x,y,w,h,scene00001.jpg,W,H as in the animal re-identification videos of Kuncheva et al. (2022).
_SCENE = re.compile(r"scene(\d+)\.\w+")
_LONGEST = 4096


def is_scenes(file):
    """Whether the file at `file` begins like the published table `name,x,y,w,h,scene,W,H`."""
    try:
        with open(file, "rb") as lines:
            first = lines.readline(_LONGEST).decode("utf-8-sig", "replace")
        _, cells = next(text.records(first), (1, []))
    except (OSError, text.CsvError):
        return False
    return len(cells) == 8 and bool(_SCENE.fullmatch(cells[5].strip()))


def scenes(file, video):
    """Rows of the published table: pixel boxes on the frames of `video`; scene00001 is its first frame, number 0.

    Returns (rows, problems): dicts with path, frame_number, individual, x, y, w, h (fractions) and line; and sentences.
    Raises BatchError, CsvError.
    """
    rows, problems = [], []
    for line, cells in text.records(text.decoded(folder.content(file))):
        try:
            rows.append(_scene(cells, video) | {"line": line})
        except (ValueError, IndexError, TypeError, ZeroDivisionError):
            problems.append(f"line {line}: {','.join(cells)!r} is not name,x,y,w,h,sceneNNNNN.jpg,W,H")
    return rows, problems


def _scene(cells, video):
    x, y, w, h = map(float, cells[1:5])
    width, height = float(cells[6]), float(cells[7])
    number = int(_SCENE.fullmatch(cells[5].strip())[1]) - 1
    if number < 0:
        raise ValueError("scenes are counted from 1")
    box = dict(zip("xywh", as_fractions((x, y, w, h), width, height), strict=True))
    return {"path": video, "frame_number": number, "individual": text.word(cells[0]), **box}


def as_fractions(box, width, height):
    """A box x, y, w, h in pixels of an upright media of `width` x `height` as fractions of it."""
    x, y, w, h = box
    return x / width, y / height, w / width, h / height


def outside(box, tolerance=0.005):
    """Whether a box of fractions is empty or leaves the image by more than `tolerance`, which allows for rounding."""
    x, y, w, h = box
    inside = x >= -tolerance and y >= -tolerance and x + w <= 1 + tolerance and y + h <= 1 + tolerance
    return not (inside and w > 0 and h > 0)


def clipped(box):
    """A box of fractions cut at the edges of the image."""
    x, y, w, h = box
    left, top = max(x, 0.0), max(y, 0.0)
    return left, top, min(w + min(x, 0.0), 1 - left), min(h + min(y, 0.0), 1 - top)


def iou(a, b):
    """Intersection over union of boxes x, y, w, h: `a` is N x 4, `b` M x 4; returns N x M."""
    a, b = np.asarray(a, float).reshape(-1, 1, 4), np.asarray(b, float).reshape(1, -1, 4)
    ends = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    sides = np.clip(ends - np.maximum(a[..., :2], b[..., :2]), 0, None)
    common = sides.prod(-1)
    return common / (a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - common)


def video_beside(file, media):
    """The one video of `media` (paths) in the folder of the relative path `file`, or None where not exactly one."""
    folder = PurePosixPath(file).parent
    found = [path for path in media if PurePosixPath(path).parent == folder and kinds.is_video(path)]
    return found[0] if len(found) == 1 else None
