"""Nearest neighbours by cosine similarity, exact, in tiles of the similarity matrix."""

import numpy as np

TILE = 2**11
"""Vectors on a side of a tile: 16 MB of float32, however many vectors there are."""


def nearest(features, k):
    """The `k` most similar vectors to each, itself first.

    features: float32 N x D of unit norm; an array, or a torch tensor, on whose device the work is then done.
    Returns arrays (indices int64 N x k, similarities float32 N x k), most similar first; k is at most N.
    """
    number = len(features)
    shape = (number, min(k, number))
    indices, similarities = np.zeros(shape, np.int64), np.full(shape, -np.inf, np.float32)
    for first in range(0, number, TILE):
        for second in range(first, number, TILE):
            # The matrix is symmetric: a tile serves its rows and, turned, its columns.
            tile = features[first : first + TILE] @ features[second : second + TILE].T
            if first == second:
                tile[range(len(tile)), range(len(tile))] = np.inf  # a twin must not push out the vector itself
            else:
                _merge(indices, similarities, tile.T, second, first)
            _merge(indices, similarities, tile, first, second)
    order = np.argsort(-similarities, axis=1, kind="stable")
    indices, similarities = (np.take_along_axis(found, order, 1) for found in (indices, similarities))
    similarities[:, 0] = as_array((features * features).sum(1))
    return indices, similarities


def as_array(features):
    """An array or a tensor as an array. torch is not imported here: half of the memory of a small job would be its."""
    return features if isinstance(features, np.ndarray) else features.cpu().numpy()


def _merge(indices, similarities, tile, row, column):
    """Keep the best of what was found so far and of a tile that starts at `row` and `column`."""
    kept, rows = indices.shape[1], slice(row, row + len(tile))
    values, found = _largest(tile, min(kept, tile.shape[1]))
    values = np.concatenate([similarities[rows], values], 1)
    found = np.concatenate([indices[rows], found + column], 1)
    similarities[rows], chosen = _largest(values, kept)
    indices[rows] = np.take_along_axis(found, chosen, 1)


def _largest(block, k):
    """The k largest values of each row and their columns, in no order."""
    if not isinstance(block, np.ndarray):
        return [as_array(part) for part in block.topk(k, sorted=False)]
    found = np.argpartition(np.ascontiguousarray(block), -k, axis=1)[:, -k:]
    return np.take_along_axis(block, found, 1), found
