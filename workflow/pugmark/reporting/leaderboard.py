"""The leaderboard: every method with intervals and seeds under one protocol, and what its controls say of it."""

from dataclasses import dataclass

import numpy as np

from pugmark.metrics import intervals, paired

RANKING = {"mAP": "mAP", "rank1": "Rank-1", "rank5": "Rank-5", "mINP": "mINP", "mmAP": "mmAP"}
OPEN_SET = {"AUROC_new": "AUROC new", "BAKS": "BAKS", "BAUS": "BAUS"}
PARTITION = {"accuracy": "Accuracy", "ARI": "ARI", "AMI": "AMI", "IDF1": "ID-F1"}
COUNTS = {"clusters": "Clusters", "noise_share": "Noise"}
UNTRAINED = ("control", "frozen", "file", "re-ranked")
"""Families of which nothing was trained here."""
ORACLE = 0.9995
"""What the oracle must reach, in figures of one decimal."""


@dataclass(frozen=True)
class Cell:
    """One metric of one method: the mean over seeds of the value and of both ends of its interval; NaN if undefined."""

    value: float
    low: float
    high: float
    seeds: tuple  # of (seed, value, low, high)


@dataclass(frozen=True)
class Row:
    """One method trained on one collection."""

    name: str
    method: str
    family: str
    train_on: str
    cells: dict
    n: int

    @property
    def is_control(self):
        return self.family == "control"


def protocols(metrics, headline, film=False):
    """The retrieval protocols of a metrics table under which a query has an answer, the headline first.

    None of them where the headline has no answer: every animal was then met once, and pictures of one visit find each
    other whatever the method. film: the crops are frames of videos, each of which is one sequence by design.
    """
    values = metrics[metrics["metric"] == "mAP"].groupby("protocol")["value"].max()
    if unanswered(metrics, headline) and not film:
        return []
    return sorted(values.dropna().index, key=lambda protocol: (protocol != headline, protocol))


def unanswered(metrics, headline):
    """Whether there are named queries, none of which has an answer under the headline."""
    values = metrics.loc[(metrics["metric"] == "mAP") & (metrics["protocol"] == headline), "value"]
    return len(values) > 0 and bool(values.isna().all())


def clusterings(metrics):
    """The names of the clusterings of a metrics table."""
    return sorted(set(metrics.loc[metrics["metric"].isin(PARTITION), "protocol"]))


def rows(metrics, protocol, key="mAP"):
    """The methods under `protocol`, best `key` first."""
    under = metrics[metrics["protocol"] == protocol]
    made = []
    for (name, method, family, train_on), group in under.groupby(["name", "method", "family", "train_on"]):
        cells = {metric: _cell(part) for metric, part in group.groupby("metric")}
        counted = group.loc[group["metric"] == key, "n"]
        made.append(Row(name, method, family, train_on, cells, int(counted.max()) if len(counted) else 0))
    return sorted(made, key=lambda row: -_value(row, key, -1.0))


def chance(found, metric):
    """The level of random ranking for `metric` (mAP or rank1), or None where the evaluation does not state it."""
    levels = [_value(row, f"{metric}_chance", np.nan) for row in found]
    levels = [level for level in levels if not np.isnan(level)]
    return levels[0] if levels else None


def warnings(found):
    """{row name: [sentence]}: methods below what they must beat, scores too good to be true, controls that miss their
    mark."""
    random_level = chance(found, "mAP")
    said = {}
    for row in found:
        said[row.name] = [*_below_rivals(row, found), *_too_good(row, found), *_control_misses(row, random_level)]
    return {name: sentences for name, sentences in said.items() if sentences}


def unfit(name, found):
    """A sentence where the clustering `name` keeps even the oracle from the names, else None; found: its rows."""
    reached = [_value(row, "accuracy", np.nan) for row in found if row.method == "oracle"]
    if not reached or not reached[0] < ORACLE:
        return None
    return (
        f"Even the oracle, which knows the names, has an accuracy of {_percent(reached[0])} by {name}: its settings "
        "do not suit these crops, or crops that nobody named are in its way."
    )


@dataclass(frozen=True)
class Gain:
    """How far a method is from the best of what it must beat, its rival, on the same queries."""

    rival: Row
    apart: paired.Difference


def gains(found, queries):
    """{row name: Gain} of all rows that have a rival.

    queries: function from a row to the rows of its queries table under the protocol, of all seeds.
    """
    told = {}
    for row in found:
        rival = max(_rivals(row, found), key=lambda rival: rival.cells["mAP"].value, default=None)
        if rival and (apart := paired.difference(queries(row), queries(rival))):
            told[row.name] = Gain(rival, apart)
    return told


