"""One collection as its section of the page needs it: figures, tables, plots and the plan of its pictures."""

from pugmark import tables
from pugmark.reporting import (
    drawing,
    galleries,
    individuals,
    leaderboard,
    pictures,
    plots,
    sightings,
    strips,
    summary,
    tally,
    training,
)
from pugmark.reporting.pictures import Sheet, Tile, spread

COLUMNS = 11
"""Crops in a row of the galleries."""
MOST_CLUSTERS = 24
MOST_TIMELINES = 4
MOST_MASKS = 2 * COLUMNS


def view(collection, links, new=()):
    """{section: what templates/collection.html shows}; `sheets` are the pictures still to draw.

    links: captions.Links. new: the batches that the last report did not have.
    """
    retrieval, gallery, masks = retrievals(collection, links), clusters(collection, links), masked(collection)
    seen = individuals.seen(collection, new)
    return {
        "name": collection.name,
        "new": [batch for batch in collection.batches if batch in new],
        "figures": summary.figures(collection),
        "period": tally.period(collection.tallies),
        "alone": sum(batch.alone for batch in collection.tallies),
        "barren": summary.barren(collection),
        "unknown": summary.unknown(collection),
        "detectors": sorted(summary.detectors(collection)),
        "relearned": summary.relearned(collection),
        "boards": boards(collection),
        "unanswered": leaderboard.unanswered(collection.metrics, collection.protocol),
        "clusterings": clusterings(collection),
        "partition": partition(collection.metrics),
        "retrieval": retrieval,
        "gallery": gallery,
        "individuals": seen,
        "sighted": individuals.sightings_table(collection) if seen["run"] else None,
        "curves": trained(collection),
        "explained": pictures.explained(collection),
        "maps": maps(collection),
        "masks": masks,
        "batches": collection.tallies,
        "skipped": tally.reasons(collection.tallies, "unused"),
        "doubted": tally.reasons(collection.tallies, "doubted"),
        "counts": summary.counts(collection),
        "settings": summary.settings(collection),
        "methods": summary.methods(collection),
        "sheets": [*(part["sheet"] for part in retrieval), gallery["sheet"], seen["sheet"], masks["sheet"]],
    }


def maps(collection):
    """[{"run", "drawn", "silhouette", "crops"}] of the runs that are explained and have a map."""
    found = []
    for run in collection.explained:
        path = collection.folder / "runs" / run / "layout.parquet"
        points = tables.read(path, "layout") if path.exists() else ()
        if len(points):
            drawn = drawing.svg(plots.layout(points), f"Map of the vectors of {run}")
            found.append({"run": run, "drawn": drawn, **tables.provenance(path)["counts"]})
    return found


def boards(collection):
    """One leaderboard per retrieval protocol, the headline first."""
    made, shown = [], leaderboard.RANKING | leaderboard.OPEN_SET
    for protocol in leaderboard.protocols(collection.metrics, collection.protocol, collection.film):
        rows = leaderboard.rows(collection.metrics, protocol)
        chance = {metric: leaderboard.chance(rows, metric) for metric in ("mAP", "rank1")}
        gains = leaderboard.gains(rows, lambda row, protocol=protocol: collection.queries(row.name, protocol))
        drawn = plots.dots(rows, chance, {"mAP": "mAP", "rank1": "Rank-1"})
        what = f"mAP and Rank-1 of each method on {collection.name}, protocol {protocol}; the table has the numbers"
        made.append(
            {
                "protocol": protocol,
                "rows": rows,
                "gains": gains,
                "verdicts": leaderboard.verdicts(gains),
                "caution": leaderboard.caution(rows),
                "individuals": leaderboard.individuals(rows),
                "warnings": leaderboard.warnings(rows),
                "chance": chance,
                "seeds": max((len(row.cells["mAP"].seeds) for row in rows if "mAP" in row.cells), default=0),
                "columns": {metric: title for metric, title in shown.items() if _stated(rows, metric)},
                "unanswerable": leaderboard.unanswerable(rows),
                "plot": drawing.svg(drawn, what),
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


def trained(collection):
    """The training curves as an SVG, or None where nothing was trained."""
    drawn = plots.curves(training.histories(collection))
    return drawn and drawing.svg(drawn, f"Training curves of {collection.name}")


def retrievals(collection, links):
    """Strips of the best run, and of the random control on the same queries; a sheet without rows if there are none."""
    protocol = next(iter(leaderboard.protocols(collection.metrics, collection.protocol, collection.film)), None)
    best = leaderboard.best(collection.metrics, protocol, "mAP")
    control = next((run["run"] for run in collection.runs if run["method"] == "random"), None)
    controls = {run["run"] for run in collection.runs if run["family"] == "control"}
    picked, made = None, []
    for run in dict.fromkeys(run for run in (best, control) if run):
        queries = collection.of_run(run, "queries")
        queries = queries[queries["protocol"] == protocol]
        picked = strips.pick(queries) if picked is None else picked
        file = "strips.jpg" if not made else f"strips-{len(made)}.jpg"
        sheet, shown = strips.strips(queries, picked, collection.index, links, file)
        made.append({"run": run, "is_control": run in controls, "protocol": protocol, "sheet": sheet, "strips": shown})
    return made or [{"run": None, "protocol": None, "sheet": Sheet("strips.jpg", (), COLUMNS), "strips": []}]


def clusters(collection, links):
    """The gallery of the chosen clustering, a page for each cluster, the sightings table, and a timeline per video."""
    chosen = sightings.choose(collection)
    if chosen is None:
        return {"run": None, "sheet": Sheet("clusters.jpg", (), COLUMNS)}
    frame = sightings.assigned(collection, *chosen)
    found = sightings.groups(frame)
    real = [group for group in found if not group.is_noise]
    shown = [*real[:MOST_CLUSTERS], *(group for group in found if group.is_noise)]
    return {
        "run": chosen[0],
        "is_control": any(run["run"] == chosen[0] and run["family"] == "control" for run in collection.runs),
        "algorithm": chosen[1],
        "sheet": Sheet("clusters.jpg", tuple(_row(group) for group in shown), COLUMNS),
        "shown": shown,
        "total": len(real),
        "pages": galleries.pages(found, links),
        "to_fill": {batch: galleries.to_fill(part) for batch, part in galleries.by_batch(frame).items()},
        "species": sorted(frame["species"].dropna().unique()),
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
        drawn = plots.timeline(found, crops["frame_number"])
        made.append((sequence, drawing.svg(drawn, f"Frames of {sequence} in which each cluster was seen")))
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
    """A few crops of a cluster; marked where both the crop and the cluster have a name."""
    picked = sightings.examples(group.crops, COLUMNS)
    marks = galleries.marks(group, picked)
    return tuple(Tile(crop_id, mark) for crop_id, mark in zip(picked["crop_id"], marks, strict=True))
