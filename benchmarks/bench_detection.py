"""The detector `ultralytics` beside a plain `model.predict(path)` for each image: seconds, boxes and peak memory.

    python benchmarks/bench_detection.py FOLDER WEIGHTS [--short] [--repeats 3] [--image-size 640]

FOLDER holds JPEG images (*.JPG or *.jpg in any depth), WEIGHTS is a YOLO file that you trust: a pickle is opened. The
plain side counts boxes of all classes, Pugmark those of animals, people and vehicles. One image is seen before the
clock starts; Pugmark's time includes loading the model again, once per core. Memory is shown for a third of the images,
for all, and for each one three times: it should not grow.
"""

import argparse
import os
import sys
from itertools import cycle, islice
from pathlib import Path

import measure

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))


def found(folder):
    """All JPEG paths below `folder`."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))


def images(folder, count):
    """`count` image paths below `folder`, from the first again when they run out."""
    return list(islice(cycle(found(folder)), count))


def pugmark(folder, weights, size, count):
    import pandas as pd

    from pugmark.stages import detect
    from pugmark.weights import Weights, sha256

    def table(paths):
        rows = [{"media_id": f"{number}", "path": str(path.relative_to(folder))} for number, path in enumerate(paths)]
        return pd.DataFrame(rows).assign(kind="image", status="ok", frame_number=None)

    models = {"model": Weights("model", weights, sha256(weights), "unknown", trusted=True)}
    settings = {"name": "ultralytics", "weights": "model", "image_size": size, "confidence": 0.2}
    detect.detect(table(images(folder, 1)), folder, settings, models)
    with measure.stopwatch(images=count) as facts:
        boxes, _ = detect.detect(table(images(folder, count)), folder, settings, models)
        facts["boxes"] = len(boxes)


def plain(folder, weights, size, count):
    from ultralytics import YOLO

    model = YOLO(str(weights))
    model.predict(images(folder, 1)[0], imgsz=size, verbose=False)
    with measure.stopwatch(images=count) as facts:
        # No result is kept: each holds its whole image.
        results = (model.predict(path, imgsz=size, conf=0.2, verbose=False)[0] for path in images(folder, count))
        facts["boxes"] = sum(len(result.boxes) for result in results)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--image-size", type=int, default=640)
    parser.add_argument("--short", action="store_true", help="a dozen images, once: a minute on an idle machine")
    parser.add_argument("--side", choices=["pugmark", "plain"], help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        side = {"pugmark": pugmark, "plain": plain}[args.side]
        return side(args.folder, args.weights, args.image_size, args.count)
    everything = len(found(args.folder))
    counts = (12,) if args.short else (everything // 3, everything, 3 * everything)
    own = [sys.executable, __file__, str(args.folder), str(args.weights), "--image-size", str(args.image_size)]
    for count in counts:
        sides = {f"{side} {count}": [*own, "--side", side, "--count", str(count)] for side in ("plain", "pugmark")}
        # As Snakemake does it for a rule; without it, ultralytics sets 1 for the whole process.
        os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))
        measure.compare(sides, repeats=1 if args.short else args.repeats)


if __name__ == "__main__":
    main()
