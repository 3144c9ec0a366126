"""Open-set metrics: are animals in the gallery named correctly, and are animals not in it called new?

A query is known if its gallery, without junk, contains its individual; otherwise it is unknown. The answer is the
individual of the nearest picture, or `new` if that picture's similarity is below a threshold. BAKS is the share of
right answers, averaged over the known individuals. BAUS is the share called new, averaged over the unknown individuals.
Both are as in AnimalCLEF 2025.
"""

import numpy as np


def unknown(ranked):
    """Which queries have a gallery but no positive in it: bool, Q. ranked: from `ranking.rank`."""
    return (ranked["positives"] == 0) & (ranked["available"] > 0)


def auroc(ranked):
    """Area under the ROC curve of the nearest similarity, known against unknown; NaN if either kind is missing."""
    new, known = unknown(ranked), ranked["positives"] > 0
    if not (new.any() and known.any()):
        return np.nan
    from sklearn.metrics import roc_auc_score  # takes long to load

    return float(roc_auc_score(known[new | known], ranked["similarity"][new | known]))


def balanced(right, individuals):
    """The share of `right` (bool, N) for each individual. BAKS and BAUS are means of these shares, NaN of none."""
    _, codes = np.unique(individuals, return_inverse=True)
    return np.bincount(codes, right) / np.bincount(codes)


def named(ranked):
    """Whether the nearest picture of each query shows its individual: bool, Q."""
    return ranked["correct"][:, 0]


def threshold(with_own, without_own, individuals):
    """The lowest similarity at which an answer is a name: it maximises sqrt(BAKS BAUS) on a validation part.

    with_own: the queries ranked with their individuals in the gallery; queries without positives are skipped.
    without_own: the same queries ranked without their individuals. individuals: of the queries. Returns None if there
    is no known or no unknown query.
    """
    known, new = with_own["positives"] > 0, unknown(without_own)
    if not (known.any() and new.any()):
        return None
    right, shares = (known & named(with_own))[known], _shares(individuals[known])
    names, news = with_own["similarity"][known], without_own["similarity"][new]
    found = np.unique(np.concatenate([names, news]))
    candidates = np.concatenate([found[:1], (found[1:] + found[:-1]) / 2])
    baks = shares[right].sum() - _below(names[right], shares[right], candidates)
    baus = _below(news, _shares(individuals[new]), candidates)
    return float(candidates[np.argmax(baks * baus)])


def _shares(individuals):
    """The weight of each item in a mean over individuals: all individuals weigh the same."""
    _, codes, counts = np.unique(individuals, return_inverse=True, return_counts=True)
    return 1 / (counts[codes] * len(counts))


def _below(values, weights, candidates):
    """For each candidate, the sum of the weights of the values below it."""
    order = np.argsort(values)
    summed = np.concatenate([[0.0], np.cumsum(weights[order])])
    return summed[np.searchsorted(values[order], candidates, "left")]
