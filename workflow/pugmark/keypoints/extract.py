"""The key points of a crop: SIFT (Lowe, IJCV 2004) or ORB (Rublee et al., ICCV 2011), as OpenCV has them.

The crop keeps its background while key points are sought, and those outside the mask are dropped afterwards. A filled
background would put key points on the edge of the mask.
"""

import cv2
import numpy as np

from pugmark.masking import apply

WIDTHS = {"sift": 128, "orb": 32}
"""Bytes of a descriptor. SIFT's numbers are whole and fit a byte; ORB's are bits."""
SOUGHT = 4096
"""Key points that ORB looks for: many more than are kept, for most may lie outside the mask."""
CONTRAST = 2.0
"""Clip limit of the stretched contrast."""


def of_crop(jpeg, mask, settings):
    """(places float32 N x 2, descriptors uint8 N x W): x and y as shares of the crop's longer side, and what is there.

    jpeg, mask: columns of the crops table. settings: features, side, most. N is at most `most`, strongest first.
    """
    pixels, inside = apply.decoded(jpeg, mask)
    # Infra-red pictures are flat: contrast is stretched tile by tile (CLAHE), or few key points are found.
    grey = cv2.createCLAHE(CONTRAST, (8, 8)).apply(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    scale = settings["side"] / max(grey.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = tuple(max(1, round(length * scale)) for length in grey.shape[::-1])
    points, descriptors = _detector(settings).detectAndCompute(cv2.resize(grey, size, interpolation=way), None)
    if not points:
        return np.zeros((0, 2), np.float32), np.zeros((0, WIDTHS[settings["features"]]), np.uint8)
    places = np.array([point.pt for point in points], np.float32) / settings["side"]
    kept = np.arange(len(points)) if inside is None else np.flatnonzero(_within(places, inside))
    # A corner with two orientations is two key points of one response: the place decides, then the order found.
    strength = np.array([points[at].response for at in kept])
    kept = kept[np.lexsort((*places[kept].T, -strength))][: settings["most"]]
    return places[kept], descriptors[kept].astype(np.uint8)


def _within(places, inside):
    at = np.clip(places * max(inside.shape), 0, np.array(inside.shape[::-1]) - 1).astype(int)
    return inside[at[:, 1], at[:, 0]]


def _detector(settings):
    return cv2.SIFT_create() if settings["features"] == "sift" else cv2.ORB_create(SOUGHT)
