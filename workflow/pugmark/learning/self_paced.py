"""Which crops of a clustering are reliable: the self-paced filter, from three clusterings of different strictness.

Labels are int64 N, 0 to C - 1 and -1 for outliers, each of which counts as a class of its own.
Source: Ge et al., SpCL (2020), section "self-paced learning with reliable clusters".
"""

import numpy as np


def singled(labels):
    """`labels` with a class of its own for every outlier, numbered behind the clusters."""
    alone = labels < 0
    return np.where(alone, labels.max(initial=-1) + np.cumsum(alone), labels)


def disagreement(labels, others):
    """1 - IoU of the two classes that each crop has in two clusterings: float64 N, 0 where they are the same crops."""
    first, second = singled(labels), singled(others)
    _, both, shared = np.unique(np.stack([first, second]), axis=1, return_inverse=True, return_counts=True)
    shared = shared[both.ravel()]
    return 1 - shared / (np.bincount(first)[first] + np.bincount(second)[second] - shared)


def independence(labels, loose):
    """R_indep of every cluster, float64 C: the least disagreement of its crops with a looser clustering."""
    return _least(labels, disagreement(labels, loose))


def limit(labels, loose, share=0.9):
    """The R_indep below which `share` of the clusters of two crops or more lie; None where there is no such cluster."""
    scores = np.sort(independence(labels, loose)[np.bincount(labels[labels >= 0]) > 1])
    return float(scores[min(len(scores) - 1, round(share * len(scores)))]) if len(scores) else None


def reliable(labels, tight, loose, theta):
    """`labels` with -1 for every crop that is not to be trusted with its cluster.

    A cluster is kept where its R_indep is at most `theta`, and in it the crops whose disagreement with the tighter
    clustering, R_comp, is the cluster's least. Where only one would stay, it is an outlier too.
    """
    compact, kept = disagreement(labels, tight), labels >= 0
    own = labels[kept]
    kept[kept] = (independence(labels, loose) <= theta)[own] & (compact[kept] <= _least(labels, compact)[own])
    sizes = np.bincount(labels[kept], minlength=labels.max(initial=-1) + 1)
    left = np.flatnonzero(sizes > 1)
    numbers = np.full(len(sizes) + 1, -1)  # the last one is where -1 points
    numbers[left] = np.arange(len(left))
    return numbers[np.where(kept, labels, -1)]


def _least(labels, scores):
    least = np.full(labels.max(initial=-1) + 1, np.inf)
    np.minimum.at(least, labels[labels >= 0], scores[labels >= 0])
    return least
