"""Find animals, people and vehicles on every image and video frame of a batch, with the detector that `name` chooses.

People and vehicles are recorded in this table and used nowhere else. The results are also written as MegaDetector JSON.
"""

import importlib
import logging
from collections import Counter
from pathlib import Path

import pandas as pd

from pugmark import literals, tables, weights
from pugmark.formats import classes, megadetector
from pugmark.formats.folder import BatchError
from pugmark.runtime import cli, usage

LOG = logging.getLogger("pugmark.stages.detect")
_NUMBERS = ["confidence", "x", "y", "w", "h"]
_COLUMNS = ["media_id", "label", "source_label", *_NUMBERS, "detector"]


class SettingsError(ValueError):
    """The settings name an unknown detector or key; the message offers the nearest."""


def detect(media, batch, settings, found_weights=None):
    """Run the detector `settings["name"]`, its other settings merged over its DEFAULTS, on the usable rows of `media`.

    media: DataFrame of the media table. batch: folder that its paths start from. found_weights: {name: Weights}.
    Returns a DataFrame of the detections table and a dict of counts. Raises SettingsError, WeightsError.
    """
    module, merged = _chosen(settings)
    counts = Counter()
    rows = module.detect(media, Path(batch), merged, found_weights or {}, counts)
    boxes = pd.DataFrame([{"detector": settings["name"], **row} for row in rows], columns=_COLUMNS)
    boxes = ordered(clipped(boxes, counts))
    counts["images and frames"] = int(((media["status"] == "ok") & (media["kind"] != "video")).sum())
    counts.update({label: int((boxes["label"] == label).sum()) for label in classes.LABELS})
    return boxes, dict(counts)


def _chosen(settings):
    known = {path.stem for path in (Path(__file__).parents[1] / "detectors").glob("[a-z]*.py")}
    if settings.get("name") not in known:
        raise SettingsError(literals.unknown(settings.get("name"), known, "detector"))
    module = importlib.import_module(f"pugmark.detectors.{settings['name']}")
    own = {key: value for key, value in settings.items() if key not in ("name", "manifest")}
    for key in own.keys() - module.DEFAULTS.keys():
        raise SettingsError(literals.unknown(key, module.DEFAULTS, f"setting of detector {settings['name']}"))
    return module, {**module.DEFAULTS, **own}


def clipped(boxes, counts):
    """`boxes` clipped to the image. Boxes that are not finite or lie wholly outside are dropped and counted."""
    boxes = boxes.assign(**{column: pd.to_numeric(boxes[column], errors="coerce").astype(float) for column in _NUMBERS})
    sound = boxes[_NUMBERS].abs().lt(float("inf")).all(axis=1) & boxes["confidence"].between(0, 1)
    left, top = boxes["x"].clip(0, 1), boxes["y"].clip(0, 1)
    width, height = (boxes["x"] + boxes["w"]).clip(0, 1) - left, (boxes["y"] + boxes["h"]).clip(0, 1) - top
    inside = (width > 0) & (height > 0)
    counts.update({"dropped: not a number": int((~sound).sum())})
    counts.update({"dropped: outside the image": int((sound & ~inside).sum())})
    return boxes.assign(x=left, y=top, w=width, h=height)[sound & inside]


def ordered(boxes):
    """`boxes` with a detection_id: media_id and rank by falling confidence. Media and ties keep their order."""
    media = boxes["media_id"].drop_duplicates()
    place = boxes["media_id"].map(pd.Series(range(len(media)), index=media.to_numpy(), dtype=int))
    boxes = boxes.assign(place=place).sort_values(["place", "confidence"], ascending=[True, False], kind="stable")
    rank = boxes.groupby("media_id").cumcount().map("{:02d}".format)
    return boxes.drop(columns="place").assign(detection_id=boxes["media_id"] + "-d" + rank).reset_index(drop=True)


def main(argv=None):
    parser = cli.parser(__doc__)
    parser.add_argument("--batch", type=Path, required=True, help="the batch folder")
    parser.add_argument("--media", required=True, help="media table of the batch")
    parser.add_argument("--out", required=True, help="detections table to write")
    parser.add_argument("--json", required=True, help="MegaDetector JSON 1.6 to write")
    args = parser.parse_args(argv)
    media = tables.read(args.media, "media")
    try:
        found = weights.verified(args.weights, args.settings.get("manifest", {}))
        boxes, counts = detect(media, args.batch, args.settings, found)
    except (SettingsError, weights.WeightsError, BatchError) as error:
        raise SystemExit(str(error)) from error
    settings = {key: value for key, value in args.settings.items() if key != "manifest"}
    models = [entry.provenance() for entry in found.values()]
    tables.write(args.out, "detections", boxes, stage="detect", settings=settings, models=models, counts=counts)
    detector = next(iter(boxes["detector"]), args.settings["name"])
    megadetector.write(args.json, media, boxes, args.batch, detector)
    LOG.info("%s", ", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    with usage.recorded():
        main()
