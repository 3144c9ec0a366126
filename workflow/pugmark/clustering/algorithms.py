"""Clustering of unit vectors: k-means, DBSCAN on the Jaccard distance, average linkage on the cosine distance."""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import DBSCAN, KMeans
from sklearn.neighbors import sort_graph_by_row_values

from pugmark.clustering import jaccard

TIE = 1e-6
"""Similarities that differ by less are equal: this is the error of float32 products of unit vectors."""
ROUNDS = 100
"""Maximum number of rounds of `kmeans_per_frame`: ties may keep it from converging."""
BLOCK = 2**24
"""Number of similarities in memory at a time: 64 MB of float32."""


def kmeans(features, clusters, seed):
    """k-means with 10 starts. Returns int32 labels, 0 to `clusters` - 1; there are never more labels than vectors."""
    if not len(features):
        return np.zeros(0, np.int32)
    model = KMeans(min(clusters, len(features)), n_init=10, random_state=seed)
    return model.fit_predict(features).astype(np.int32)


def kmeans_per_frame(features, clusters, frames, seed):
    """k-means in which no frame holds a cluster twice: an animal is in one place at a time.

    features: float32 N x D of unit norm. frames: N labels, the same for vectors of one frame. Each round assigns the
    vectors of each frame to the means one to one, with the largest sum of cosine similarities, then recomputes the
    means. It stops when no vector moves; neither step can lower the sum. Returns int32 labels, 0 to `clusters` - 1, and
    -1 for a frame's vectors in excess of that number.
    """
    labels = kmeans(features, clusters, seed)
    members = list(pd.Series(frames).groupby(frames, sort=False).indices.values())
    for _ in range(ROUNDS):
        sums = np.zeros((clusters, features.shape[1]), np.float32)
        np.add.at(sums, labels[labels >= 0], features[labels >= 0])
        similarities = features @ (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)).T
        moved = np.full(len(labels), -1, np.int32)
        for rows in members:
            chosen, means = linear_sum_assignment(similarities[rows], maximize=True)
            moved[rows[chosen]] = means
        if (moved == labels).all():
            break
        labels = moved
    return labels


def dbscan(distances, eps, min_samples):
    """DBSCAN (Ester et al., KDD 1996) on a sparse symmetric distance matrix. Missing entries are farther than `eps`.

    Stored zeros count as neighbours. Returns int32 labels, -1 for noise.
    """
    if not distances.shape[0]:
        return np.zeros(0, np.int32)
    graph = sort_graph_by_row_values(distances, copy=True, warn_when_not_sorted=False)
    return DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit_predict(graph).astype(np.int32)


def pseudo_labels(features, eps=0.6, min_samples=4, k1=30, k2=6):
    """Pseudo-labels for one epoch: DBSCAN on the k-reciprocal Jaccard distance, -1 for outliers.

    features: float32 N x D of unit norm, an array or a tensor. With a tensor, neighbours are searched on its device.
    """
    return dbscan(jaccard.distances(features, k1, k2, eps), eps, min_samples)


def repeated(features):
    """Give identical rows one label, numbered by first appearance: int32 N.

    The constant vector gets -1: it stands for no direction (`norm.unit`).
    """
    _, first, codes = np.unique(features, axis=0, return_index=True, return_inverse=True)
    nobody = np.ptp(features, axis=1) == 0
    order = np.argsort(np.argsort(np.where(nobody[first], len(features), first)))
    return np.where(nobody, -1, order[codes]).astype(np.int32)


def agglomerative(features, clusters=None, threshold=None):
    """Average linkage on the cosine distance, cut at a number of clusters or at a distance.

    features: float32 N x D of unit norm. Give either `clusters` or `threshold` (cosine distance, 0 to 2). Returns int32
    labels, numbered by first appearance. Memory grows only with N x D.
    """
    pairs, heights = linkage(features, np.inf if threshold is None else threshold)
    if clusters is not None:
        kept = np.argsort(heights, kind="stable")[: max(0, len(features) - clusters)]
        pairs = pairs[kept]
    number = len(features)
    joined = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), (number, number))
    return connected_components(joined, directed=False)[1].astype(np.int32) if number else np.zeros(0, np.int32)


def linkage(features, limit=np.inf):
    """The merges of average linkage at a distance of at most `limit`.

    The mean cosine similarity between two clusters is the product of their means, so no N x N matrix is needed. The
    linkage is reducible: merging two mutual nearest neighbours never brings their union closer to a third cluster. So
    each round merges all such pairs at once. Returns (pairs, heights), not sorted: int64 M x 2, one vector of each
    merged cluster, and float64 M.
    """
    sums, sizes = np.array(features, np.float32), np.ones(len(features), np.float32)
    names, pairs, heights = np.arange(len(features)), [np.zeros((0, 2), np.int64)], [np.zeros(0)]
    while len(names) > 1:
        partners, closest = _partners(sums / sizes[:, None])
        first = np.flatnonzero(partners[partners] == np.arange(len(names)))
        first = first[(first < partners[first]) & (1 - closest[first] <= limit)]
        if not len(first):
            break
        second = partners[first]
        pairs.append(np.stack([names[first], names[second]], 1))
        heights.append(1.0 - closest[first])
        sums[first] += sums[second]
        sizes[first] += sizes[second]
        kept = np.setdiff1d(np.arange(len(names)), second)
        sums, sizes, names = sums[kept], sizes[kept], names[kept]
    return np.concatenate(pairs), np.concatenate(heights)


def _partners(means):
    """The most similar other row to each row, and its similarity. Ties are paired off, so that a round merges many."""
    number = len(means)
    partners, closest = np.empty(number, np.int64), np.empty(number, np.float32)
    rows = max(1, BLOCK // number)
    for start in range(0, number, rows):
        block = means[start : start + rows] @ means.T
        own = np.arange(start, start + len(block))
        block[own - start, own] = -np.inf
        closest[own] = block.max(1)
        near = block >= (closest[own] - TIE)[:, None]
        partners[own] = near.argmax(1)
        for row in np.flatnonzero(near.sum(1) > 1):
            tied = np.flatnonzero(near[row])
            partners[start + row] = tied[np.argmin(tied ^ (start + row))]
    top = closest.argmax()
    partners[partners[top]] = top  # each round merges at least one pair
    return partners, closest
