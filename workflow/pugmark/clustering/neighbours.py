"""Nearest neighbours by cosine similarity, exact, in blocks."""

import numpy as np

BLOCK = 2**23
"""Similarities held at a time: 32 MB of float32, however many vectors there are."""


def nearest(features, k):
    """The `k` most similar vectors to each, itself first.

    features: float32 N x D of unit norm; an array, or a torch tensor, on whose device the work is then done.
    Returns arrays (indices int64 N x k, similarities float32 N x k), most similar first; k is at most N.
    """
    number = len(features)
    indices = np.empty((number, min(k, number)), np.int64)
    similarities = np.empty(indices.shape, np.float32)
    step = max(1, BLOCK // max(1, number))
    for start in range(0, number, step):
        block = features[start : start + step] @ features.T
        diagonal = (np.arange(len(block)), np.arange(start, start + len(block)))
        own = as_array(block[diagonal])
        block[diagonal] = np.inf  # an identical twin must not push the vector itself out of its list
        values, found = _largest(block, indices.shape[1])
        values[:, 0] = own
        similarities[start : start + step], indices[start : start + step] = values, found
    return indices, similarities


def as_array(features):
    """An array or a tensor as an array. torch is not imported here: half of the memory of a small job would be its."""
    return features if isinstance(features, np.ndarray) else features.cpu().numpy()


def _largest(block, k):
    if not isinstance(block, np.ndarray):
        return [as_array(part) for part in block.topk(k)]
    found = np.argpartition(block, -k, axis=1)[:, -k:]
    values = np.take_along_axis(block, found, 1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(values, order, 1), np.take_along_axis(found, order, 1)
