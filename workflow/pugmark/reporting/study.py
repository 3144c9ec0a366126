"""One study as its page needs it: for each collection the cells' figures over seeds, tables and plots."""

import itertools
import math
from dataclasses import dataclass
from statistics import fmean, stdev

from scipy.special import stdtrit

from pugmark.reporting import drawing, leaderboard, plots, training

TITLES = leaderboard.RANKING | {"rank10": "Rank-10"} | leaderboard.OPEN_SET | leaderboard.PARTITION
USUAL = ("mAP", "rank1", "accuracy")
# Published figures are those of k-means, so it comes before what betters it.
ALGORITHMS = ("argmax", "tracks", "kmeans", "kmeans_per_frame", "dbscan", "agglomerative")
# Of a family that learns from the very crops it names, and of one that saw names, those that the others leave out.
PARTS = {
    "video": (", all crops", ""),
    "tracker": (", all crops", ""),
    "supervised": (", unseen crops", ""),
    None: ("", ", all crops"),
}


@dataclass(frozen=True)
class Figure:
    """A metric of a cell: mean over seeds, its interval (NaN if undefined), each seed's value, and the protocol."""

    value: float
    low: float
    high: float
    values: tuple
    protocol: str


def view(study, collections, used):
    """What templates/study.html shows: the study and, as `parts`, each collection that runs any of its cells; as
    `elsewhere`, the published figures of cells that it does not have: (cell, data, {metric: figure}).

    study: as `planning.studies.expand` gives it, with its `name`, and `trainable` (which part of a network, or None)
    in each cell. used: what `resources.trainings` returns.
    """
    names = {cell["name"] for cell in study["cells"]}
    shown = [collection for collection in collections if any(run["name"] in names for run in collection.runs)]
    known = {cell["cell"] for cell in study["cells"]}
    elsewhere = [
        (cell, data, figures)
        for data, cells in study["published"].items()
        for cell, figures in cells.items()
        if cell not in known
    ]
    parts = [_part(study, collection, used) for collection in shown]
    return study | {"parts": parts, "elsewhere": elsewhere, "titles": TITLES}


def interval(values):
    """95 % interval of the mean of `values`, two or more: mean +- t(0.975, n - 1) s / sqrt(n), s with n - 1."""
    mean = fmean(values)
    wide = stdtrit(len(values) - 1, 0.975) * stdev(values) / math.sqrt(len(values))
    return mean - wide, mean + wide


def figure(metrics, protocol, metric):
    """The Figure of `metric` under `protocol` in the rows of one cell, or None where no seed has it.

    With one seed the interval is the run's own, over individuals. Intervals end at the bounds of the metric.
    """
    rows = metrics[(metrics["protocol"] == protocol) & (metrics["metric"] == metric)].dropna(subset=["value"])
    values = tuple(rows.sort_values("seed")["value"].astype(float))
    if not values:
        return None
    low, high = interval(values) if len(values) > 1 else rows[["low", "high"]].astype(float).iloc[0]
    least = -1.0 if metric in ("ARI", "AMI") else 0.0
    ends = (low if math.isnan(low) else max(low, least), high if math.isnan(high) else min(high, 1.0))
    return Figure(fmean(values), *ends, values, protocol)


def clustering(names, family):
    """Of clusterings called ALGORITHM, `ALGORITHM, all crops` or `ALGORITHM, unseen crops` the one that judges a method
    of the family, or None."""
    order = itertools.product(ALGORITHMS, PARTS.get(family, PARTS[None]))
    return next((name for name in map("".join, order) if name in names), None)


def _part(study, collection, used):
    headline = next(iter(leaderboard.protocols(collection.metrics, collection.protocol, collection.film)), None)
    wanted = study["metrics"] or USUAL
    rows = [_row(cell, study, collection, headline, wanted, used) for cell in study["cells"]]
    metrics = [metric for metric in wanted if any(row["figures"][metric] for row in rows)]
    under = {
        metric: sorted({row["figures"][metric].protocol for row in rows if row["figures"][metric]})
        for metric in metrics
    }
    return {
        "name": collection.name,
        "rows": rows,
        "columns": {metric: TITLES[metric] for metric in metrics},
        "under": under,
        "controls": _controls(collection.metrics, under),
        "warnings": _unfit(collection.metrics, under),
        "seeds": max((row["seeds"] for row in rows), default=0),
        "cross": _cross(study["axes"], rows, metrics[0]) if len(study["axes"]) == 2 and metrics else None,
        "plots": [plot for metric in metrics[:2] if (plot := _plot(study["axes"], rows, metric))],
        "training": _curves(study, collection),
    }


