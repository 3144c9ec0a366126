"""One collection as its section of the page needs it: figures, tables, plots and the plan of its pictures."""

import pandas as pd

from pugmark.reporting import leaderboard, pictures, plots, sightings, strips, summary, tally, training
from pugmark.reporting.pictures import Sheet, Tile, spread

COLUMNS = 11
MOST_CLUSTERS = 24
MOST_TIMELINES = 4
MOST_MASKS = 2 * COLUMNS


def view(collection):
    """{section: what templates/collection.html shows}; `sheets` are the pictures still to draw."""
    retrieval, gallery, masks = retrievals(collection), clusters(collection), masked(collection)
    return {
        "name": collection.name,
        "figures": summary.figures(collection),
        "period": tally.period(collection.tallies),
        "alone": sum(batch.alone for batch in collection.tallies),
        "barren": summary.barren(collection),
        "detectors": sorted(summary.detectors(collection)),
        "boards": boards(collection),
        "clusterings": clusterings(collection),
        "partition": partition(collection.metrics),
        "retrieval": retrieval,
        "gallery": gallery,
        "curves": plots.curves(training.histories(collection)),
        "explained": pictures.explained(collection),
        "masks": masks,
        "batches": collection.tallies,
        "skipped": tally.reasons(collection.tallies, "unused"),
        "doubted": tally.reasons(collection.tallies, "doubted"),
        "counts": summary.counts(collection),
        "settings": summary.settings(collection),
        "methods": summary.methods(collection),
        "sheets": [*(part["sheet"] for part in retrieval), gallery["sheet"], masks["sheet"]],
    }


def boards(collection):
    """One leaderboard per retrieval protocol, the headline first."""
    made, shown = [], leaderboard.RANKING | leaderboard.OPEN_SET
    for protocol in leaderboard.protocols(collection.metrics, collection.protocol):
        rows = leaderboard.rows(collection.metrics, protocol)
        chance = {metric: leaderboard.chance(rows, metric) for metric in ("mAP", "rank1")}
        made.append(
            {
                "protocol": protocol,
                "rows": rows,
                "verdicts": leaderboard.verdicts(rows),
                "warnings": leaderboard.warnings(rows),
                "chance": chance,
                "seeds": max((len(row.cells["mAP"].seeds) for row in rows if "mAP" in row.cells), default=0),
                "columns": {metric: title for metric, title in shown.items() if _stated(rows, metric)},
                "unanswerable": leaderboard.unanswerable(rows),
                "plot": plots.dots(rows, chance, {"mAP": "mAP", "rank1": "Rank-1"}),
            }
        )
    return made


def _stated(rows, metric):
    return any(metric in row.cells for row in rows)


def clusterings(collection):
    """(clustering, rows, warning or None) for each clustering that was compared with names."""
    names = leaderboard.clusterings(collection.metrics)
    found = [(name, leaderboard.rows(collection.metrics, name, "ARI")) for name in names]
    return [(name, rows, leaderboard.unfit(name, rows)) for name, rows in found]


def partition(metrics):
    """{metric: title} of those on clusters that have a value anywhere: ID-F1 is one of videos."""
    stated = set(metrics.loc[metrics["value"].notna(), "metric"])
    return {metric: title for metric, title in leaderboard.PARTITION.items() if metric in stated}


def retrievals(collection):
    """Strips of the best run, and of the random control on the same queries; a sheet without rows if there are none."""
    protocol = next(iter(leaderboard.protocols(collection.metrics, collection.protocol)), None)
    best = leaderboard.best(collection.metrics, protocol, "mAP")
    control = next((run["run"] for run in collection.runs if run["method"] == "random"), None)
    controls = {run["run"] for run in collection.runs if run["family"] == "control"}
    picked, made = None, []
    for run in dict.fromkeys(run for run in (best, control) if run):
        queries = collection.of_run(run, "queries")
        queries = queries[queries["protocol"] == protocol]
        picked = strips.pick(queries) if picked is None else picked
        file = "strips.jpg" if not made else f"strips-{len(made)}.jpg"
        sheet, shown = strips.strips(queries, picked, collection.split, file)
        made.append({"run": run, "is_control": run in controls, "protocol": protocol, "sheet": sheet, "strips": shown})
    return made or [{"run": None, "protocol": None, "sheet": Sheet("strips.jpg", (), COLUMNS), "strips": []}]


def clusters(collection):
    """The gallery of the chosen clustering, the sightings table, and a timeline per video."""
    chosen = sightings.choose(collection)
    if chosen is None:
        return {"run": None, "sheet": Sheet("clusters.jpg", (), COLUMNS)}
    frame = sightings.assigned(collection, *chosen)
    found = sightings.groups(frame)
    real = [group for group in found if group.cluster != sightings.NOISE]
    shown = [*real[:MOST_CLUSTERS], *(group for group in found if group.cluster == sightings.NOISE)]
    return {
        "run": chosen[0],
        "is_control": any(run["run"] == chosen[0] and run["family"] == "control" for run in collection.runs),
        "algorithm": chosen[1],
        "sheet": Sheet("clusters.jpg", tuple(_row(group) for group in shown), COLUMNS),
        "shown": shown,
        "total": len(real),
        "labelled": bool(frame["individual"].notna().any()),
        "errors": sightings.errors(frame),
        "sightings": sightings.table(frame, "cluster"),
        "named": sightings.table(frame, "individual"),
        "timelines": timelines(frame),
    }


def timelines(frame):
    """(video, plot) of the videos with the most crops."""
    videos = frame.dropna(subset=["frame_number"])
    made = []
    for sequence, crops in sorted(videos.groupby("sequence"), key=lambda item: (-len(item[1]), item[0]))[
        :MOST_TIMELINES
    ]:
        found = sightings.groups(crops)[: MOST_CLUSTERS + 1]
        made.append((sequence, plots.timeline(found, crops["frame_number"])))
    return made


def masked(collection):
    """The shares of the mask sources and a sheet with a row of outlined crops for each."""
    crops = collection.masks.merge(collection.crops, left_on="detection_id", right_on="crop_id")
    crops = crops.sort_values(["area_fraction", "crop_id"])
    rows, captions = [], []
    for source, part in sorted(crops.groupby("mask_source"), key=lambda item: -len(item[1])):
        picked = part.iloc[spread(range(len(part)), MOST_MASKS)]
        for start in range(0, len(picked), COLUMNS):
            tiles = picked.iloc[start : start + COLUMNS]
            rows.append(tuple(Tile(crop_id, outlined=True) for crop_id in tiles["crop_id"]))
            captions.append((source, float(tiles["area_fraction"].min()), float(tiles["area_fraction"].max())))
    return {**summary.mask_sources(collection), "sheet": Sheet("masks.jpg", tuple(rows), COLUMNS), "captions": captions}


def _row(group):
    """Crops of a cluster from the most to the least typical; marked where both the crop and the cluster have a name."""
    crops = group.crops.sort_values(["score", "crop_id"], ascending=[False, True])
    picked = crops.iloc[spread(range(len(crops)), COLUMNS)]
    named = group.name if group.cluster != sightings.NOISE else None
    marks = [None if named is None or pd.isna(who) else who == named for who in picked["individual"]]
    return tuple(Tile(crop_id, mark) for crop_id, mark in zip(picked["crop_id"], marks, strict=True))
