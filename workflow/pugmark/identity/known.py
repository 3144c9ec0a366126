"""The encounters of a collection with what was said of them, over all batches."""

from pugmark import tables

_OF_SPLIT = ["crop_id", "batch", "individual", "sequence"]


def crops(split, folder, withhold=()):
    """One row per crop of the split, in the order of the catalogue: encounter, track, flank, media_id, station and
    timestamp of the encounters table; batch, individual and sequence of the split.

    split: DataFrame of the split table. folder: holds {batch}/encounters.parquet. withhold: batches whose names are not
    told.
    """
    split = split.assign(individual=split["individual"].where(~split["batch"].isin(withhold), None))
    batches = sorted(split["batch"].unique())
    every = tables.of_batches(folder, batches, "encounters").drop(columns="sequence")
    return in_order(every.merge(split[_OF_SPLIT], on=["crop_id", "batch"], validate="one_to_one"))


def in_order(rows):
    """Rows of crops in the order of the catalogue, in which an encounter is likened to those before it.

    By batch, by the time of the encounter's first crop, unknown ones last, and by its name; its crops by their times.
    """
    columns = [name for name in ("batch",) if name in rows]
    rows = rows.assign(start=rows.groupby([*columns, "encounter"])["timestamp"].transform("min"))
    return rows.sort_values(
        [*columns, "start", "encounter", "timestamp", "crop_id"], kind="stable", ignore_index=True
    ).drop(columns="start")


def named(rows):
    """The encounters that labels give one name, as strategy.judged takes them. rows: as of `crops`; order counts."""
    place = dict(zip(rows["encounter"][::-1], range(len(rows), 0, -1), strict=True))
    rows = rows[rows["individual"].notna()]
    alone = rows.groupby("encounter")["individual"].transform("nunique") == 1
    first = rows[alone].drop_duplicates("encounter").set_index("encounter")
    return first[["individual", "sequence", "flank"]].assign(order=first.index.map(place).astype(int))


def learned(rows, crops):
    """The encounters of the sequences that a model learned from. rows: as of `crops`. crops: what it learned from."""
    taught = rows["sequence"][rows["crop_id"].isin(crops)]
    return rows["encounter"][rows["sequence"].isin(taught)].unique()


def strangers(named, rows, crops):
    """The encounters of animals that a model has not learned from. named: as of `named`. Others: as of `learned`."""
    taught = rows["individual"][rows["crop_id"].isin(crops)]
    return named.index[~named["individual"].isin(taught)]
