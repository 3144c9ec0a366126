"""Background subtraction per station and light. It needs no weights.

For each station, a median background and its spread (median absolute deviation, Rousseeuw and Croux 1993) are estimated
from a random sample of colour frames, and again from infra-red frames. It suits fixed cameras in even light and
infra-red pictures at night. Sunlight that moves over a forest floor gives false boxes. Animals that overlap share one
box. It cannot distinguish people from animals: every box is labelled `animal`, so people are not kept out.
"""

import logging
import random
from collections import defaultdict

import cv2
import numpy as np

from pugmark.formats import pixels

LOG = logging.getLogger(__name__)
DEFAULTS = {
    "width": 320,  # pixels to which frames are reduced: less is faster but misses small animals
    "sample": 40,  # frames per station and light from which the background is estimated; bounds the memory
    "floor": 10.0,  # minimum spread in grey levels: noise in a perfectly steady view is not an animal
    "threshold": 3.5,  # an animal differs from the background by this many spreads on at least a tenth of min_area
    "edge": 1.5,  # its outline is where the difference falls below this many spreads
    "gap": 0.03,  # parts closer than this share of the width are one animal
    "min_area": 0.005,  # minimum share of the image that an animal covers
    "max_area": 0.6,  # maximum share of the image that its box covers: above it, the light has changed
    "fill": 0.15,  # minimum share of its box that an animal covers: patches of sunlight cover less
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
    """Yield a row for each moving thing in the images and frames. Each of the two passes holds one full frame."""
    backgrounds = {}
    for group, views in _samples(media, batch, settings).items():
        if len(views) >= _LEAST_FRAMES:
            backgrounds[group] = background(np.stack(views), settings["floor"])
            continue
        counts["media in groups too small for a background"] += len(views)
        LOG.warning("%s: %d frames are too few to estimate a background: nothing is detected.", group, len(views))
    for row, image in pixels.frames(media, batch):
        group = _group(row, image)
        if group in backgrounds:
            for box in moving(reduced(image, settings["width"]), *backgrounds[group], settings):
                yield {"media_id": row.media_id, "label": "animal", "source_label": None, **box}


def _samples(media, batch, settings):
    """{group: at most `sample` reduced frames}. Every frame of a group is equally likely (reservoir sampling)."""
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
    """`image` reduced to `width` pixels by averaging over areas."""
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def background(views, floor):
    """The median of `views` (N x H x W x 3) in a common light, and the spread, at least `floor` (both float32)."""
    middle = np.median(views, axis=0).astype(np.float32)
    lit = np.stack([to_light_of(middle, view) for view in views])
    middle = np.median(lit, axis=0).astype(np.float32)
    return middle, np.maximum(1.4826 * np.median(np.abs(lit - middle), axis=0), floor)


def to_light_of(middle, view):
    """Match the light of `view` (H x W x 3) to that of `middle` by a gain and an offset per channel (float32)."""
    view = view.astype(np.float32)
    lines = [_resistant_line(view[::4, ::4, c].ravel(), middle[::4, ::4, c].ravel()) for c in range(view.shape[2])]
    gain, offset = np.float32(lines).T
    return view * gain + offset


def _resistant_line(x, y):
    """Slope and intercept of Tukey's resistant line (1977), through the medians of the lower and upper third of `x`.

    A least-squares line would be pulled towards the animal.
    """
    low, high = np.quantile(x, [1 / 3, 2 / 3])
    lower, upper = x <= low, x >= high
    run = np.median(x[upper]) - np.median(x[lower])
    slope = (np.median(y[upper]) - np.median(y[lower])) / run if run else 1.0
    return slope, np.median(y - slope * x)


def moving(view, middle, spread, settings):
    """Yield a box (dict of x, y, w, h as fractions, and confidence) of each thing in `view` that differs from `middle`.

    view: H x W x 3. Confidence is 1 - edge / mean deviation of the foreground in the box: 0.5 at twice the edge.
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
    """(rows, columns) of the pixels of each connected part of `mask`, without specks and with gaps bridged."""
    mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _disc(1))
    _, parts = cv2.connectedComponents(cv2.dilate(mask, _disc(max(1, round(gap * mask.shape[1] / 2)))))
    parts *= mask
    return [np.nonzero(parts == number) for number in range(1, parts.max() + 1)]


def _disc(radius):
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
