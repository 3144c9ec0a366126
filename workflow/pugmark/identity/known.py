"""The encounters of a collection with what was said of them, over all batches."""

from pathlib import Path

import pandas as pd

from pugmark import tables

_OF_SPLIT = ["crop_id", "batch", "individual", "sequence"]


def crops(split, folder):
    """One row per crop of the split: encounter, track, flank, media_id, station and timestamp of the encounters table;
    batch, individual and sequence of the split.

    split: DataFrame of the split table. folder: holds {batch}/encounters.parquet.
    """
    batches = sorted(split["batch"].unique())
    parts = [tables.read(Path(folder) / batch / "encounters.parquet", "encounters") for batch in batches]
    parts = [part.drop(columns="sequence").assign(batch=batch) for part, batch in zip(parts, batches, strict=True)]
    every = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True) if parts else _nothing()
    return every.merge(split[_OF_SPLIT], on=["crop_id", "batch"], validate="one_to_one")


def named(rows, learned=()):
    """The encounters that labels give one name, as strategy.judged takes them.

    rows: as of `crops`. learned: crops that a model learned from; encounters of their sequences are left out.
    """
    taught = rows["sequence"][rows["crop_id"].isin(learned)]
    rows = rows[~rows["sequence"].isin(taught) & rows["individual"].notna()]
    alone = rows.groupby("encounter")["individual"].transform("nunique") == 1
    first = rows[alone].drop_duplicates("encounter").set_index("encounter")
    order = {batch: at for at, batch in enumerate(sorted(first["batch"].unique()))}
    return first[["individual", "sequence", "flank"]].assign(order=first["batch"].map(order).astype(int))


def _nothing():
    columns = [name for name in tables.definitions()["encounters"]["columns"] if name != "sequence"]
    return pd.DataFrame(columns=[*columns, "batch"])
