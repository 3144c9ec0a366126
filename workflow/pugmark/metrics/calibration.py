"""Calibration: how often pairs with a score are of one animal.

Each way is fitted on scores (P) and whether each pair is of one animal (bool, P), and gives a function from scores to
probabilities.
"""

from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression


def isotonic(scores, same):
    """A rising step function: pools of neighbours that are out of order share their mean."""
    return IsotonicRegression(out_of_bounds="clip").fit(scores, same).predict


def logistic(scores, same):
    """Logistic regression: two numbers, for few pairs."""
    model = LogisticRegression().fit(scores[:, None], same)
    return lambda found: model.predict_proba(found[:, None])[:, 1]


WAYS = {"isotonic": isotonic, "logistic": logistic}
