"""Control: the true identity as a feature. It must score exactly 1.0 under every protocol, or the protocol is wrong.

Each individual gets a fixed random unit vector from a hash of its name. A crop without a name gets its own vector.
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
