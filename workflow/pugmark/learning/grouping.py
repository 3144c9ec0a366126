"""The clusters of an epoch: a k1 where none is stated, and an eps that gives at least two clusters."""

import functools
import logging

import numpy as np

from pugmark.clustering import neighbourhood
from pugmark.learning.trainer import TrainingError

logger = logging.getLogger(__name__)
EPS, EPS_STEP = (0.3, 0.8), 0.05
"""Between which an epoch may choose it anew, and by how much at a time."""
_ADVICE = {
    True: "Lower k1 (about the crops of an individual), or mask the background.",
    False: "Raise k1 (about the crops of an individual), lower min_samples, or give more crops.",
}


def grouped(grouping, params, crops, individuals=None):
    """Labels, int64 N with -1 for outliers, and the k1 and eps that gave them.

    grouping: (k1, eps) -> labels of the N crops. params: k1, null to derive it, and the eps to start from. individuals:
    their number where known. Raises TrainingError as `relaxed` does.
    """
    grouping, k1 = functools.cache(grouping), params["k1"]
    if k1 is None:
        k1, told = neighbourhood.derived(lambda k1: grouping(k1, params["eps"]), crops, individuals)
        logger.info(told)
    labels, eps = relaxed(functools.partial(grouping, k1), params["eps"])
    return labels, k1, eps


def relaxed(grouping, eps):
    """Labels as `grouping(eps)` gives them, as int64, and the eps that gave them.

    Fewer than two clusters teach nothing. Where one cluster holds most crops, eps shrinks step by step until it parts;
    else, with most crops outliers, it grows. Raises TrainingError where no eps within EPS gives two clusters.
    """
    labels = grouping(eps).astype(np.int64)
    merged = _is_merged(labels)
    way, end = (-1, EPS[0]) if merged else (1, EPS[1])
    while labels.max(initial=-1) < 1:
        following = round(eps + way * EPS_STEP, 4)
        if way * following > way * end or _is_merged(labels) != merged:
            advice = _ADVICE[_is_merged(labels)]
            raise TrainingError(f"{_found(labels, eps)}, and no other eps forms two clusters. {advice}")
        logger.info("%s: trying eps %.2f", _found(labels, eps), following)
        eps, labels = following, grouping(following).astype(np.int64)
    return labels, eps


def figures(labels):
    """What to watch of a clustering: clusters, share of outliers, share of the largest cluster."""
    return {
        "clusters": int(labels.max(initial=-1)) + 1,
        "outliers": float(np.mean(labels < 0)),
        "largest": neighbourhood.largest(labels),
    }


def _is_merged(labels):
    return neighbourhood.largest(labels) > 0.5


def _found(labels, eps):
    share = neighbourhood.largest(labels)
    what = f"one cluster holds {share:.0%} of {len(labels)} crops" if share else f"all {len(labels)} crops are outliers"
    return f"At eps {eps:.2f} {what}"
