"""The key points of a crop: SIFT (Lowe, IJCV 2004) or ORB (Rublee et al., ICCV 2011), as OpenCV has them, or learned
ones.

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


def of_crop(jpeg, mask, settings, finder):
    """(places float32 N x 2, descriptors uint8 N x W): x and y as shares of the crop's longer side, and what is there.

    jpeg, mask: columns of the crops table. settings: side, most. finder: as of `finder`. N is at most `most`, strongest
    first.
    """
    pixels, inside = apply.decoded(jpeg, mask)
    image = finder.seen(pixels)
    scale = settings["side"] / max(image.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = tuple(max(1, round(length * scale)) for length in image.shape[1::-1])
    places, descriptors, strength = finder.find(cv2.resize(image, size, interpolation=way))
    places = places / np.float32(settings["side"])
    kept = np.arange(len(places)) if inside is None else np.flatnonzero(_within(places, inside))
    # A corner with two orientations is two key points of one response: the place decides, then the order found.
    kept = kept[np.lexsort((*places[kept].T, -strength[kept]))][: settings["most"]]
    return places[kept], descriptors[kept]


def finder(settings, files=None):
    """What finds the key points that `settings` name. files: {name: Weights} of the network, where these are learned.

    `seen` turns pixels, uint8 H x W x 3, into what is looked at. `find` gives places in pixels (float32 N x 2),
    descriptors (uint8 N x W) and strengths (N).
    """
    if settings["features"] in WIDTHS:
        return Corners(settings["features"])
    from pugmark.keypoints import learned  # loads torch

    return learned.Finder(settings["features"], *files.values())


class Corners:
    """SIFT or ORB."""

    def __init__(self, features):
        self.width = WIDTHS[features]
        self.detector = cv2.SIFT_create() if features == "sift" else cv2.ORB_create(SOUGHT)

    def seen(self, pixels):
        """Grey. Infra-red pictures are flat: contrast is stretched tile by tile (CLAHE), or few points are found."""
        return cv2.createCLAHE(CONTRAST, (8, 8)).apply(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))

    def find(self, grey):
        """As of `finder`."""
        points, descriptors = self.detector.detectAndCompute(grey, None)
        if not points:
            return np.zeros((0, 2), np.float32), np.zeros((0, self.width), np.uint8), np.zeros(0)
        places = np.array([point.pt for point in points], np.float32)
        return places, descriptors.astype(np.uint8), np.array([point.response for point in points])


def _within(places, inside):
    at = np.clip(places * max(inside.shape), 0, np.array(inside.shape[::-1]) - 1).astype(int)
    return inside[at[:, 1], at[:, 0]]
