"""Draw one batch of the embedded demo: a small camera-trap survey with known individuals.

Every batch is another field period of one survey: the same individuals, each with its own coat on either flank, and
the same stations, on other days. A batch depends on its settings and number alone, so its bytes are always the same.
Its folder holds `<station>/IMG_0001.JPG` ... and a Camtrap DP package without names of individuals. The truth is kept
apart, for evaluation only: `labels.csv` (path, individual, viewpoint, true box as fractions) and `masks.json` (COCO,
run-length encoded).
"""

import csv
import difflib
import json
import logging
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image
from pycocotools import mask as rle

from pugmark.runtime import cli, disk
from pugmark.synthetic import package, survey
from pugmark.synthetic.passages import film

Base = ExifTags.Base
log = logging.getLogger(__name__)

DEFAULTS = {
    "seed": 1,  # the same seed draws the same pictures
    "individuals": 8,  # animals of the population
    "stations": 4,  # cameras
    "sequences": 4,  # passages of each individual in a batch
    "pairs": 2,  # how often two individuals pass together
    "empty": 6,  # false triggers
    "people": 1,  # sequences of a walking person
    "burst": 3,  # frames of a sequence, a second apart
    "night": 0.5,  # share of sequences by infra-red flash
    "width": 480,  # pixels
    "height": 360,  # pixels
    "quality": 90,  # of the JPEG files
}
ALLOWED = {
    "seed": ">= 0",
    "individuals": ">= 1",
    "stations": ">= 1",
    "sequences": ">= 0",
    "pairs": ">= 0",
    "empty": ">= 0",
    "people": ">= 0",
    "burst": ">= 1",
    "night": ">= 0, <= 1",
    "width": ">= 64",
    "height": ">= 64",
    "quality": ">= 1, <= 100",
}
LABELS = ("path", "individual", "viewpoint", "x", "y", "w", "h")


def synthesise(out, truth, batch=1, settings=None):
    """Draw field period `batch` (1, 2, ...) into the folder `out` and its truth into the folder `truth`.

    settings: any of `DEFAULTS`. Returns counts of frames, animals and sequences. Raises ValueError if `out` is not
    empty or a setting is unknown.
    """
    settings, out, truth = _settings(settings or {}), Path(out), Path(truth)
    if out.is_dir() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty: draw the batch into a folder of its own.")
    media, animals = [], []
    with disk.replacing_folder(out) as drawn, disk.replacing_folder(truth) as told:
        for row, picture, seen in frames(batch, settings):
            media.append(row)
            animals += [_annotation(row["path"], *one) for one in seen]
            _save(Path(drawn, row["path"]), picture, row, settings)
        package.write(Path(drawn), batch, settings["stations"], media)
        _write_truth(Path(told), media, animals, settings)
    return {"frames": len(media), "animals": len(animals), "sequences": len({row["event"] for row in media})}


def frames(batch, settings):
    """Yield for each frame its row (see `package.write`), the picture (uint8 H x W x 3) and the animals seen, a list of
    (individual, viewpoint, bool mask H x W). settings: all of `DEFAULTS`.
    """
    numbers = Counter()
    for ordinal, visit in enumerate(survey.plan(settings, batch)):
        rng = np.random.default_rng([settings["seed"], 5, batch, ordinal])
        for second, (picture, seen) in enumerate(film(visit, settings, rng)):
            numbers[visit.station] += 1
            row = {
                "path": f"{package.station_name(visit.station)}/IMG_{numbers[visit.station]:04d}.JPG",
                "station": visit.station,
                "timestamp": visit.start + second * survey.SECOND,
                "event": f"{batch}-{ordinal + 1:04d}",
                "type": "animal" if seen else "human" if visit.people else "blank",
                "count": len(seen) or visit.people,
            }
            yield row, picture, [(f"P{individual + 1:02d}", side, mask) for individual, side, mask in seen]


def _settings(given):
    for key in given.keys() - DEFAULTS.keys():
        near = difflib.get_close_matches(key, DEFAULTS, 1) or sorted(DEFAULTS)
        raise ValueError(f"synthesise: unknown setting {key!r}; did you mean {' or '.join(near)}?")
    return DEFAULTS | given


def _save(path, picture, row, settings):
    """Write a JPEG with EXIF like a camera's. The last station's camera states no time zone (EXIF 3.0, 4.6.6.5)."""
    exif, moment = Image.Exif(), f"{row['timestamp']:%Y:%m:%d %H:%M:%S}"
    exif.update(zip((Base.Make, Base.Model, Base.DateTime), (*package.MODEL, moment), strict=True))
    photo = exif.get_ifd(ExifTags.IFD.Exif)
    photo[Base.DateTimeOriginal] = moment
    if row["station"] < settings["stations"] - 1:
        zone = row["timestamp"].isoformat()[-6:]
        photo[Base.OffsetTime] = photo[Base.OffsetTimeOriginal] = zone
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, quality=settings["quality"], exif=exif)


def _annotation(path, individual, viewpoint, mask):
    """The row of labels.csv and the run-length encoding of one animal in a frame."""
    code = rle.encode(np.asfortranarray(mask, np.uint8))
    x, y, w, h = rle.toBbox(code) / np.tile(mask.shape[::-1], 2)
    label = dict(zip(LABELS, (path, individual, viewpoint, *(round(float(v), 6) for v in (x, y, w, h))), strict=True))
    return label, {"size": code["size"], "counts": code["counts"].decode()}


def _write_truth(folder, media, animals, settings):
    with open(folder / "labels.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, LABELS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(label for label, _ in animals)
    size = {"width": settings["width"], "height": settings["height"]}
    ids = {row["path"]: number for number, row in enumerate(media, 1)}
    coco = {
        "images": [{"id": number, "file_name": path, **size} for path, number in ids.items()],
        "annotations": [
            _coco(number, ids[label["path"]], label, code, size) for number, (label, code) in enumerate(animals, 1)
        ],
        "categories": [{"id": 1, "name": "animal"}],
    }
    (folder / "masks.json").write_text(json.dumps(coco))


def _coco(number, image, label, code, size):
    box = [
        label["x"] * size["width"],
        label["y"] * size["height"],
        label["w"] * size["width"],
        label["h"] * size["height"],
    ]
    return {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "individual": label["individual"],
        "bbox": [round(value, 2) for value in box],
        "area": int(rle.area(code)),
        "iscrowd": 0,
        "segmentation": code,
    }


def main(argv=None):
    """Command line of the stage."""
    parser = cli.parser(__doc__)
    parser.add_argument("--batch", type=int, default=1, help="which field period, from 1")
    parser.add_argument("--out", required=True, help="folder of the batch, empty or absent")
    parser.add_argument("--truth", required=True, help="folder of the truth")
    args = parser.parse_args(argv)
    with disk.refusals_told(args.out):
        counts = synthesise(args.out, args.truth, args.batch, args.settings)
    log.info("%s: %s", args.out, ", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    main()