def verdicts(gains):
    """One sentence per method above its rival: by how much, and whether that is certain."""
    return [
        f"{name}: mAP {100 * gain.apart.value:.1f} points above the best {_called(gain.rival)}; {_sure(gain.apart)}."
        for name, gain in gains.items()
        if gain.apart.value > 0
    ]


def _sure(apart):
    if np.isnan(apart.low):
        return "too few individuals to say whether that is chance"
    ends = f"the 95 % interval of the difference is {100 * apart.low:+.1f} to {100 * apart.high:+.1f}"
    return ends if apart.certain else f"{ends}, so this may be chance"


def individuals(found):
    """How many individuals the figures rest on, or None where the evaluation does not say."""
    return int(max([_value(row, "individuals", 0) for row in found], default=0)) or None


def caution(found):
    """A sentence on the intervals where individuals are few, else None."""
    number = individuals(found)
    if number is None or number >= intervals.CAUTION:
        return None
    if number < intervals.FEWEST:
        return f"The figures rest on {number} individuals: too few for intervals, and for comparing methods."
    return (
        f"The figures rest on only {number} individuals, so take the intervals with care. In simulations with 4 to 9 "
        "individuals, 92 to 94 of 100 such intervals held the true value, and 72 to 92 where nearly every query is "
        "right (docs/measurements.md)."
    )


def _rivals(row, found):
    """The rows that `row` must beat: controls that see no answers and, unless it is one itself, frozen networks."""
    # A tracker trains nothing and ranks nothing: boxes of one track are alike, those of others at random.
    if row.is_control or row.family == "tracker":
        return []
    families = ("control",) if row.family == "frozen" else ("control", "frozen")
    rivals = [rival for rival in found if rival.family in families and rival.method != "oracle"]
    return [rival for rival in rivals if _value(rival, "mAP", None) is not None]


def _called(row):
    return f"{'control' if row.is_control else 'frozen network'}, {row.name}"


def _below_rivals(row, found):
    """A sentence for the pixels and one for the best frozen network that `row` does not exceed."""
    value, rivals = _value(row, "mAP", np.nan), _rivals(row, found)
    frozen = sorted((rival for rival in rivals if rival.family == "frozen"), key=lambda rival: rival.cells["mAP"].value)
    for rival in [*frozen[-1:], *(rival for rival in rivals if rival.method == "pixels")]:
        cell = rival.cells["mAP"]
        if value <= cell.value:
            gained = "training gained nothing" if row.cells["mAP"].high < cell.low else "no gain from training is seen"
            gained = "its vectors tell no more" if row.family in UNTRAINED else gained
            yield f"mAP {_percent(value)} is not above the {_called(rival)} ({_percent(cell.value)}): {gained}."


def _too_good(row, found):
    value, oracle = _value(row, "mAP", -1.0), [_value(other, "mAP", 1.0) for other in found if other.method == "oracle"]
    if not row.is_control and row.family != "tracker" and value >= min([*oracle, 0.999]):
        yield f"mAP {_percent(value)} is as good as the oracle, which sees the answers: look for a leak first."


def _control_misses(row, random_level):
    value, low = _value(row, "mAP", np.nan), row.cells["mAP"].low if "mAP" in row.cells else np.nan
    if row.method == "oracle" and value < ORACLE:
        yield f"The oracle has mAP {_percent(value)} instead of 100 %: the labels or the protocol have a fault."
    if row.method == "random" and random_level is not None and low > random_level:
        yield f"Random features (at least {_percent(low)}) exceed chance ({_percent(random_level)}): results may leak."


def unanswerable(found):
    """How many queries had no other picture of their individual to find, and so count nowhere."""
    return int(max([_value(row, "queries_without_positives", 0) for row in found], default=0))


def best(metrics, protocol, key):
    """The run with the highest `key` under `protocol`, or None; of the controls, pixels alone, and only if need be."""
    scored = metrics[(metrics["protocol"] == protocol) & (metrics["metric"] == key) & metrics["value"].notna()]
    for candidates in (scored[scored["family"] != "control"], scored[scored["method"] == "pixels"]):
        if len(candidates):
            return candidates.sort_values(["value", "run"], ascending=[False, True]).iloc[0]["run"]
    return None


def _cell(part):
    part = part.sort_values("seed")
    ends = part[["value", "low", "high"]].astype(float)
    seeds = tuple((int(seed), *values) for seed, values in zip(part["seed"], ends.itertuples(index=False), strict=True))
    return Cell(*ends.mean(skipna=False), seeds)


def _value(row, metric, missing):
    return row.cells[metric].value if metric in row.cells and not np.isnan(row.cells[metric].value) else missing


def _percent(value):
    return f"{100 * value:.1f} %"
