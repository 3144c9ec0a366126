"""Jaccard distance between k-reciprocal neighbourhoods, sparse throughout.

Zhong et al., "Re-ranking person re-identification with k-reciprocal encoding" (CVPR 2017), equations 2 to 10, as the
pseudo-label methods use it: neighbourhoods include the vector itself, weights are a softmax, and no original distance
is mixed in. All pairs that share no neighbour are at distance 1 exactly and are never stored.
"""

import numpy as np
from scipy import sparse

from pugmark.clustering.neighbours import as_array, nearest

PAIRS = 256
"""Pairs of vectors multiplied at a time: few enough to stay in the processor's cache."""
CELLS = 2**22
"""Pairs that a block of rows may bound at a time: at most 48 MB, and far less where most pairs share nobody."""
CHECKED = 2**14
"""Pairs whose distance is computed at a time."""
SLACK = 1e-5
"""More than the rounding of the bound's float32 sums."""


def distances(features, k1=30, k2=6, max_distance=1.0):
    """Jaccard distances of at most `max_distance`, as a symmetric float32 CSR matrix, N x N, with a zero diagonal.

    features: float32 N x D of unit norm, an array or a tensor. k1: size of the neighbourhoods, itself included, about
    as many images as an individual has. k2: neighbours over which the weights are averaged.
    Absent entries are farther than `max_distance`; entries that are zero are stored. Indices are sorted.
    """
    return _close_pairs(encode(features, k1, k2), max_distance)


def encode(features, k1, k2):
    """The weights V of each vector's expanded k-reciprocal set: float32 CSR, N x N, rows summing to 1."""
    if not len(features):
        return sparse.csr_matrix((0, 0), dtype=np.float32)
    lists, _ = nearest(features, k1)
    weights = _softmax(as_array(features), expanded(lists, k1))
    closest = _graph(lists[:, :k2])
    averaged = (closest @ weights).tocsr() / np.float32(min(k2, lists.shape[1]))
    averaged.sort_indices()
    return averaged.astype(np.float32)


def expanded(lists, k1):
    """Each vector's k-reciprocal set, with the half-sized sets of its members that overlap it by more than 2/3.

    lists: neighbours, N x k1, itself included. Returns a CSR matrix whose stored entries are the members.
    """
    full, half = _reciprocal(lists), _reciprocal(lists[:, : round(k1 / 2)])
    overlap = (full @ half.T).multiply(full).tocsr()  # |R(j, k1/2) and R(i, k1)| for each j in R(i, k1)
    sizes = np.diff(half.indptr)
    overlap.data = (3 * overlap.data > 2 * sizes[overlap.indices]).astype(np.float32)
    overlap.eliminate_zeros()
    return (full + overlap @ half).tocsr()


def _graph(lists):
    number, k = lists.shape
    return sparse.csr_matrix((np.ones(lists.size, np.float32), lists.ravel(), np.arange(number + 1) * k), (number,) * 2)


def _reciprocal(lists):
    graph = _graph(lists)
    return graph.multiply(graph.T).tocsr()


def _softmax(vectors, members):
    members.sort_indices()
    rows = np.repeat(np.arange(members.shape[0]), np.diff(members.indptr))
    scores = np.exp(2 * _products(vectors, rows, members.indices) - 2)
    totals = np.add.reduceat(scores, members.indptr[:-1])  # no row is empty: each holds itself
    return sparse.csr_matrix((scores / totals[rows], members.indices, members.indptr), members.shape)


def _products(vectors, left, right):
    starts = range(0, len(left), PAIRS)
    blocks = ((vectors[left[start : start + PAIRS]], vectors[right[start : start + PAIRS]]) for start in starts)
    return np.concatenate([np.einsum("nd,nd->n", one, other) for one, other in blocks])


def _close_pairs(weights, max_distance):
    """1 - m / (2 - m), where m_ij is the sum over l of min(V_il, V_jl), for all pairs at most `max_distance` apart.

    min(a, b) <= sqrt(ab), so a sparse product of square roots bounds every m from above and leaves few pairs whose
    minima have to be summed.
    """
    number, least = weights.shape[0], 2 * (1 - max_distance) / (2 - max_distance) - SLACK
    roots, found = weights.sqrt(), [(np.zeros(0, np.int32),) * 2 + (np.zeros(0, np.float32),)]
    step = max(1, CELLS // max(1, number))
    for start in range(0, number, step):
        bounds = (roots[start : start + step] @ roots[start:].T).tocoo()
        kept = (bounds.data >= least) & (bounds.col >= bounds.row)  # each pair once: the distance is symmetric
        rows, columns = bounds.row[kept] + start, bounds.col[kept] + start
        away = of_pairs(weights, rows, columns)
        near = away <= max_distance
        found.append((rows[near], columns[near], away[near]))
    return _symmetric(number, *(np.concatenate(parts) for parts in zip(*found, strict=True)))


def of_pairs(weights, rows, columns):
    """The distance of each pair of rows of the `weights` that `encode` gives, float32.

    A row shares all of its weight with itself, rounding aside.
    """
    parts = [np.zeros(0)]
    for start in range(0, len(rows), CHECKED):
        pairs = slice(start, start + CHECKED)
        parts.append(weights[rows[pairs]].minimum(weights[columns[pairs]]).sum(1, dtype=np.float64).A1)
    shared = np.concatenate(parts)
    return np.where(rows == columns, 0, np.maximum(1 - shared / (2 - shared), 0)).astype(np.float32)


def _symmetric(number, rows, columns, values):
    """A CSR matrix of pairs that are given once; zeros stay stored."""
    other = rows != columns
    rows, columns = np.concatenate([rows, columns[other]]), np.concatenate([columns, rows[other]])
    values = np.concatenate([values, values[other]])
    found = sparse.coo_matrix((values, (rows, columns)), (number, number)).tocsr()
    found.sort_indices()
    return found
