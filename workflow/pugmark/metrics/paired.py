"""Two methods on the same queries: the mean difference of their average precisions, with its interval.

Hard animals are hard for every method, so differences of pairs vary less than the methods themselves do: two methods
whose own intervals overlap can still be told apart.
"""

from dataclasses import dataclass

import numpy as np

from pugmark.metrics import intervals

RESAMPLES = 1000


@dataclass(frozen=True)
class Difference:
    """Mean of one minus other over `queries` common queries; the ends of its 95 % interval are NaN where unknown."""

    value: float
    low: float
    high: float
    queries: int

    @property
    def certain(self):
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def difference(one, other, seed=0):
    """The Difference in mAP of two methods, or None without a common query.

    one, other: rows of the queries table (DataFrames with crop_id, individual and ap), of all seeds of a method; a
    query's average precision is its mean over the seeds that asked it. Individuals are resampled.
    """
    pairs = _means(one).join(_means(other)["ap"].rename("ap_other"), how="inner")
    if pairs.empty:
        return None
    apart = (pairs["ap"] - pairs["ap_other"]).to_numpy()
    ends = intervals.of_means(apart, pairs["individual"].to_numpy(str), RESAMPLES, seed, (-1.0, 1.0))
    return Difference(float(apart.mean()), *(np.nan if end is None else end for end in ends), len(pairs))


def _means(queries):
    answered = queries.dropna(subset=["ap"])
    return answered.groupby("crop_id").agg({"individual": "first", "ap": "mean"})
