"""Control: the pixels of the shrunk image as a vector, with mean 0 and unit norm.

It recognises scenes and near-duplicate frames. A method that does not beat it has learnt nothing about animals.
"""

import cv2
import numpy as np

from pugmark.learning.norm import unit

TITLE = "Pixels"
SOURCE = "Control: small images"
FAMILY = "control"
LABELS = "none"
PARAMS = {
    "height": 32,  # [ours: a thumbnail] pixels
    "width": 32,  # [ours: a thumbnail] pixels
    "colour": False,  # [ours: night pictures have none] true keeps the three colour channels, false only their grey
}
ALLOWED = {"height": ">= 2", "width": ">= 2"}
PUBLISHED = []


def fit(crops, params, run):
    """Nothing to learn."""
    return {}


def embed(crops, params, state):
    """float32 N x (height * width), or three times as long in colour."""
    return unit([_small(crops.image(i), params) for i in range(len(crops))])


def _small(image, params):
    small = cv2.resize(image, (params["width"], params["height"]), interpolation=cv2.INTER_AREA)
    small = small if params["colour"] else cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    flat = small.astype(np.float32).ravel()
    return flat - flat.mean()
