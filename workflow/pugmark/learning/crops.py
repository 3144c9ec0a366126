"""The crops that a method sees: metadata in memory, JPEG bytes in Arrow, pixels decoded one at a time on demand."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pugmark import tables
from pugmark.masking.apply import load_crop

# The path stays behind: in many data sets the folder is the animal's name.
_HIDDEN = {"image", "mask", "path"}
TRUTH = ("individual", "viewpoint")


class Crops:
    """N crops.

    meta: DataFrame, N rows, the columns of the crops table without image, mask and path; `individual` and `viewpoint`
    where the method may see them. fill: grey level outside the mask, None for unmasked.
    """

    def __init__(self, table, fill, rows=None):
        self._table, self.fill = table, fill
        self._rows = np.arange(table.num_rows) if rows is None else rows
        visible = [name for name in table.column_names if name not in _HIDDEN]
        self.meta = table.select(visible).to_pandas().iloc[self._rows].reset_index(drop=True)

    def __len__(self):
        return len(self._rows)

    def image(self, index):
        """Crop `index` as uint8 RGB, H x W x 3."""
        row = int(self._rows[index])
        return load_crop(self._table["image"][row].as_py(), self._table["mask"][row].as_py(), self.fill)

    def take(self, indices):
        """The crops at `indices` (integers), in that order; the bytes are shared."""
        return Crops(self._table, self.fill, self._rows[np.asarray(indices, int)])

    def without_truth(self):
        """The same crops, individual and viewpoint withheld."""
        return Crops(
            self._table.drop_columns([name for name in TRUTH if name in self._table.column_names]),
            self.fill,
            self._rows,
        )

    def labels(self, column="individual"):
        """Integer labels (int64 array, N) and the sorted names they count; no crop may lack one."""
        names, codes = np.unique(self.meta[column].to_numpy(str), return_inverse=True)
        return codes.astype(np.int64), names.tolist()


def read(path, fill, truth=None):
    """Every crop of one crops table; `truth` is a DataFrame with crop_id and the columns of TRUTH to join."""
    table = tables.read_arrow(path, "crops")
    return Crops(table if truth is None else _join(table, truth), fill)


def read_split(folder, split, fill):
    """The crops that the rows of a split DataFrame name, with what it says of their truth, from {folder}/{batch}."""
    parts = []
    for batch, rows in split.groupby("batch", sort=True):
        table = tables.read_arrow(folder / batch / "crops.parquet", "crops")
        wanted = pc.is_in(table["crop_id"], value_set=pa.array(rows["crop_id"], pa.string()))
        parts.append(_join(table.filter(wanted), rows))
    empty = _join(tables.schema("crops").empty_table(), split.iloc[:0])
    return Crops(pa.concat_tables(parts) if parts else empty, fill)


def _join(table, truth):
    known = truth.set_index("crop_id").reindex(table["crop_id"].to_pylist())
    for column in TRUTH:
        values = known[column].astype(object).where(pd.notna(known[column]), None)
        table = table.append_column(column, pa.array(values.tolist(), pa.string()))
    return table
