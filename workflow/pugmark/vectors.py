"""The features of a run for a whole collection, in the order of its split table."""

from pathlib import Path

import numpy as np

from pugmark import tables


class FeaturesError(ValueError):
    """The features of a run do not cover the collection."""


def of_collection(split, folder, run):
    """Unit vectors (float32 N x D) of the crops of `split`, row by row.

    split: DataFrame of the split table, or of part of it. folder: holds {batch}/features/{run}.parquet. Memory holds
    the result and one batch at a time. Raises FeaturesError if a crop has no features.
    """
    found = np.zeros((0, 1), np.float32)
    for batch, places in split.groupby("batch").indices.items():
        ids, vectors = tables.features(Path(folder) / batch / "features" / f"{run}.parquet")
        rows = tables.places(ids, split["crop_id"].iloc[places])
        if (rows < 0).any():
            missing = split["crop_id"].iloc[places[rows < 0]]
            raise FeaturesError(
                f"Run {run} has no features for {len(missing)} crops of batch {batch}, for instance {missing.iloc[0]}: "
                "embed the batch again."
            )
        if not len(found):
            found = np.empty((len(split), vectors.shape[1]), np.float32)
        found[places] = vectors[rows]
    return found
