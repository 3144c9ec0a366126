"""Fine-tune a YOLO network to find animals and to name their species, from boxes that somebody has drawn.

Stations are put wholly into training or validation: the pictures of one camera are so alike that a network which has
seen some of them is no longer tested by the others. The pictures are written once more, in the size that the network
sees. A training that was stopped goes on after its last epoch.
"""

import logging
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from pugmark import literals, tables, weights
from pugmark.detectors import ultralytics
from pugmark.formats import pixels
from pugmark.runtime import cli, disk, usage

LOG = logging.getLogger("pugmark.stages.train_detector")


class DetectorError(ValueError):
    """Boxes from which no detector can be trained; the message says what is missing."""


def gathered(batches):
    """(media, boxes) of `batches`, (path of the media table, path of the detections table, folder of the media) each.

    media: the usable images and frames with `folder` and, where none is known, the folder as `station`. boxes: the
    animals' boxes with a class name.
    """
    seen, drawn = [], []
    for table, detections, folder in batches:
        media = tables.read(table, "media")
        media = media[(media["status"] == "ok") & (media["kind"] != "video")].assign(folder=str(folder))
        boxes = tables.read(detections, "detections")
        seen.append(media.assign(station=media["station"].fillna(str(folder))))
        drawn.append(boxes[(boxes["label"] == "animal") & boxes["source_label"].notna()])
    return pd.concat(seen, ignore_index=True), pd.concat(drawn, ignore_index=True)


def classified(boxes, classes):
    """`boxes` with `species`, the class that they teach, of those that teach one.

    classes: {class: names that the boxes have}; empty for the names as they are. Raises DetectorError for a name that
    no box has.
    """
    meaning = {name: species for species, names in classes.items() for name in names}
    known = set(boxes["source_label"])
    for name in meaning.keys() - known:
        raise DetectorError(literals.unknown(name, known, "class of boxes"))
    meaning = meaning or {name: name for name in known}
    made = boxes.assign(species=boxes["source_label"].map(meaning))
    left = made.loc[made["species"].isna(), "source_label"].value_counts()
    if len(left):
        LOG.info("no class for %s: they count as background", ", ".join(f"{n} {name}" for name, n in left.items()))
    return made.dropna(subset="species")


def validating(media, boxes, share, seed):
    """The stations that validate: drawn at random until they hold `share` of the boxes. Raises DetectorError."""
    held = boxes["media_id"].map(media.set_index("media_id")["station"]).value_counts().sort_index()
    if len(held) < 2:
        raise DetectorError(
            f"Boxes lie at {len(held)} station: a detector is trained on some stations and tested on others. Add boxes "
            "of another station, or say which pictures are of which (docs/your_data.md)."
        )
    order = np.random.default_rng(seed).permutation(len(held))
    enough = int(np.searchsorted(held.to_numpy()[order].cumsum(), share * held.sum())) + 1
    return set(held.index[order[: min(enough, len(held) - 1)]])


def written(media, boxes, stations, species, folder, size):
    """Write pictures and boxes as ultralytics reads them below `folder`; returns the path of its description."""
    part_of = media["station"].isin(stations).map({True: "val", False: "train"})
    by_media = dict(list(boxes.groupby("media_id")))
    for (root, part), rows in media.assign(part=part_of).groupby(["folder", "part"], sort=True):
        images, notes = folder / "images" / part, folder / "labels" / part
        images.mkdir(parents=True, exist_ok=True), notes.mkdir(parents=True, exist_ok=True)
        for row, image in pixels.frames(rows, Path(root), size):
            scale = min(1.0, size / max(image.shape[:2]))
            small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
            cv2.imwrite(str(images / f"{row.media_id}.jpg"), small[..., ::-1])
            found = by_media.get(row.media_id, boxes.iloc[:0])
            lines = [
                f"{species.index(box.species)} {box.x + box.w / 2} {box.y + box.h / 2} {box.w} {box.h}\n"
                for box in found.itertuples()
            ]
            (notes / f"{row.media_id}.txt").write_text("".join(lines))
    return ultralytics.describe(folder, species)


def train(batches, settings, start, out, metrics):
    """Write the trained network to `out`, and to `metrics` what it is worth on the validating stations, class by class.

    settings: classes, epochs, image_size, batch, validation, seed. start: Weights of the network to start from. What a
    stopped training needs to go on lies beside `out`. Raises DetectorError.
    """
    media, boxes = gathered(batches)
    if boxes.empty:
        raise DetectorError("No box of an animal has a species: give it in the column `species` (docs/your_data.md).")
    boxes = classified(boxes, settings["classes"])
    stations = validating(media, boxes, settings["validation"], settings["seed"])
    species, work = sorted(set(boxes["species"])), Path(out).parent / "training"
    described = written(media, boxes, stations, species, work / "data", settings["image_size"])
    best, found = ultralytics.fine_tuned(start, described, work, settings)
    validates = boxes["media_id"].map(media.set_index("media_id")["station"]).isin(stations)
    counts = [boxes.loc[part, "species"].value_counts() for part in (~validates, validates)]
    rows = pd.DataFrame({"class": species})
    for name, count in zip(("boxes_trained", "boxes_validated"), counts, strict=True):
        rows[name] = rows["class"].map(count).fillna(0).astype(int)
    for name, values in found.items():
        rows[name] = rows["class"].map(values)
    with disk.replacing(metrics) as partial:
        rows.to_csv(partial, index=False)
    with disk.replacing(out) as partial:
        shutil.copy(best, partial)
    shutil.rmtree(work)
    LOG.info("%d classes, %d stations validate: mAP50 %.3f", len(species), len(stations), rows["mAP50"].mean())


def main(argv=None):
    parser = cli.parser(__doc__)
    parser.add_argument("--batch", nargs=3, action="append", required=True, help="media, detections and folder of each")
    parser.add_argument("--out", required=True, help="the trained network")
    parser.add_argument("--metrics", required=True, help="CSV of what it is worth")
    args = parser.parse_args(argv)
    (start,) = weights.verified(args.weights, args.settings.pop("manifest")).values()
    train(args.batch, args.settings, start, args.out, args.metrics)


if __name__ == "__main__":
    with usage.recorded():
        main()
