"""Evaluate one run: retrieval under each protocol and agreement of its clusters with the individuals, with intervals.

    python -m pugmark.stages.evaluate --split split.parquet --folder results/C/batches --run NAME \\
        --clusters clusters.parquet --trained trained.parquet --out metrics.parquet --queries queries.parquet \\
        --settings '{"method": "imagenet", "seed": 1}'

A re-ranked run has no clusters of its own, and is told its re-ranker:

        --settings '{..., "rerank": {"name": "local", "shortlist": 50, "params": {...}}}'

and `--weights NAME=PATH`, where that loads any.
"""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from pugmark import reranking, tables, vectors
from pugmark.metrics import open_set, protocols, ranking, shortlist, summary
from pugmark.runtime import cli
from pugmark.weights import verified

DEFAULTS = {
    "method": "unnamed",
    "seed": 0,  # of the run, and of the resampling
    "protocols": None,  # as pugmark.metrics.protocols describes them; None for its defaults
    "resamples": 1000,
    "ties": "pessimistic",  # or optimistic
    "count_as_zero": False,  # queries without positives: left out and counted, or scored 0
    "family": "supervised",  # has seen names; for any other family all named crops are evaluated as well
    "chooses": False,  # whether it picks its own training crops, and is evaluated on the rest of their sequences
    "manifest": {},  # of weight files, as weights.verified takes it
    "rerank": None,  # or {name, shortlist, params, with}: which re-ranker orders the nearest anew; `with` names runs
}
_TODAY = "to train it on the split of today, run Snakemake once with `--forcerun train`."
log = logging.getLogger(__name__)


