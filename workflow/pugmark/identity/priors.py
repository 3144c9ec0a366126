"""Where and when: how much the distance and the time between two encounters say on whether they show one animal.

The log-odds that a pair is one animal are a sum of its score's share and of one weight for how far apart the stations
are and one for how much time lies between (logistic regression; the naive product of evidences, as in Picek, Neumann
and Matas, arXiv 2408.12930). It is fitted on named pairs of different events. The new score is the probability, so all
that follows, thresholds and rates, is measured on it as on any score.

An animal never weighs itself: pairs of named encounters get the weights of the other half of the individuals.
"""

import numpy as np
import pandas as pd

from pugmark import tables
from pugmark.identity import known

FAR = (0, 1_000, 5_000, 20_000)
"""Metres up to which stations are in one class: the same one, and so on."""
LONG = (1, 7, 30, 365)
"""Days."""
CLASSES = (
    *("same station", "up to 1 km", "1 to 5 km", "5 to 20 km", "over 20 km", "distance unknown"),
    *("within a day", "1 to 7 days", "7 to 30 days", "30 days to a year", "over a year", "time unknown"),
)
FEWEST = 20
"""Named pairs of one animal, and of two, in each half of the individuals."""


def weighed(pairs, rows, stations):
    """(DataFrame of the pairs table with new scores and ranks, {class: factor by which it multiplies the odds}).

    pairs: DataFrame of the pairs table. rows: as of known.crops. stations: DataFrame with station, x and y in metres.
    (pairs, {}) where too few are named.
    """
    found = rows.drop_duplicates("encounter").set_index("encounter")
    ends = [tables.places(found.index, pairs[end]) for end in ("encounter", "candidate")]
    classes = _classes(found, *ends, stations)
    scores, named = pairs["score"].to_numpy(float), known.named(rows)
    name = named["individual"].reindex(found.index).to_numpy(object)
    half = (np.unique(named["individual"].to_numpy(str), return_inverse=True)[1] % 2).astype(float)
    half = pd.Series(half, named.index).reindex(found.index).to_numpy()
    sequence = pd.factorize(found["sequence"])[0]
    both = pd.notna(name[ends[0]]) & pd.notna(name[ends[1]]) & (sequence[ends[0]] != sequence[ends[1]])
    same = name[ends[0]] == name[ends[1]]
    models = [_fitted(scores, classes, same, both & (half[ends[0]] != held)) for held in (0, 1)]
    whole = _fitted(scores, classes, same, both)
    if None in (whole, *models):
        return pairs, {}
    made = _probability(whole, scores, classes)
    for held, model in enumerate(models):
        own = half[ends[0]] == held
        made[own] = _probability(model, scores[own], [part[own] for part in classes])
    return _ranked(pairs.assign(score=made.astype(np.float32))), _factors(whole)


def _classes(found, one, other, stations):
    """The class of distance and the class of time of each pair, two arrays of int. one, other: places in `found`."""
    at = stations.dropna(subset=["x", "y"]).drop_duplicates("station").set_index("station")[["x", "y"]].astype(float)
    x, y = at.reindex(found["station"]).to_numpy().T
    far = np.hypot(x[one] - x[other], y[one] - y[other])
    station = pd.factorize(found["station"])[0]
    far[(station[one] == station[other]) & (station[one] >= 0)] = 0
    times = found["timestamp"].to_numpy("datetime64[s]")
    apart = np.abs(times[one] - times[other])
    days = np.where(np.isnat(apart), np.nan, apart.astype(float) / 86_400)
    steps = [np.searchsorted(limits, values, "left") for limits, values in ((FAR, far), (LONG, days))]
    return [np.where(np.isnan(values), 5, step) for step, values in zip(steps, (far, days), strict=True)]


def _fitted(scores, classes, same, taken):
    """(weight of the score, weights of the classes, constant); None where too few pairs are `taken`."""
    if min(np.count_nonzero(same[taken]), np.count_nonzero(~same[taken])) < FEWEST:
        return None
    from sklearn.linear_model import LogisticRegression  # takes long to load

    spread = scores[taken].std() or 1.0  # so that a score is held back no more than a class, whatever its scale
    columns = [scores[taken] / spread, *(part[taken] == step for part in classes for step in range(6))]
    model = LogisticRegression(max_iter=1000).fit(np.column_stack(columns), same[taken].astype(bool))
    return float(model.coef_[0, 0] / spread), model.coef_[0, 1:].reshape(2, 6), float(model.intercept_[0])


def _probability(model, scores, classes):
    by_score, weights, constant = model
    odds = by_score * scores + constant + weights[0, classes[0]] + weights[1, classes[1]]
    return 1 / (1 + np.exp(-odds))


def _factors(model):
    return {name: float(np.exp(weight)) for name, weight in zip(CLASSES, model[1].ravel(), strict=True)}


def _ranked(pairs):
    """The pairs in order of their scores, with ranks that follow; encounters stay in their order."""
    first = pd.factorize(pairs["encounter"])[0]
    pairs = pairs.iloc[np.lexsort((pairs["rank"], -pairs["score"], first))].reset_index(drop=True)
    rank = pairs.groupby("encounter", sort=False).cumcount() + 1
    return pairs.assign(rank=rank.astype(np.int32))
