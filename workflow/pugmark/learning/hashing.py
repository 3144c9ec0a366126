"""Numbers that depend on a text alone: the same on every machine, in every order."""

import hashlib

import numpy as np
import pandas as pd

from pugmark.learning.norm import unit


def gaussian(text, size):
    """float64 vector of `size` standard normal numbers, drawn from the SHA-256 of `text`."""
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest)).standard_normal(size)


def directions(texts, size):
    """float32 N x size: the unit vector that each text always gets; the constant one for None, which has none."""
    codes, found = pd.factorize(np.asarray(texts, object))
    return unit([*(gaussian(text, size) for text in found), np.zeros(size)])[codes]