def evaluate(split, features, clusters, settings, trained=(), folder=None, run=None, teachers=None, weights=None):
    """Rows of the metrics and of the queries table, as lists of dicts, and how many test crops are left out because the
    model has learned from them or their sequences.

    split: DataFrame of the split table. features: float32 N x D of unit norm, row by row. clusters: DataFrame of the
    clusters table, or None. settings: some of DEFAULTS. trained: ids of the crops that the model learned from. They are
    neither queries nor gallery, whatever the split says today, and nor are sequences that have changed sides since.
    Crops without an individual are left out. folder: holds {batch}/keypoints and the features of further runs, for a
    re-ranker that reads them. run: whose features these are. teachers: (split, folder) of another collection, on whose
    training part a re-ranker is fitted; None for this one. weights: Weights of a network that matches. Raises
    ProtocolError, or ValueError if features are not finite.
    """
    settings = DEFAULTS | settings
    # A video method fits the very boxes that it names, by design. Read its figures with that in mind.
    asked = split if settings["family"] == "video" else _unseen(split, trained, settings["chooses"])
    # A method that picks its own crops does so whenever it is trained.
    left_out = 0 if settings["chooses"] else int((asked["split"] != split["split"]).sum())
    nobody_asks = _named(asked, features, "query", "test")[0].empty
    prepare, figures = None, {}
    if settings["rerank"] and not nobody_asks:
        prepare, figures = reranking.prepared(settings["rerank"], *(teachers or (split, folder)), run, weights)
    metrics, queries = _retrieval(asked, features, settings, folder, prepare)
    metrics += _fit(figures)
    if left_out:
        log.warning(
            "%d test crops are left out, because they or their sequences trained this model: %s", left_out, _TODAY
        )
    elif not queries:
        log.warning("The test part holds no named crop, so there are no retrieval figures: name more crops.")
    metrics += _clusterings(asked, clusters, settings, trained) if clusters is not None else []
    about = {"method": settings["method"], "seed": settings["seed"]}
    return [about | row for row in metrics], queries, left_out


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("split", "folder", "run", "out", "queries"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--trained", required=True, nargs="+", help="what each of the runs that are read learned from")
    parser.add_argument("--clusters", help="clusters of the run; a re-ranked run has none")
    parser.add_argument("--teachers", help="folder of another collection, whose training part fits the re-ranker")
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    split = tables.read(arguments.split, "split")
    features = vectors.of_collection(split, arguments.folder, arguments.run)
    clusters = tables.read(arguments.clusters, "clusters") if arguments.clusters else None
    trained = pd.concat([tables.read(path, "trained")["crop_id"] for path in arguments.trained])
    teachers = _collection(Path(arguments.teachers)) if arguments.teachers else None
    given = verified(arguments.weights, settings["manifest"])
    metrics, queries, left_out = evaluate(
        split, features, clusters, settings, trained, arguments.folder, arguments.run, teachers, *given.values()
    )
    named, asked = int(split["individual"].notna().sum()), len({row["crop_id"] for row in queries})
    counts = {"crops": len(split), "queries": asked, "test crops that trained the model": left_out}
    counts["metrics"] = len(metrics)
    models = [file.provenance() for file in given.values()]
    tables.write(arguments.queries, "queries", queries, "evaluate", settings, models, counts)
    tables.write(arguments.out, "metrics", metrics, "evaluate", settings, models, counts)
    if metrics:
        log.info("%d metrics from %d queries over %d crops", len(metrics), asked, len(split))
    else:
        log.info("nothing to measure: %d crops, of which %d are named", len(split), named)


def _collection(folder):
    """(split, folder of the batches) of the collection at `folder`."""
    return tables.read(folder / "split.parquet", "split"), folder / "batches"


def _unseen(split, trained, chooses):
    """`split` without, in its test part, crops that the model learned from and what is left of their sequences."""
    learned = split["crop_id"].isin(trained)
    if not chooses:
        # The split has changed since the training, which had these sequences on its side.
        learned |= split["sequence"].isin(split["sequence"][learned & (split["split"] != "train")])
    leaked = learned & split["split"].isin(["val", "query", "gallery", "test"])
    return split.assign(split=split["split"].mask(leaked, "unused"))


def _retrieval(split, features, settings, folder, prepare):
    parts = [_named(split, features, part, "test") for part in ("query", "gallery")]
    (asked, _), (searched, _) = parts
    if asked.empty:
        return [], []
    items = [items for _, items in parts]
    held = _named(split, features, "val")
    reorder, reorder_held = (_reorder(*both, settings, folder, prepare) for both in (parts, (held, held)))
    metrics, queries = [], []
    for name, protocol in (settings["protocols"] or protocols.default(searched)).items():
        is_junk = protocols.junk(name, protocol, asked, searched)
        ranked = ranking.rank(*items, is_junk, settings["ties"], reorder)
        summary.warn_of_ties(name, ranked)
        rows = summary.retrieval(ranked, items[0].individuals, settings)
        threshold = _threshold(name, protocol, *held, settings, reorder_held)
        rows += summary.open_set_rows(ranked, items[0].individuals, threshold, settings)
        if "groups" in protocol:
            several = protocols.spread(protocol["groups"], asked, searched)
            rows += summary.grouped(ranked, items[0].individuals, several, settings)
        metrics += [{"protocol": name} | row for row in rows]
        queries += _query_rows(name, ranked, items)
    return metrics, queries


def _named(split, features, *words):
    """The named rows of these parts of the split, and their Items."""
    places = np.flatnonzero(split["individual"].notna() & split["split"].isin(words))
    rows = split.iloc[places].reset_index(drop=True)
    return rows, ranking.Items(features[places], rows["crop_id"].to_numpy(object), rows["individual"].to_numpy(object))


def _fit(figures):
    """Rows of the metrics on what a re-ranker was fitted on."""
    return [
        {"protocol": "fit", "metric": name, "value": float(value), "low": None, "high": None, "n": figures["pairs"]}
        for name, value in figures.items()
    ]


def _reorder(queries, gallery, settings, folder, prepare):
    """What re-ranks `queries` in `gallery` (each rows and Items), as `ranking.rank` takes it; None if nothing does."""
    if prepare is None:
        return None
    asked = settings["rerank"]
    rows = pd.concat([queries[0], gallery[0]], ignore_index=True)
    kept = ~rows["crop_id"].duplicated().to_numpy()
    features = np.concatenate([items.vectors for _, items in (queries, gallery)])[kept]
    crops = reranking.crops(rows[kept], features, asked, folder)
    rescore = prepare(crops)
    left, right = (pd.Index(crops.ids).get_indexer(items.ids) for _, items in (queries, gallery))

    def of_places(query, places, similarities):
        return rescore(int(left[query]), right[places], similarities)

    return shortlist.reorder(gallery[1].ids, asked["shortlist"], of_places)


def _threshold(name, protocol, held, items, settings, reorder):
    """The similarity below which an animal counts as new, from the validation part; None without one."""
    if held.empty:
        return None
    with_own = ranking.rank(items, items, protocols.junk(name, protocol, held, held), settings["ties"], reorder)
    without_own = ranking.rank(items, items, _all_of_them, settings["ties"], reorder)
    return open_set.threshold(with_own, without_own, items.individuals)


def _all_of_them(query, own):
    return np.ones(len(own), bool)


def _query_rows(protocol, ranked, items):
    queries, gallery = items
    rows = []
    for query, neighbours in enumerate(ranked["neighbours"]):
        shown, answerable = neighbours >= 0, ranked["positives"][query] > 0
        row = {"protocol": protocol, "crop_id": queries.ids[query], "individual": queries.individuals[query]}
        row |= {name: int(ranked[name][query]) for name in ("positives", "junk")}
        row |= {name: int(ranked[name][query]) if answerable else None for name in ("first_rank", "last_rank")}
        row |= {name: float(ranked[name][query]) if answerable else None for name in ("ap", "ap_trapezoid")}
        row["neighbours"] = gallery.ids[neighbours[shown]].tolist()
        row["correct"] = ranked["correct"][query][shown].tolist()
        rows.append(row)
    return rows


def _clusterings(split, clusters, settings, trained):
    """Rows of each algorithm for the named crops of the test part.

    Also for all named crops if the method has seen no names, and for all unseen named crops if a supervised method
    chose its own training crops.
    """
    named = split[split["individual"].notna()]
    tested = named[named["split"].isin(["query", "gallery", "test"])]
    parts, learned = {"": tested}, split["crop_id"].isin(trained)
    if settings["family"] != "supervised" and len(tested) < len(named):
        parts[", all crops"] = named
    if settings["family"] == "supervised" and (split["split"][learned] != "train").any():
        parts[", unseen crops"] = split[split["individual"].notna() & ~learned]
    rows = []
    for algorithm, labels in clusters.groupby("algorithm"):
        for suffix, part in parts.items():
            both = pd.merge(part, labels, on="crop_id", validate="one_to_one")
            # A classifier answers with the names of its training crops, in their order: these need no matching.
            names = np.unique(split["individual"][learned].to_numpy(str)) if algorithm == "argmax" else None
            rows += [{"protocol": algorithm + suffix} | row for row in _clustering(both, settings, names)]
    return rows


def _clustering(both, settings, names):
    if both.empty:
        return []
    on_video = both["frame_number"].notna().to_numpy()
    individuals, clusters = both["individual"].to_numpy(object), both["cluster"].to_numpy()
    return summary.clustering(individuals, clusters, on_video, settings, names)


if __name__ == "__main__":
    main()
