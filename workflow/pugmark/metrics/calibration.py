"""Calibration: how often pairs with a score are of one animal.

Each way is fitted on scores (P) and whether each pair is of one animal (bool, P), and gives a function from scores to
probabilities.

Whether probabilities are right is seen on other pairs, in BINS of equal width: of the pairs in a bin the share that is
one animal should be their mean probability. The expected calibration error, ECE, is how far the two are apart, averaged
over the pairs (Naeini et al., Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015).
"""

import numpy as np

BINS = 10


def isotonic(scores, same):
    """A rising step function: pools of neighbours that are out of order share their mean."""
    from sklearn.isotonic import IsotonicRegression  # takes long to load

    return IsotonicRegression(out_of_bounds="clip").fit(scores, same).predict


def logistic(scores, same):
    """Logistic regression: two numbers, for few pairs."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(scores[:, None], same)
    return lambda found: model.predict_proba(found[:, None])[:, 1]


WAYS = {"isotonic": isotonic, "logistic": logistic}


def bins(probabilities):
    """The bin of each probability, int, P; a probability of 1 lies in the last one."""
    return np.minimum((np.asarray(probabilities) * BINS).astype(int), BINS - 1)


def ece(probabilities, same):
    """The expected calibration error, from 0 to 1. probabilities: P. same: bool, P."""
    apart = np.bincount(bins(probabilities), np.asarray(same, float) - probabilities)
    return np.abs(apart).sum() / len(probabilities)
