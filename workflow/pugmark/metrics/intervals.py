"""Confidence intervals that resample individuals: images of one animal are not independent, animals nearly are."""

import numpy as np


def of_means(values, individuals, resamples, seed):
    """95 % interval of the mean of `values` over its entries, as `of_ratios`."""
    return of_ratios(values, np.ones(len(values)), individuals, resamples, seed)


def of_ratios(numerators, denominators, individuals, resamples, seed):
    """95 % percentile bootstrap interval of sum(numerators) / sum(denominators), individuals drawn with replacement.

    All three are arrays of N; an individual brings all of its entries each time that it is drawn. Returns (low, high),
    or (None, None) without resamples and with fewer than two individuals, of which nothing can be said.
    """
    names, codes = np.unique(individuals, return_inverse=True)
    if len(names) < 2 or not resamples:
        return None, None
    above, below = np.bincount(codes, numerators), np.bincount(codes, denominators)
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)
    low, high = np.percentile((drawn @ above) / (drawn @ below), [2.5, 97.5])
    return float(low), float(high)
