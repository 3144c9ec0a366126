"""Open set: is an animal that the gallery does not hold called new, and one that it holds by its name?

A query is known where its gallery, junk left out, holds its individual, and unknown otherwise. The answer is the
nearest picture's individual, or `new` where that picture is less similar than a threshold. BAKS: mean over the known
individuals of the share of right answers. BAUS: mean over the unknown ones of the share called new. Both as in
AnimalCLEF 2025.
"""

import numpy as np
from sklearn.metrics import roc_auc_score


def unknown(ranked):
    """Which queries of what `ranking.rank` returned have a gallery, but no positive in it: bool, Q."""
    return (ranked["positives"] == 0) & (ranked["available"] > 0)


def auroc(ranked):
    """Area under the ROC curve of the nearest similarity, known against unknown; NaN where either are missing."""
    new, known = unknown(ranked), ranked["positives"] > 0
    if not (new.any() and known.any()):
        return np.nan
    return float(roc_auc_score(known[new | known], ranked["similarity"][new | known]))


def balanced(right, individuals):
    """The share of `right` (bool, N) of each of the individuals; their mean is BAKS or BAUS, NaN of none."""
    _, codes = np.unique(individuals, return_inverse=True)
    return np.bincount(codes, right) / np.bincount(codes)


def named(ranked):
    """Whether the nearest picture of each query is of its individual: bool, Q."""
    return ranked["correct"][:, 0]


def threshold(with_own, without_own, individuals):
    """The similarity from which an answer is a name: the one with the highest sqrt(BAKS BAUS) on a validation part.

    with_own: its queries ranked with their individuals in the gallery, those without positives passed over;
    without_own: ranked as if nobody in the gallery were theirs. individuals: of the queries. None where nothing can be
    told apart.
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
    """The weight of each item in a mean over individuals."""
    _, codes, counts = np.unique(individuals, return_inverse=True, return_counts=True)
    return 1 / (counts[codes] * len(counts))


def _below(values, weights, candidates):
    """For each candidate, the sum of the weights of the values below it."""
    order = np.argsort(values)
    summed = np.concatenate([[0.0], np.cumsum(weights[order])])
    return summed[np.searchsorted(values[order], candidates, "left")]
