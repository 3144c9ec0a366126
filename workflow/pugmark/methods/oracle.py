"""Control: the truth as a feature. Every protocol must give it 1.0 exactly; where it does not, the protocol is wrong.

Each individual is a fixed random unit vector drawn from a hash of its name; a crop that nobody named has its own.
"""

import numpy as np

from pugmark.learning.hashing import directions

TITLE = "Oracle"
SOURCE = "Control: the true identity"
FAMILY = "control"
LABELS = "none"
SEES_TRUTH = True
PARAMS = {
    "size": 128,  # [ours: enough that random directions differ] length of the vectors
}
ALLOWED = {"size": ">= 2"}
PUBLISHED = []


def fit(crops, params, run):
    """Nothing to learn."""
    return {}


def embed(crops, params, state):
    """float32 N x size, the same vector for the same individual."""
    names = crops.meta["individual"]
    sources = np.where(names.notna(), "individual " + names.fillna(""), "crop " + crops.meta["crop_id"])
    return directions(sources, params["size"])
