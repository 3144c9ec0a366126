"""A run's features of a whole collection, in the order of its split table."""

from pathlib import Path

import pandas as pd

from pugmark import tables


class FeaturesError(ValueError):
    """The features of a run do not cover the collection."""


def of_collection(split, folder, run):
    """Unit vectors (float32 N x D) of the crops of `split`, row by row.

    split: DataFrame of the split table, or of part of it. folder: where {batch}/features/{run}.parquet lie.
    Raises FeaturesError where a crop has none.
    """
    batches = sorted(split["batch"].unique())
    ids, vectors = tables.features([Path(folder) / batch / "features" / f"{run}.parquet" for batch in batches])
    # Identical files met in several batches have features in each, and one row in the split.
    order = pd.Index(ids)
    order = pd.Series(range(len(order)), order)[~order.duplicated()].reindex(split["crop_id"])
    if order.isna().any():
        missing = order.index[order.isna()]
        raise FeaturesError(
            f"Run {run} has no features for {len(missing)} crops, for instance {missing[0]}: embed their batches again."
        )
    return vectors[order.to_numpy(int)]
