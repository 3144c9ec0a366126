"""The key points of many crops in memory, as the keypoints table holds them: padded with zeros to a fixed size."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pugmark import tables


class KeypointsError(ValueError):
    """The key points of a collection do not cover its crops, or differ in size."""


@dataclass(frozen=True)
class Points:
    """Key points of N crops, K slots each.

    number: int N. places: float32 N x K x 2. descriptors: uint8 N x K x W.
    """

    number: np.ndarray
    places: np.ndarray
    descriptors: np.ndarray


def row(crop_id, places, descriptors, most):
    """The row of a crop: `most` slots, of which those behind the last key point hold zeros."""
    padded = [np.zeros((most, part.shape[1]), part.dtype) for part in (places, descriptors)]
    for whole, part in zip(padded, (places, descriptors), strict=True):
        whole[: len(part)] = part
    names = ("places", "descriptors")
    return {"crop_id": crop_id, "number": len(places)} | {
        name: part.tobytes() for name, part in zip(names, padded, strict=True)
    }


def of_collection(split, folder, name, most):
    """Points of the crops of `split`, row by row. folder: holds {batch}/keypoints/{name}.parquet.

    Raises KeypointsError.
    """
    found = [None] * len(split)
    for batch, places in split.groupby("batch").indices.items():
        table = tables.read(Path(folder) / batch / f"keypoints/{name}.parquet", "keypoints")
        rows = pd.Index(table["crop_id"]).get_indexer(split["crop_id"].iloc[places])
        if (rows < 0).any():
            raise KeypointsError(f"Batch {batch} lacks key points of {(rows < 0).sum()} crops: find them again.")
        for place, one in zip(places, table.iloc[rows].itertuples(), strict=True):
            found[place] = one
    return stacked(found, most)


def stacked(rows, most):
    """Points of rows of the keypoints table (with attributes number, places, descriptors)."""
    numbers = np.array([one.number for one in rows], int)
    places = np.frombuffer(b"".join(one.places for one in rows), np.float32)
    descriptors = np.frombuffer(b"".join(one.descriptors for one in rows), np.uint8)
    width = len(descriptors) // max(1, len(rows) * most)
    return Points(numbers, places.reshape(len(rows), most, 2), descriptors.reshape(len(rows), most, width))
