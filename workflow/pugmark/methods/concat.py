"""Several embedders side by side: the vectors of frozen methods, laid one behind the other at equal weight.

`of` names the methods, whose features are computed once. Embedders that learned from different animals err differently,
so that the cosine of the long vector, which is the mean of their cosines, is often better than each.
"""

import numpy as np

from pugmark.learning.norm import unit

TITLE = "Several embedders, side by side"
SOURCE = "Common practice"
FAMILY = "frozen"
LABELS = "none"
JOINS = True
PARAMS = {}
ALLOWED = {}
PUBLISHED = []


def fit(crops, params, run):
    """Nothing to learn."""
    return {}


def embed(crops, params, state):
    """float32 N x sum of D."""
    return unit(np.concatenate(crops.beside, axis=1))
