"""The crops of a collection in one table, with what was said of them and the sequences of events that batches share."""

import pandas as pd

from pugmark import tables
from pugmark.formats import places, sequences

SAID = ["individual", "viewpoint", "split"]
_MEDIA = [*sequences.COLUMNS, "sequence"]


def crops(folder, batches, gap):
    """The crops of `batches` below `folder`, in order of appearance (batches in theirs, then time, then path), and
    counts.

    Columns: those of the split table, in which `split` is what labels.csv says. A file met in several batches counts
    once, in the first; what the batches say of it differently is not known. gap: seconds within which media of one
    camera are of one event.
    """
    once, counts = _once(_every(folder, batches))
    media = [_ends(tables.read(folder / batch / "media.parquet", "media", _MEDIA)) for batch in batches]
    linked = sequences.linked(pd.concat([part for part in media if len(part)]), gap) if any(map(len, media)) else {}
    counts["sequences joined to those of other batches"] = len(linked) - len(set(linked.values()))
    counts["crops without a time (their event is not known)"] = int(once["timestamp"].isna().sum())
    counts["crops without a station"] = int(once["station"].isna().sum())
    return once.assign(sequence=once["sequence"].map(lambda own: linked.get(own, own))), counts


def _every(folder, batches):
    """All crops of all batches, with what their batch says of them."""
    wanted = [column for column in tables.definitions()["split"]["columns"] if column not in ("batch", *SAID)]
    found = tables.of_batches(folder, batches, "crops", [*wanted, "path"])
    found = found.assign(place=found["batch"].map({batch: place for place, batch in enumerate(batches)}))
    found = found.sort_values(["place", "timestamp", "path", "frame_number", "crop_id"], kind="stable")
    labels = tables.of_batches(folder, batches, "labels", ["crop_id", *SAID])
    found = found.merge(labels, on=["batch", "crop_id"], how="left")
    # Names may have come after the stations: a folder that bears an animal's is none.
    named = found.dropna(subset=["individual"]).groupby("batch")[["path", "individual"]]
    after_animals = [batch for batch, part in named if places.name_animals(part.itertuples(index=False))]
    doubted = found[found["batch"].isin(after_animals)]
    own = doubted.index[doubted["station"] == doubted["path"].map(places.station)]
    found.loc[own, "station"] = None
    return found.drop(columns=["path", "place"])


def _once(every):
    """`every` crop once, with what its batches agree on, and counts of what they do not."""
    repeated = every[every["crop_id"].duplicated(keep=False)]
    once, counts = every.drop_duplicates("crop_id", ignore_index=True), {}
    counts["repeated"] = len(every) - len(once)
    for column in (*SAID, "station"):
        values = repeated.dropna(subset=[column]).groupby("crop_id")[column].agg(["first", "nunique"])
        counts[f"crops to which two batches give another {column} (none is taken)"] = int((values["nunique"] > 1).sum())
        agreed = values["first"].where(values["nunique"] == 1, None).to_dict()
        once[column] = [agreed.get(crop, own) for crop, own in zip(once["crop_id"], once[column], strict=True)]
    return once, counts


def _ends(media):
    """The media without the frames of videos, but for each one's last: the first has the time of its video."""
    return media[(media["kind"] != "frame") | ~media["path"].duplicated(keep="last")]
