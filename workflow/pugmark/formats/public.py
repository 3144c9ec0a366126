"""Published data sets through the package wildlife-datasets, whose classes know what each archive's files mean."""

import difflib
from pathlib import PurePath

import numpy as np
import pandas as pd
from wildlife_datasets import datasets

from pugmark.formats import text
from pugmark.formats.folder import BatchError, is_junk

VIEWPOINTS = ("orientation", "position", "viewpoint")
SPLITS = ("split", "original_split")
# From the most to the least particular.
STATIONS = ("trap_id", "station", "camera", "location")
_SPLIT_WORDS = {"valid": "val", "validation": "val"}


def rows(batch, name):
    """What class `name` of wildlife-datasets says of the folder `batch`, as `sidecars.read` does; boxes in pixels.

    The identity "unknown" is none. Where the set knows train and test only, test is `test`. Thumbnails and other files
    that a walk through the batch passes over are left out. Raises BatchError.
    """
    try:
        # File names that the package thinks unwise are no reason to refuse what lies there.
        table = _class(name)(str(batch), check_files=False).df
    except BatchError:
        raise
    # Each class fails in its own way on a folder that is not what it expects.
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BatchError(f"labels: {name} of wildlife-datasets cannot read {batch.name} ({reason}).") from error
    rows = [_row(row, f"{name}, image_id {row['image_id']}") for row in table.to_dict("records")]
    return [row for row in rows if not any(map(is_junk, PurePath(row["path"]).parts))]


def _class(name):
    known = [entry for entry in dir(datasets) if _is_dataset(getattr(datasets, entry))]
    if name not in known:
        nearest = difflib.get_close_matches(str(name), known, 1, 0)
        raise BatchError(f"labels: wildlife-datasets has no class {name!r}; the nearest is {nearest[0]}.")
    return getattr(datasets, name)


def _is_dataset(thing):
    return isinstance(thing, type) and issubclass(thing, datasets.WildlifeDataset)


def _row(row, where):
    individual, date = _word(row["identity"]), row.get("date")
    split = _first(row, SPLITS)
    box = row.get("bbox")
    sides = dict(zip("xywh", map(float, box), strict=True)) if np.ndim(box) == 1 else {}
    return {
        "path": text.path(str(row["path"])),
        "individual": None if individual == datasets.WildlifeDataset.unknown_name else individual,
        "station": _first(row, STATIONS),
        "timestamp": None if _empty(date) else pd.Timestamp(date).isoformat(),
        "viewpoint": _first(row, VIEWPOINTS),
        "split": _SPLIT_WORDS.get(split, split),
        "source": "labels",
        "where": where,
        **sides,
    }


def _first(row, columns):
    return next((word for column in columns if (word := _word(row.get(column)))), None)


def _word(value):
    return None if _empty(value) else text.word(str(value))


def _empty(value):
    return value is None or (np.ndim(value) == 0 and pd.isna(value))
