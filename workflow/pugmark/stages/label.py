"""Who the sidecars say each crop shows.

The boxes of a sidecar and the crops of the same image or frame are paired one to one so that their overlap is largest;
pairs below `min_iou` are none. A name without a box goes to the most confident crop of the image, or of every frame of
the video, that no box has named; two such names for one image cannot be told apart and name nobody. What is said of a
duplicate is said of the file that is used. A split that all statements about an image share holds for all of its crops,
named or not, so that no method trains on a test image; several splits for one image are none.
"""

import logging
import math
from collections import Counter
from pathlib import Path

from scipy.optimize import linear_sum_assignment

from pugmark import tables
from pugmark.formats import boxes, duplicates, folder, sidecars
from pugmark.runtime import cli

LOG = logging.getLogger("pugmark.stages.label")
DEFAULTS = {"labels": "sidecar", "min_iou": 0.5}
_SAID = ["individual", "viewpoint", "split"]
_CROP = ["crop_id", "path", "frame_number", *"xywh", "confidence"]


def label(crops, said, min_iou=0.5):
    """Match `crops` (DataFrame with crop_id, path, frame_number, x, y, w, h, confidence) with what is `said` of them.

    said: DataFrame of `sidecars.read`. min_iou: smallest overlap of a labelled box with the crop's unpadded box.
    Returns the rows of the labels table (list of dicts, in the order of the crops) and a dict of counts.
    """
    crops, said = crops.to_dict("records"), said[said[_SAID].notna().any(axis=1)].to_dict("records")
    rows, used, counts = {crop["crop_id"]: dict.fromkeys(_SAID) for crop in crops}, set(), Counter()
    images, statements = _by_image(crops), _by_image(said)
    for (path, frame), members in images.items():
        # What is said of a video as a whole holds for each of its frames.
        found = statements.get((path, frame), []) + (statements.get((path, None), []) if frame is not None else [])
        pairs = by_box(members, found, min_iou)
        pairs |= by_image([crop for crop in members if crop["crop_id"] not in pairs], found, counts)
        _share_split(members, found, rows)
        for crop_id, agreeing in pairs.items():
            rows[crop_id] = _agreed(agreeing, counts)
            used.update(map(id, agreeing))
    unused = [statement for statement in said if statement["individual"] and id(statement) not in used]
    labelled = [{"crop_id": crop_id, **row} for crop_id, row in rows.items()]
    return labelled, _counted(labelled, unused) | dict(counts)


def by_box(crops, said, min_iou):
    """{crop_id: statements with its box}, by boxes that overlap by at least `min_iou`, one to one, best in sum; of one
    image."""
    drawn = {}
    for statement in filter(_has_box, said):
        drawn.setdefault(tuple(round(statement[side], 6) for side in "xywh"), []).append(statement)
    overlap = boxes.iou([[crop[side] for side in "xywh"] for crop in crops], list(drawn))
    overlap[overlap < min_iou] = 0
    pairs, statements = zip(*linear_sum_assignment(overlap, maximize=True), strict=True), list(drawn.values())
    return {crops[i]["crop_id"]: statements[j] for i, j in pairs if overlap[i, j] > 0}


def by_image(crops, said, counts):
    """{crop_id of the most confident of `crops`: all statements without a box}; of one image.

    Empty where they name several animals, or say nothing of one.
    """
    said = [statement for statement in said if not _has_box(statement)]
    names = {statement["individual"] for statement in said} - {None}
    counts["images with several names and no boxes"] += len(names) > 1
    if len(names) > 1 or not crops or not any(row["individual"] or row["viewpoint"] for row in said):
        return {}
    counts["crops unnamed beside a more confident one"] += len(crops) - 1
    return {max(crops, key=lambda crop: crop["confidence"])["crop_id"]: said}


def _agreed(said, counts):
    """What the statements about one crop agree on: of each fact the one value that any of them gives, else None."""
    values = {key: {statement[key] for statement in said} - {None} for key in _SAID}
    for key, stated in values.items():
        counts[f"crops with more than one {key} in the sidecars (none is taken)"] += len(stated) > 1
    return {key: stated.pop() if len(stated) == 1 else None for key, stated in values.items()}


def _share_split(crops, said, rows):
    splits = list({statement["split"] for statement in said})
    for crop in crops if len(splits) == 1 else []:
        rows[crop["crop_id"]]["split"] = splits[0]


def _by_image(rows):
    """{(path, frame number or None): rows}."""
    images = {}
    for row in rows:
        frame = None if math.isnan(row["frame_number"]) else int(row["frame_number"])
        images.setdefault((row["path"], frame), []).append(row)
    return images


def _has_box(statement):
    return not math.isnan(statement["x"])


def _counted(rows, unused):
    named = [row["individual"] for row in rows if row["individual"]]
    with_box = sum(map(_has_box, unused))
    return {
        "crops named": len(named),
        "crops unnamed": len(rows) - len(named),
        "individuals": len(set(named)),
        "named boxes without a crop": with_box,
        "names without a crop": len(unused) - with_box,
    }


def main(argv=None):
    parser = cli.parser(__doc__)
    parser.add_argument("--batch", type=Path, required=True, help="the batch folder")
    parser.add_argument("--media", required=True, help="media table of the batch or of a shard of it")
    parser.add_argument("--crops", required=True, help="its crops table")
    parser.add_argument("--labels-file", help="a labels table kept apart from the batch, instead of its sidecars")
    parser.add_argument("--out", required=True, help="labels table to write")
    args = parser.parse_args(argv)
    settings = {**DEFAULTS, **args.settings}
    counts = Counter()  # of a table kept apart, which ingest does not read
    try:
        said = sidecars.read(args.batch, settings, args.labels_file, counts if args.labels_file else None)
    except folder.BatchError as error:
        raise SystemExit(f"{args.batch}: {error}") from error
    media = tables.read(args.media, "media", ["path", "status"])
    said = said[said["path"].map(folder.printable).isin(media["path"])]  # the rest is of other shards
    said = duplicates.moved(said, duplicates.in_table(media))
    rows, matched = label(tables.read(args.crops, "crops", _CROP), said, settings["min_iou"])
    counts = matched | dict(counts)
    tables.write(args.out, "labels", rows, stage="label", settings=settings, counts=counts)
    LOG.info("%s", ", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    main()
