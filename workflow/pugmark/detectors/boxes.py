"""Boxes that somebody has drawn: in labels.csv, boxes.csv, a Camtrap DP package, COCO Camera Traps or a data set.

The species of a box, where it is said, is its `source_label`; one called person or vehicle is no animal.
"""

from pathlib import Path

from pugmark.formats import classes, duplicates, sidecars

DEFAULTS = {
    "labels": "sidecar",  # always as in the collection: sidecar, or {"dataset": class of wildlife-datasets}
    "file": None,  # a table or COCO Camera Traps file apart from the batch, paths relative to it; null: the sidecars
}
ALLOWED = {
    "file": "null or word",
}


def detect(media, batch, settings, weights, counts):
    """Yield a row of confidence 1 per drawn box on the media's images and sampled frames.

    Raises BatchError where a sidecar is wrong. Who the animal is goes no further than the sidecar.
    """
    usable = media[(media["status"] == "ok") & (media["kind"] != "video")]
    ids = {
        (row.path, None if row.kind == "image" else int(row.frame_number)): row.media_id for row in usable.itertuples()
    }
    for row in duplicates.moved(_drawn(batch, settings), duplicates.in_table(media)).itertuples():
        media_id = ids.get((row.path, None if row.frame_number != row.frame_number else int(row.frame_number)))
        if media_id is None:
            counts["boxes on images and frames that are not taken"] += 1
            continue
        box = {"x": row.x, "y": row.y, "w": row.w, "h": row.h}
        label = classes.label(row.species) if row.species else "animal"
        if label is None:
            counts[f"boxes of class {row.species}, which is nothing to see"] += 1
            continue
        yield {"media_id": media_id, "label": label, "source_label": row.species, "confidence": 1.0, **box}


def frames(batch, settings):
    """{path: frame numbers} of the videos in the folder `batch` on which `file` has boxes. Raises BatchError.

    What sidecars in the batch say is read wherever its media are.
    """
    if not settings["file"]:
        return {}
    drawn = _drawn(batch, settings).dropna(subset="frame_number")
    return {path: set(rows["frame_number"].astype(int)) for path, rows in drawn.groupby("path")}


def _drawn(batch, settings):
    said = sidecars.read(batch, settings, settings["file"] and Path(settings["file"]))
    return said.dropna(subset=["x", "y", "w", "h"])
