"""Random numbers that depend only on a text: the same on every machine and in any order."""

import hashlib

import numpy as np
import pandas as pd

from pugmark.learning.norm import unit


def gaussian(text, size):
    """float64 vector of `size` standard normal numbers, drawn from the SHA-256 of `text`."""
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest)).standard_normal(size)


def directions(texts, size):
    """float32 N x size: a fixed unit vector for each text. None gets the constant vector."""
    codes, found = pd.factorize(np.asarray(texts, object))
    return unit([*(gaussian(text, size) for text in found), np.zeros(size)])[codes]
