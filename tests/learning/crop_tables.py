"""Tiny crops, labels and split tables on disk, drawn in the test."""

import cv2
import numpy as np
import pandas as pd

from pugmark import tables
from pugmark.masking import rle

SIDE = 40


def picture(individual, rng, lighting):
    """A patch whose colour and stripes tell the individual, with noise: uint8 SIDE x SIDE x 3.

    lighting: grey levels by which the colour may be off, so that it tells nothing where they are many.
    """
    own = np.random.default_rng(individual)
    wave = np.sin(np.arange(SIDE) * own.uniform(0.2, 1.5))[:, None, None]
    image = own.uniform(60, 190, 3) + 50 * wave + rng.normal(0, 8, (SIDE, SIDE, 3))
    image += rng.uniform(-lighting, lighting, 3)
    return np.clip(image, 0, 255).astype(np.uint8)


def rows(individuals=3, frames=4, prefix="a", lighting=0):
    """Crops, labels and split DataFrames of a video in which every individual is in every frame."""
    rng, found = np.random.default_rng(0), []
    for frame in range(frames):
        for individual in range(individuals):
            found.append(_row(individual, frame, prefix, picture(individual, rng, lighting)))
    crops = pd.DataFrame(found)
    labels = pd.DataFrame(
        {
            "crop_id": crops["crop_id"],
            "individual": [f"cow {i % individuals}" for i in range(len(crops))],
            "viewpoint": "left",
            "split": None,
        }
    )
    copied = ["crop_id", "station", "timestamp", "sequence", "frame_number", "media_id", "infrared"]
    split = crops[copied].merge(labels[["crop_id", "individual", "viewpoint"]]).assign(batch="b1", split="train")
    return crops, labels, split


def write(folder, crops, labels, split):
    """The three tables at {folder}/batches/b1/{crops,labels}.parquet and {folder}/split.parquet."""
    tables.write(folder / "batches/b1/crops.parquet", "crops", crops, "test")
    tables.write(folder / "batches/b1/labels.parquet", "labels", labels, "test")
    tables.write(folder / "split.parquet", "split", split, "test")


def _row(individual, frame, prefix, image):
    mask = np.zeros((SIDE, SIDE), bool)
    mask[2:-2, 2:-2] = True
    return {
        "crop_id": f"{prefix}-f{frame}-{individual}",
        "media_id": f"{prefix}-f{frame}",
        "path": f"cow {individual}/video.mp4",
        "frame_number": frame,
        "image": cv2.imencode(".jpg", image[..., ::-1])[1].tobytes(),
        "mask": rle.encode(mask),
        "width": SIDE,
        "height": SIDE,
        "x": 0.1 * individual,
        "y": 0.1,
        "w": 0.1,
        "h": 0.1,
        "confidence": 1.0,
        "station": None,
        "timestamp": None,
        "sequence": prefix,
        "sharpness": 1.0,
        "area": SIDE * SIDE,
        "touches_border": False,
        "infrared": False,
    }
