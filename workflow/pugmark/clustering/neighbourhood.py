"""How many crops are compared with each: k1, the size of the k-reciprocal sets, where nobody states it.

It should be about the crops of an individual. Where it is far above, all crops become one another's neighbours, and one
cluster swallows the collection.
"""

import math

import numpy as np

LEAST, MOST = 4, 30
"""Bounds of k1; the published methods take 30, for some twenty pictures or more of everybody."""
SHARE = 0.4
"""Of the crops in one cluster, above which k1 is taken to be too large."""


def largest(labels):
    """Share of the crops in the largest cluster; labels: N integers, -1 for noise."""
    return float(np.bincount(labels[labels >= 0]).max(initial=0) / max(1, len(labels)))


def derived(grouping, crops, individuals=None):
    """k1 for a number of crops, and the sentence that says why.

    grouping: k1 -> labels. It starts from the estimate and goes down, to a half at most, as long as one cluster holds
    more than SHARE of the crops. No further: some animals do fill half of a collection.
    """
    start, why = estimate(crops, individuals)
    k1, least = start, max(LEAST, start // 2)
    while k1 > least and largest(grouping(k1)) > SHARE:
        k1 = max(least, k1 - max(1, k1 // 5))
    lowered = f"; lowered from {start}, which puts more than {SHARE:.0%} of them into one cluster"
    return k1, f"k1 is {k1}, {why}{lowered if k1 < start else ''}"


def estimate(crops, individuals=None):
    """The mean number of crops of an individual, within the bounds of k1, and what it was taken from.

    Where the number of individuals is not known, the square root of the number of crops: as if there were as many
    individuals as each has crops.
    """
    if individuals:
        found, why = crops / individuals, f"from {crops} crops of {individuals} individuals"
    else:
        found, why = math.sqrt(crops), f"the square root of {crops} crops of an unknown number of individuals"
    return min(MOST, max(LEAST, round(found))), why
