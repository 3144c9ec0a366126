"""Rows of the metrics table from values per query and per crop."""

import logging

import numpy as np

from pugmark.metrics import intervals, open_set, partition

TIE_WARNING = 1e-3
log = logging.getLogger(__name__)


def retrieval(ranking, individuals, settings, group=""):
    """Rows {metric, value, low, high, n} of the retrieval metrics.

    ranking: from `ranking.rank`. individuals: of the queries, array of Q. Queries without positives are left out, and
    their number is a row; with settings["count_as_zero"] they score 0 instead. group: suffix of the metrics' names.
    """
    answerable = ranking["positives"] > 0
    counted = answerable | settings["count_as_zero"]
    rows = []
    for metric, values in _per_query(ranking).items():
        kept = np.where(answerable, values, 0.0)[counted]
        chance = metric.endswith("_chance")
        low, high = (None, None) if chance else _interval(kept, np.ones(len(kept)), individuals[counted], settings)
        rows.append(_row(metric + group, kept.mean() if len(kept) else np.nan, len(kept), low, high))
    rows.append(_row("individuals" + group, len(np.unique(individuals[counted])), len(counted)))
    rows.append(_row("queries" + group, counted.sum(), len(counted)))
    rows.append(_row("queries_without_positives" + group, (~answerable).sum(), len(counted)))
    return rows


def grouped(ranking, individuals, several, settings):
    """Rows for queries whose individual is known from one place (single), for those from several (cross), and mmAP."""
    rows = []
    for group, chosen in (("_single", ~several), ("_cross", several)):
        part = {name: values[chosen] for name, values in ranking.items()}
        rows += retrieval(part, individuals[chosen], settings, group)
    parts = [row for row in rows if row["metric"] in ("mAP_single", "mAP_cross")]
    return [*rows, _row("mmAP", np.mean([row["value"] for row in parts]), sum(row["n"] for row in parts))]


def open_set_rows(ranking, individuals, threshold, settings):
    """Rows of the open-set metrics. Without a query of a new individual there are none.

    If `threshold` is None, there is only the area under the ROC curve.
    """
    new, known = open_set.unknown(ranking), ranking["positives"] > 0
    if not new.any():
        return []
    rows = [_row("AUROC_new", open_set.auroc(ranking), (new | known).sum())]
    if threshold is None:
        return rows
    accepted = ranking["similarity"] >= threshold
    shares = {
        "BAKS": open_set.balanced((open_set.named(ranking) & accepted)[known], individuals[known]),
        "BAUS": open_set.balanced(~accepted[new], individuals[new]),
    }
    for metric, values in shares.items():
        low, high = _interval(values, np.ones(len(values)), np.arange(len(values)), settings)
        rows.append(_row(metric, values.mean() if len(values) else np.nan, len(values), low, high))
    combined = np.sqrt(rows[1]["value"] * rows[2]["value"])
    return [*rows, _row("BAKS_BAUS", combined, sum(map(len, shares.values()))), _row("new_below", threshold, len(new))]


def clustering(individuals, clusters, on_video, settings, names=None):
    """Rows of one clustering. individuals, clusters: arrays of N. on_video: which items are video frames, for ID-F1.

    names: the individual that the method gives to each cluster; None to match clusters to individuals one to one.
    Intervals keep the matching fixed. ARI and AMI have no interval.
    """
    number, present = len(individuals), len(np.unique(individuals))
    found = len(np.unique(clusters[clusters >= 0]))
    right = (
        partition.matched(individuals, clusters)
        if names is None
        else (names[clusters] == individuals) & (clusters >= 0)
    )
    rows = [_row("accuracy", right.mean(), number, *_interval(right, np.ones(number), individuals, settings))]
    for metric, value in zip(("ARI", "AMI"), partition.agreement(individuals, clusters), strict=True):
        rows.append(_row(metric, value, number))
    if on_video.any():
        there = partition.matched(individuals[on_video], clusters[on_video]) if names is None else right[on_video]
        above, below = partition.id_f1(there, clusters[on_video])
        low, high = _interval(above, below, individuals[on_video], settings)
        rows.append(_row("IDF1", above.sum() / below.sum(), on_video.sum(), low, high))
    rows.append(_row("individuals", present, number))
    rows.append(_row("clusters", found, number))
    rows.append(_row("count_error", abs(found - present) / present, number))
    rows.append(_row("noise_share", (clusters < 0).mean(), number))
    return rows


def warn_of_ties(protocol, ranking):
    """Log a warning if breaking ties the other way would visibly change mAP or Rank-1."""
    answerable = ranking["positives"] > 0
    if not answerable.any():
        return
    ap = np.mean(ranking["ap"][answerable] - ranking["other_ap"][answerable])
    first = np.mean((ranking["first_rank"] == 1)[answerable]) - np.mean((ranking["other_rank"] == 1)[answerable])
    if max(abs(ap), abs(first)) > TIE_WARNING:
        log.warning(
            "%s: ties decide: counted the other way, mAP would be %.4f and Rank-1 %.4f higher; "
            "features repeat or have collapsed.", protocol, -ap, -first
        )  # fmt: skip


def _per_query(ranking):
    positives, first = ranking["positives"], ranking["first_rank"]
    within = {f"rank{k}": (first <= k).astype(float) for k in (1, 5, 10)}
    return {
        "mAP": ranking["ap"],
        "mAP_trapezoid": ranking["ap_trapezoid"],
        **within,
        "mINP": positives / np.maximum(ranking["last_rank"], 1),
        "rank1_chance": positives / np.maximum(ranking["available"], 1),
        "mAP_chance": _chance_of_ap(positives, ranking["available"]),
    }


def _chance_of_ap(positives, available):
    """Expected average precision of a random order of n items with R positives.

    A positive is at each rank k with probability 1/n. Then (k-1)(R-1)/(n-1) other positives are expected before it. The
    result is the mean over k of (1 + (k-1)(R-1)/(n-1)) / k, summed with the harmonic number H_n.
    """
    n, others = np.maximum(available, 1), np.maximum(available - 1, 1)
    harmonic = np.cumsum(1 / np.arange(1, n.max(initial=1) + 1))[n - 1]
    return (harmonic + (positives - 1) / others * (n - harmonic)) / n


def _interval(numerators, denominators, individuals, settings):
    return intervals.of_ratios(numerators, denominators, individuals, settings["resamples"], settings["seed"])


def _row(metric, value, n, low=None, high=None):
    return {"metric": metric, "value": float(value), "low": low, "high": high, "n": int(n)}
