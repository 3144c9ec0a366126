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
CELLS = 2**19
"""Cells of the dense block in which overlaps are summed: 4 MB of float64, and some tenfold of that to be summed."""


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
    number = weights.shape[0]
    columns = weights.tocsc()
    rows = max(1, CELLS // max(1, number))
    starts = range(0, number, rows)
    blocks = [_close_rows(weights, columns, start, min(start + rows, number), max_distance) for start in starts]
    return sparse.vstack(blocks, format="csr") if blocks else sparse.csr_matrix((0, 0), dtype=np.float32)


def _close_rows(weights, columns, start, stop, max_distance):
    """Rows start to stop: 1 - m/(2-m), where m_ij is the sum of min(V_il, V_jl) over the columns l of row i."""
    number, span = weights.shape[0], slice(weights.indptr[start], weights.indptr[stop])
    owners = np.repeat(np.arange(stop - start), np.diff(weights.indptr[start : stop + 1]))
    firsts, lengths = columns.indptr[weights.indices[span]], np.diff(columns.indptr)[weights.indices[span]]
    ends = np.cumsum(lengths)
    places = np.arange(ends[-1]) + np.repeat(firsts - ends + lengths, lengths)
    smaller = np.minimum(np.repeat(weights.data[span], lengths), columns.data[places])
    cells = np.repeat(owners * number, lengths) + columns.indices[places]
    shared = np.bincount(cells, smaller, minlength=(stop - start) * number)
    found = np.flatnonzero(shared)
    away = np.maximum(1 - shared[found] / (2 - shared[found]), 0).astype(np.float32)
    row, column = np.divmod(found, number)
    away[row + start == column] = 0  # rounding aside, a row shares all of its weight with itself
    near = away <= max_distance
    pointers = np.concatenate([[0], np.cumsum(np.bincount(row[near], minlength=stop - start))])
    return sparse.csr_matrix((away[near], column[near], pointers), (stop - start, number))
