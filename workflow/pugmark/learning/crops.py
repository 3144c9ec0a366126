"""The crops that a method sees: metadata in memory, JPEG bytes in a temporary file, pixels decoded one at a time."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pugmark import tables
from pugmark.learning.scratch import Scratch
from pugmark.masking.apply import load_crop

# The path stays behind: in many data sets the folder is the animal's name.
_VISIBLE = [name for name in tables.definitions()["crops"]["columns"] if name not in ("image", "mask", "path")]
TRUTH = ("individual", "viewpoint")


class Crops:
    """N crops.

    meta: DataFrame, N rows, the columns of the crops table without image, mask and path; `individual` and `viewpoint`
    where the method may see them. fill: grey level outside the mask, None for unmasked.
    """

    def __init__(self, meta, pictures, fill, rows=None):
        """pictures: JPEG and mask of each row of the tables, one after the other; rows: which of them these crops are,
        None for all."""
        self.meta, self._pictures, self.fill = meta, pictures, fill
        self._rows = np.arange(len(meta)) if rows is None else rows

    def __len__(self):
        return len(self._rows)

    def image(self, index):
        """Crop `index` as uint8 RGB, H x W x 3."""
        first = 2 * int(self._rows[index])
        return load_crop(self._pictures[first], self._pictures[first + 1].decode() or None, self.fill)

    def take(self, indices):
        """The crops at `indices` (integers), in that order; the bytes are shared."""
        chosen = np.asarray(indices, int)
        return Crops(self.meta.iloc[chosen].reset_index(drop=True), self._pictures, self.fill, self._rows[chosen])

    def without_truth(self):
        """The same crops, individual and viewpoint withheld."""
        return Crops(self.meta.drop(columns=list(TRUTH), errors="ignore"), self._pictures, self.fill, self._rows)

    def labels(self, column="individual"):
        """Integer labels (int64 array, N) and the sorted names they count; no crop may lack one."""
        names, codes = np.unique(self.meta[column].to_numpy(str), return_inverse=True)
        return codes.astype(np.int64), names.tolist()


def read(path, fill, truth=None):
    """Every crop of one crops table; `truth` is a DataFrame with crop_id and the columns of TRUTH to join."""
    index = tables.read_arrow(path, "crops", _VISIBLE)
    index = index if truth is None else _join(index, truth)
    return Crops(index.to_pandas(), Scratch(_pictures(path, index)), fill)


def read_split(folder, split, fill):
    """The crops that the rows of a split DataFrame name, with what it says of their truth, from {folder}/{batch}."""
    indices = {None: _join(tables.schema("crops").empty_table().select(_VISIBLE), split.iloc[:0])}
    for batch, rows in split.groupby("batch", sort=True):
        path = folder / batch / "crops.parquet"
        index = tables.read_arrow(path, "crops", _VISIBLE)
        wanted = pc.is_in(index["crop_id"], value_set=pa.array(rows["crop_id"], pa.string()))
        indices[path] = _join(index.filter(wanted), rows)
    pictures = (content for path in list(indices)[1:] for content in _pictures(path, indices[path]))
    return Crops(pa.concat_tables(indices.values()).to_pandas(), Scratch(pictures), fill)


def _pictures(path, index):
    """Yield JPEG and mask, empty where there is none, of the crops of a table that are in `index`."""
    wanted = set(index["crop_id"].to_pylist())
    for crop_id, image, mask in tables.stream(path, "crops", ["crop_id", "image", "mask"]):
        if crop_id in wanted:
            yield image
            yield (mask or "").encode()


def _join(table, truth):
    known = truth.set_index("crop_id").reindex(table["crop_id"].to_pylist())
    for column in TRUTH:
        values = known[column].astype(object).where(pd.notna(known[column]), None)
        table = table.append_column(column, pa.array(values.tolist(), pa.string()))
    return table
