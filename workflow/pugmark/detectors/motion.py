"""What differs from the usual view of its camera, without any weights: background subtraction per station and light.

A median background and its spread (median absolute deviation, Rousseeuw and Croux 1993) are estimated from a random
sample of the frames of one station taken in colour, and again in infra-red. It serves steady cameras in even light, and
infra-red at night; sunlight that wanders over a forest floor gives false boxes. Animals that overlap are one box. It
cannot tell a person from an animal: every box is called `animal`, so people are not kept out.
"""

import logging
import random
from collections import defaultdict

import cv2
import numpy as np

from pugmark.formats import pixels

LOG = logging.getLogger(__name__)
DEFAULTS = {
    "width": 320,  # pixels to which frames are reduced: less is faster and blind to small animals
    "sample": 40,  # frames of one station and light that the background is estimated from; bounds the memory
    "floor": 10.0,  # grey levels: the least spread, so that noise in a perfectly steady view is no animal
    "threshold": 3.5,  # an animal is this many spreads off the background somewhere (a tenth of min_area) ...
    "edge": 1.5,  # ... and reaches as far as it is this many off
    "gap": 0.03,  # parts closer than this share of the width are one animal
    "min_area": 0.005,  # share of the image that an animal covers at least ...
    "max_area": 0.6,  # ... and its box at most: where more differs, the light has changed
    "fill": 0.15,  # share of the box that it covers at least: patches of sunlight cover less
    "seed": 1,  # of the sample
}
ALLOWED = {
    "width": ">= 16",
    "sample": ">= 3",
    "floor": "> 0",
    "threshold": "> 0",
    "edge": "> 0",
    "gap": ">= 0, <= 1",
    "min_area": ">= 0, <= 1",
    "max_area": "> 0, <= 1",
    "fill": ">= 0, <= 1",
    "seed": ">= 0",
}
_LEAST_FRAMES = 3
_COLOURLESS = 4


def detect(media, batch, settings, weights, counts):
    """Yield a row per moving thing on the media's images and frames; both passes hold one full frame at a time."""
    backgrounds = {}
    for group, views in _samples(media, batch, settings).items():
        if len(views) >= _LEAST_FRAMES:
            backgrounds[group] = background(np.stack(views), settings["floor"])
            continue
        counts["media in groups too small for a background"] += len(views)
        LOG.warning("%s: %d frames are too few for a background, nothing is found there.", group, len(views))
    for row, image in pixels.frames(media, batch):
        group = _group(row, image)
        if group in backgrounds:
            for box in moving(reduced(image, settings["width"]), *backgrounds[group], settings):
                yield {"media_id": row.media_id, "label": "animal", "source_label": None, **box}


def _samples(media, batch, settings):
    """{group: at most `sample` reduced frames}, every frame of a group as likely as any other (reservoir sampling)."""
    chance, seen, samples = random.Random(settings["seed"]), defaultdict(int), defaultdict(list)
    for row, image in pixels.frames(media, batch):
        group = _group(row, image)
        views, seen[group] = samples[group], seen[group] + 1
        place = len(views) if len(views) < settings["sample"] else chance.randrange(seen[group])
        if place < settings["sample"]:
            view = reduced(image, settings["width"])
            size = (views[0] if views else view).shape
            views[place : place + 1] = [cv2.resize(view, size[1::-1])]
    return samples


def _group(row, image):
    colour = np.ptp(image[::8, ::8].astype(np.int16), axis=2).mean() >= _COLOURLESS
    return (row.station or "", "colour" if colour else "infra-red")


def reduced(image, width):
    """`image` at `width` pixels, each the mean of what it covers."""
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def background(views, floor):
    """The median of `views` (N x H x W x 3), each in the light of all, and the spread, at least `floor` (float32)."""
    middle = np.median(views, axis=0).astype(np.float32)
    lit = np.stack([to_light_of(middle, view) for view in views])
    middle = np.median(lit, axis=0).astype(np.float32)
    return middle, np.maximum(1.4826 * np.median(np.abs(lit - middle), axis=0), floor)


def to_light_of(middle, view):
    """`view` (H x W x 3) with the gain and offset per channel that bring its light to that of `middle` (float32)."""
    view = view.astype(np.float32)
    lines = [_resistant_line(view[::4, ::4, c].ravel(), middle[::4, ::4, c].ravel()) for c in range(view.shape[2])]
    gain, offset = np.float32(lines).T
    return view * gain + offset


def _resistant_line(x, y):
    """Slope and intercept through the medians of the lower and upper third of `x` (Tukey 1977, the resistant line).

    Least squares would bend the line towards the animal.
    """
    low, high = np.quantile(x, [1 / 3, 2 / 3])
    lower, upper = x <= low, x >= high
    run = np.median(x[upper]) - np.median(x[lower])
    slope = (np.median(y[upper]) - np.median(y[lower])) / run if run else 1.0
    return slope, np.median(y - slope * x)


def moving(view, middle, spread, settings):
    """Boxes (dicts of x, y, w, h as fractions and confidence) of what in `view` (H x W x 3) stands off the background.

    Confidence is 1 - edge / deviation, the mean over the foreground in the box: 0.5 at twice the edge.
    """
    height, width = middle.shape[:2]
    view = cv2.resize(view, (width, height), interpolation=cv2.INTER_AREA)
    deviation = cv2.GaussianBlur((np.abs(to_light_of(middle, view) - middle) / spread).max(axis=2), (0, 0), 1.0)
    for rows, columns in _parts(deviation > settings["edge"], settings["gap"]):
        left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        found, box = deviation[rows, columns], (right - left) * (bottom - top)
        area, core = len(found) / deviation.size, (found > settings["threshold"]).sum() / deviation.size
        compact = len(found) >= settings["fill"] * box and box <= settings["max_area"] * deviation.size
        if compact and area >= settings["min_area"] and core >= settings["min_area"] / 10:
            yield {
                "confidence": float(1 - settings["edge"] / found.mean()),
                **{"x": left / width, "y": top / height, "w": (right - left) / width, "h": (bottom - top) / height},
            }


def _parts(mask, gap):
    """(rows, columns) of the pixels of each connected part of `mask`, specks left out and gaps bridged."""
    mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _disc(1))
    _, parts = cv2.connectedComponents(cv2.dilate(mask, _disc(max(1, round(gap * mask.shape[1] / 2)))))
    parts *= mask
    return [np.nonzero(parts == number) for number in range(1, parts.max() + 1)]


def _disc(radius):
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
