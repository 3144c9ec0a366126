"""The self-paced filter: it keeps the reliable clusters and crops by comparing a tighter and a looser clustering.

Labels are int64 N: 0 to C - 1, and -1 for outliers. Each outlier counts as a class of its own.
Source: Ge et al., SpCL (2020), section "self-paced learning with reliable clusters".
"""

import numpy as np


def singled(labels):
    """`labels` with a new class for every outlier, numbered after the clusters."""
    alone = labels < 0
    return np.where(alone, labels.max(initial=-1) + np.cumsum(alone), labels)


def disagreement(labels, others):
    """1 - IoU of each crop's classes in two clusterings, as sets of crops: float64 N, 0 where they are the same."""
    first, second = singled(labels), singled(others)
    _, both, shared = np.unique(np.stack([first, second]), axis=1, return_inverse=True, return_counts=True)
    shared = shared[both.ravel()]
    return 1 - shared / (np.bincount(first)[first] + np.bincount(second)[second] - shared)


def independence(labels, loose):
    """R_indep of every cluster, float64 C: the smallest disagreement of its crops with a looser clustering."""
    return _least(labels, disagreement(labels, loose))


def limit(labels, loose, share=0.9):
    """The R_indep below which `share` of the clusters with two or more crops lie; None if there is no such cluster."""
    scores = np.sort(independence(labels, loose)[np.bincount(labels[labels >= 0]) > 1])
    return float(scores[min(len(scores) - 1, round(share * len(scores)))]) if len(scores) else None


def reliable(labels, tight, loose, theta):
    """`labels` with -1 for every unreliable crop.

    A cluster is kept if its R_indep is at most `theta`. Of its crops, those with the cluster's smallest disagreement
    with the tighter clustering (R_comp) are kept. A crop that would remain alone becomes an outlier too.
    """
    compact, kept = disagreement(labels, tight), labels >= 0
    own = labels[kept]
    kept[kept] = (independence(labels, loose) <= theta)[own] & (compact[kept] <= _least(labels, compact)[own])
    sizes = np.bincount(labels[kept], minlength=labels.max(initial=-1) + 1)
    left = np.flatnonzero(sizes > 1)
    numbers = np.full(len(sizes) + 1, -1)  # label -1 indexes the last element
    numbers[left] = np.arange(len(left))
    return numbers[np.where(kept, labels, -1)]


def _least(labels, scores):
    least = np.full(labels.max(initial=-1) + 1, np.inf)
    np.minimum.at(least, labels[labels >= 0], scores[labels >= 0])
    return least