def _curves(study, collection):
    drawn = plots.curves(_watched(study, collection))
    return drawn and drawing.svg(drawn, f"Accuracy over the training of each cell on {collection.name}")


def _controls(metrics, under):
    """{(family, name): {metric: Figure or None}} of controls and frozen networks, under the protocol of the cells: what
    each of these has to beat."""
    controls = metrics[metrics["family"].isin(["control", "frozen"])].groupby(["family", "name"], sort=False)
    return {
        name: {metric: figure(rows, protocols[0], metric) for metric, protocols in under.items()}
        for name, rows in controls
    }


def _unfit(metrics, under):
    names = sorted({name for metric in under.keys() & leaderboard.PARTITION.keys() for name in under[metric]})
    told = [leaderboard.unfit(name, leaderboard.rows(metrics, name, "ARI")) for name in names]
    return [sentence for sentence in told if sentence]


def _row(cell, study, collection, headline, wanted, used):
    metrics = collection.metrics[collection.metrics["name"] == cell["name"]]
    family = next(iter(metrics["family"]), None)
    groups = clustering(set(leaderboard.clusterings(metrics)), family)
    figures = {
        metric: figure(metrics, groups if metric in leaderboard.PARTITION else headline, metric) for metric in wanted
    }
    runs = [run for run in collection.runs if run["name"] == cell["name"]]
    told = [used[run["model"]] for run in runs if run["model"] in used]
    peaks = [one["mb"] for one in told if one["mb"] is not None]
    return {
        "cell": cell,
        "figures": figures,
        "published": {
            metric: [(data, cells[cell["cell"]][metric]) for data, cells in study["published"].items()
                     if metric in cells.get(cell["cell"], {})]
            for metric in (*wanted, "memory_gb")
        },
        "seeds": metrics["seed"].nunique(),
        "runs": len(runs),
        "seconds": fmean(one["seconds"] for one in told) if told else None,
        "mb": max(peaks, default=None),
        "gpu": next((one["gpu"] for one in told if one["gpu"]), None),
    }  # fmt: skip


def _cross(axes, rows, metric):
    """The first metric with the first axis down and the second across."""
    (down, lines), (across, columns) = axes
    found = {tuple(row["cell"]["at"]): row["figures"][metric] for row in rows}
    cells = [(line, [found[line, column] for column in columns]) for line in lines]
    return {"title": TITLES[metric], "down": down, "across": across, "columns": columns, "rows": cells}


def _plot(axes, rows, metric):
    """The metric against the first axis whose values are numbers, a line for each value of the others; or None."""
    at = next((at for at, (_, values) in enumerate(axes) if len(values) > 1 and all(map(_number, values))), None)
    if at is None:
        return None
    lines = {}
    for row in rows:
        others = [value for place, value in enumerate(row["cell"]["at"]) if place != at]
        if found := row["figures"][metric]:
            point = float(row["cell"]["at"][at]), found.value, found.low, found.high
            lines.setdefault(", ".join(others), []).append(point)
    if not lines:
        return None
    drawn = plots.against(axes[at][0], TITLES[metric], lines)
    return drawing.svg(drawn, f"{TITLES[metric]} against {axes[at][0]}; the table has the numbers")


def _number(word):
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _watched(study, collection):
    """{cell: {seed: {epoch: accuracy of its groups}}} of the cells that group crops while they learn."""
    known, found = training.histories(collection), {}
    for cell in study["cells"]:
        for seed, history in known.get(cell["name"], {}).items():
            told = {epoch: {training.ACCURACY: row[training.ACCURACY]} for epoch, row in history.items()
                    if training.ACCURACY in row}  # fmt: skip
            if told:
                found.setdefault(cell["cell"], {})[seed] = told
    return found
