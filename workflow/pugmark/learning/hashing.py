"""Numbers that depend on a text alone: the same on every machine, in every order."""

import hashlib

import numpy as np


def gaussian(text, size):
    """float64 vector of `size` standard normal numbers, drawn from the SHA-256 of `text`."""
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest)).standard_normal(size)
