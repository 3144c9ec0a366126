"""Measure what the scores of a run are worth, and choose what is decided without a person.

    python -m pugmark.stages.calibrate --pairs pairs.parquet --split split.parquet --folder results/C/batches \\
        --trained trained.parquet --out calibration.parquet --settings '{"error": 0.05, "inspect": null}'

Named encounters of animals that the model has not learned from are judged. Where those are too few, so are others of
sequences that it has not learned from: that flatters it, and `strangers`, the share of the former, says so. The rates
of error are measured on half of the individuals with thresholds from the other half, and the other way round; the
thresholds that are written come from all. With `--run`, whose features they are, scores are estimated where too few
encounters are named (identity.unnamed).
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from pugmark import reranking, tables
from pugmark.identity import known, strategy
from pugmark.metrics import calibration, intervals
from pugmark.runtime import cli

DEFAULTS = {
    "error": 0.05,
    "inspect": None,
    "calibration": "isotonic",
    "withhold": [],
    "learns": False,
}
KNOTS = 100
"""Scores at which the probability is written; between them it is interpolated."""
log = logging.getLogger(__name__)


def calibrate(pairs, named, share, settings, learned=()):
    """Rows of the calibration table. pairs: DataFrame of the pairs table. Others: as of strategy.judged."""
    settings = DEFAULTS | settings
    table = strategy.judged(pairs, named, share, learned)
    most = int(pairs["rank"].max()) if len(pairs) else None
    rule = strategy.chosen(table, settings["error"], settings["inspect"], share, most)
    rows = [row(name, getattr(rule, name), len(table)) for name in ("accept", "new", "inspect")]
    return (
        rows
        + rates(table, share, settings)
        + probabilities(pairs[~pairs["encounter"].isin(learned)], named, settings["calibration"])
    )


def rates(table, share, settings):
    """Rows of the rates of error on individuals that did not choose the thresholds. table: as of strategy.judged."""
    fold = np.unique(table["individual"].to_numpy(str), return_inverse=True)[1] % 2
    parts = []
    for held in (0, 1) if len(set(fold)) == 2 else ():
        rule = strategy.chosen(table[fold != held], settings["error"], settings["inspect"], share)
        parts.append(strategy.outcome(table[fold == held], rule))
    if not parts:
        return []
    found = pd.concat(parts).loc[table.index]
    everyone, seen = np.ones(len(table)), table["seen"].to_numpy(float)
    # As many errors again for the candidates that nobody has named.
    wrong = found["wrong"] / share
    missed = found["missed"] + (wrong - found["wrong"]) * seen
    asked = [("FNR", missed, seen), ("FPR", wrong, everyone), ("asked", found["asked"], everyone)]
    rows = []
    for name, above, below in asked:
        if below.sum():
            ends = intervals.of_rates(above.to_numpy(float), below, table["individual"].to_numpy(str))
            rows.append(row(name, min(1.0, above.sum() / below.sum()), int(below.sum()), *ends))
    return rows


def probabilities(pairs, named, way):
    """Rows of the probability that a pair is one animal, at scores over their whole range; none without both kinds.

    It holds at the density of true pairs that these pairs have: the best candidates of each encounter.
    """
    both = pairs[pairs["encounter"].isin(named.index) & pairs["candidate"].isin(named.index)]
    one, other = (named.loc[both[end]] for end in ("encounter", "candidate"))
    apart = one["sequence"].to_numpy() != other["sequence"].to_numpy()
    scores = both["score"].to_numpy(float)[apart]
    same = (one["individual"].to_numpy() == other["individual"].to_numpy())[apart]
    if not same.any() or same.all():
        return []
    at = np.unique(np.quantile(scores, np.linspace(0, 1, KNOTS)))
    found = calibration.WAYS[way](scores, same)(at)
    return [row("probability", value, len(scores), at=score) for score, value in zip(at, found, strict=True)]


def estimated(pairs, every, folder, run, settings):
    """Rows of the calibration table that need no names, none where nothing can be estimated. every: of known.crops."""
    from pugmark.identity import unnamed  # loads scikit-learn

    found = unnamed.estimate(pairs, every, settings["error"], *unnamed.all_certain(every, folder, run))
    if found is None:
        return []
    rule, rates, fit, scores = found
    told = {"accept": rule.accept, "new": rule.new, "inspect": settings["inspect"] or rule.inspect}
    rows = [row(name, value, len(scores)) for name, value in (told | rates).items()]
    at = np.unique(np.quantile(scores, np.linspace(0, 1, KNOTS)))
    likely = zip(at, fit.probability(at), strict=True)
    return rows + [row("probability", value, len(scores), at=score) for score, value in likely]


def row(quantity, value, number, low=None, high=None, at=None):
    """A row of the calibration table."""
    return {"quantity": quantity, "at": at, "value": float(value), "low": low, "high": high, "n": number}


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("pairs", "split", "folder", "out"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--run", help="whose features gave the scores, where they are cosines")
    parser.add_argument("--trained", required=True, nargs="+", help="what the model learned from")
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    split = tables.read(arguments.split, "split")
    trained = pd.concat([tables.read(path, "trained")["crop_id"] for path in arguments.trained])
    if settings["learns"]:  # the re-ranker, from the named crops of the training part
        trained = pd.concat([trained, reranking.taught(split)["crop_id"]])
    every = known.crops(split, arguments.folder, settings["withhold"])
    named = known.named(every)
    share = max(1, len(named)) / max(1, every["encounter"].nunique())
    learned, strangers = unjudged(named, every, trained, settings["error"], share)
    pairs = tables.read(arguments.pairs, "pairs")
    rows = calibrate(pairs, named, share, settings, learned)
    named = named[~named.index.isin(learned)]
    if arguments.run and len(named) < strategy.fewest(settings["error"]):
        rows = estimated(pairs, every, Path(arguments.folder), arguments.run, settings) or rows
    if len(named):
        rows.append(row("strangers", named.index.isin(strangers).mean(), len(named)))
    counts = {"named encounters": len(named), "individuals": int(named["individual"].nunique())}
    tables.write(arguments.out, "calibration", rows, "calibrate", settings, counts=counts)
    told = {one["quantity"]: one["value"] for one in rows if one["quantity"] != "probability"}
    log.info("%d named encounters; %s", len(named), ", ".join(f"{name} {value:.3g}" for name, value in told.items()))
    few = len(named) < strategy.fewest(settings["error"], share)
    for sentence in shortfalls(told, few, settings["error"]):
        log.warning("%s", sentence)


def unjudged(named, every, trained, error, share):
    """(Encounters that are not judged, those of animals that the model has not learned from). Others: as of known."""
    learned, strangers = known.learned(every, trained), known.strangers(named, every, trained)
    if len(strangers) >= strategy.fewest(error, share):
        learned = np.union1d(learned, named.index.difference(strangers))
    return learned, strangers


def shortfalls(told, few, error):
    """Sentences on what cannot be promised. told: {quantity: value}. few: whether named encounters are too few."""
    what = []
    if np.isinf(told["accept"]):
        what.append("no score is sure enough to name an animal")
    if np.isinf(told["new"]):
        what.append("no score is low enough to call an animal new, so a person is asked whenever there is a candidate")
    if not what:
        return []
    why = "Too few encounters are named that the model has not learned from: name more animals."
    if not few:
        why = (
            "Too many look like others or lack the right candidate: take another method or re-ranker, raise match.most."
        )
    return [f"At an error of {error:g} {' and '.join(what)}. {why}"]


if __name__ == "__main__":
    main()
