"""Vectors that a user brings: a Parquet file or a CSV with one row per crop.

A row says which crop it is about in one of two ways:

- `crop_id`, as crops.parquet has it;
- `path`: the batch folder and the file in it, such as `day1/IMG_0001.JPG`, since file names repeat from batch to batch.
  With `frame` for a frame of a video, counted from 0, and with the box `x, y, w, h` (fractions of the picture, as in
  crops.parquet) where a picture shows several animals.

All other columns of a CSV are the vector, in their order. A Parquet file has it in its one column of lists.
"""

import numpy as np
import pandas as pd

from pugmark.formats import text

BOX = ("x", "y", "w", "h")
DIGITS = 6
"""Decimals to which boxes are compared."""


class VectorsError(ValueError):
    """A file of vectors that cannot be used; the message says what is wrong with it and what to do."""


def read(path):
    """(columns that say which crop, a text for each crop, float32 N x D) of the file at `path`. Raises VectorsError."""
    try:
        table = pd.read_parquet(path) if str(path).lower().endswith(".parquet") else _csv(path)
    except (OSError, ValueError) as error:
        raise VectorsError(f"{path} cannot be read as a table: {error}".rstrip(".") + ".") from error
    columns = _naming(path, table)
    missing = table[columns].isna().any(axis=1)
    if missing.any():
        row = int(np.flatnonzero(missing)[0]) + 1
        raise VectorsError(f"{path}, row {row}: {', '.join(columns)} must be filled in every row.")
    crops = names(table, columns)
    if crops.duplicated().any():
        raise VectorsError(
            f"{path}: two rows are about {first(table[columns], crops.duplicated())}: keep one, or add `frame` "
            "or the box x, y, w, h."
        )
    return columns, crops.tolist(), _numbers(path, table, columns)


def names(table, columns):
    """A text for each row of a DataFrame, equal for equal values of `columns`: Series of N."""
    parts = [_text(table[column], column) for column in columns]
    return pd.Series(["\0".join(row) for row in zip(*parts, strict=True)], index=table.index, dtype=object)


def first(table, rows):
    """What the columns of a DataFrame say of the first of the chosen rows (bool N), in words."""
    return ", ".join(f"{column} {cell}" for column, cell in table[np.asarray(rows)].iloc[0].items())


def _text(cells, column):
    if column == "path":
        return cells.map(text.path)
    if column == "frame":
        return cells.map(lambda cell: f"{float(cell):.0f}")
    return cells.map(lambda cell: f"{float(cell):.{DIGITS}f}") if column in BOX else cells.astype(str)


def _csv(path):
    with open(path, encoding="utf-8-sig") as file:
        header = file.readline()
    delimiter = max(text.DELIMITERS, key=header.count)
    words = {"crop_id": str, "path": str}
    return pd.read_csv(path, sep=delimiter, encoding="utf-8-sig", dtype=words, skipinitialspace=True)


def _naming(path, table):
    if "crop_id" in table:
        return ["crop_id"]
    if "path" not in table:
        raise VectorsError(f"{path} does not say which crops its vectors are of: add a column `crop_id` or `path`.")
    box = [column for column in BOX if column in table]
    if box and len(box) < len(BOX):
        raise VectorsError(f"{path} has {', '.join(box)} without the rest of the box: give all of {', '.join(BOX)}.")
    return ["path", *(column for column in ("frame",) if column in table), *box]


def _numbers(path, table, columns):
    """The vectors: finite, of one length, none of them zero."""
    others = table.drop(columns=[column for column in ("crop_id", "path", "frame", *BOX) if column in table])
    lists = [column for column in others if others[column].map(np.ndim).eq(1).any()]
    try:
        vectors = np.stack(others[lists[0]].to_list()) if len(lists) == 1 else others.to_numpy(np.float32)
        vectors = np.asarray(vectors, np.float32)
    except (TypeError, ValueError) as error:
        told = ", ".join(others.columns[:5]) or "none"
        raise VectorsError(
            f"{path}: its vectors are not numbers, or not all of one length (columns: {told})."
        ) from error
    if not vectors.size:
        raise VectorsError(f"{path} has no vectors: add columns of numbers, or in Parquet a column of lists.")
    wrong = ~(np.isfinite(vectors).all(1) & vectors.any(1))
    if wrong.any():
        raise VectorsError(
            f"{path}: the vector of {first(table[columns], wrong)} is zero or holds a value that is no finite number."
        )
    return vectors
