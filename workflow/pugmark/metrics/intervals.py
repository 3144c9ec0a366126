"""Confidence intervals by individuals: images of one animal are not independent, animals nearly are.

Figures of methods resample the individuals; rates of rare errors count independent chances.
"""

import numpy as np
from scipy.special import betaincinv, stdtrit

FEWEST = 4
"""Individuals below which nothing is said: of three, an interval holds the truth far less often than it claims."""
CAUTION = 20
"""Individuals below which an interval deserves a word of caution: benchmarks/bench_intervals.py measures coverage."""
ALIKE = 1e-9
"""A standard error below this is rounding: all individuals have the same mean."""


def of_means(values, individuals, resamples, seed, bounds=(0.0, 1.0)):
    """95 % interval of the mean of `values` over its entries, as `of_ratios`."""
    return of_ratios(values, np.ones(len(values)), individuals, resamples, seed, bounds)


def of_ratios(numerators, denominators, individuals, resamples, seed, bounds=(0.0, 1.0)):
    """95 % studentised bootstrap interval of sum(numerators) / sum(denominators), individuals drawn with replacement.

    All three are arrays of N; an individual brings all of its entries each time that it is drawn. Each draw's ratio is
    measured in its own standard errors (Efron and Tibshirani, An introduction to the bootstrap, 1993, section 12.5),
    since percentiles of the ratios themselves are too narrow where individuals are few. bounds: what the ratio can be.
    Returns (low, high), or (None, None) without resamples, with fewer than FEWEST individuals, or where all individuals
    are alike: nothing can be said then.
    """
    names, codes = np.unique(individuals, return_inverse=True)
    if len(names) < FEWEST or not resamples:
        return None, None
    above, below = np.bincount(codes, numerators), np.bincount(codes, denominators)
    value = above.sum() / below.sum()
    apart = above - value * below
    _, (error,) = _moves(np.ones((1, len(names))), apart, below)
    if error < ALIKE:
        return None, None
    drawn = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), resamples)
    moves, errors = _moves(drawn, apart, below)
    told = errors >= ALIKE  # a draw of individuals that are alike has no standard error
    least, most = np.percentile(moves[told] / errors[told], [2.5, 97.5])
    low, high = value - max(most, 0.0) * error, value - min(least, 0.0) * error
    return float(max(low, bounds[0])), float(min(high, bounds[1]))


def of_rates(errors, chances, individuals):
    """95 % interval of the rate sum(errors) / sum(chances), for errors so rare that resampling knows too few of them.

    All three are arrays of N. It is that of Clopper and Pearson, of as many independent chances as tell equally much
    (Korn and Graubard, Survey Methodology 24, 1998): an individual's chances err together. Where none or all of them
    err, the individuals are counted. Returns (low, high), or (None, None) with fewer than FEWEST individuals.
    """
    names, codes = np.unique(np.asarray(individuals)[np.asarray(chances) > 0], return_inverse=True)
    number = len(names)
    if number < FEWEST:
        return None, None
    above, below = (np.bincount(codes, np.asarray(part)[np.asarray(chances) > 0]) for part in (errors, chances))
    every, rate = below.sum(), min(1.0, above.sum() / below.sum())
    spread = number / (number - 1) * np.square(above - rate * below).sum() / every**2
    told = min(every, rate * (1 - rate) / spread) if spread > ALIKE**2 else number
    # As Student has it: the spread is known from so few.
    told *= (stdtrit(every - 1, 0.975) / stdtrit(number - 1, 0.975)) ** 2
    wrong = rate * told
    low = betaincinv(wrong, told - wrong + 1, 0.025) if wrong > 0 else 0.0
    high = betaincinv(wrong + 1, told - wrong, 0.975) if wrong < told else 1.0
    return float(low), float(high)


def _moves(drawn, apart, below):
    """How far the ratio of each draw (rows of counts of individuals) is from the whole one, and its standard error.

    apart: residual of each individual's numerator. The error is that of a ratio of means, linearised, but for the
    factor sqrt(n / (n - 1)), which all draws share and which cancels.
    """
    weight = drawn @ below
    moves = drawn @ apart / weight
    squares = drawn @ apart**2 - 2 * moves * (drawn @ (apart * below)) + moves**2 * (drawn @ below**2)
    return moves, np.sqrt(np.maximum(squares, 0)) / weight
