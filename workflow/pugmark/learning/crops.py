"""The crops that a method sees: metadata in memory, JPEG bytes in a temporary file, pixels decoded one at a time."""

import copy

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pugmark import tables
from pugmark.learning.scratch import Scratch
from pugmark.masking import apply

# The path stays behind: in many data sets the folder is the animal's name.
_VISIBLE = [name for name in tables.definitions()["crops"]["columns"] if name not in ("image", "mask", "path")]
TRUTH = ("individual", "viewpoint")
# What the collection knows better than the batch: it joins sequences, and knows folders of animals from stations.
KNOWN = (*TRUTH, "sequence", "station")


class Crops:
    """N crops.

    meta: DataFrame, N rows, the columns of the crops table without image, mask and path; `individual` and `viewpoint`
    where the method may see them. fill: grey level outside the mask, None for unmasked. shown: `animal`, or
    `background` where the animal is filled instead. beside: vectors that others made of them, float32 N x D each, for
    a method that joins them.
    """

    def __init__(self, meta, pictures, fill, rows=None, shown="animal"):
        """pictures: JPEG and mask of each row of the tables, one after the other; rows: which of them these crops are,
        None for all."""
        self.meta, self._pictures, self.fill, self.shown = meta, pictures, fill, shown
        self._rows = np.arange(len(meta)) if rows is None else rows
        self._outlined, self.beside = False, []

    def __len__(self):
        return len(self._rows)

    def image(self, index, size=None):
        """Crop `index` as uint8 RGB, H x W x 3, the background filled where it has a mask.

        size: the least (height, width) that is needed, so that less is decoded; None for all there is. Outlined crops
        have a fourth channel, 255 on the animal and 0 around it; without a mask all of the crop is the animal.
        """
        jpeg, mask = self._stored(index)
        if not self._outlined:
            return apply.load_crop(jpeg, mask, self.fill, size, self.shown)
        pixels, inside = apply.decoded(jpeg, mask, size)
        pixels = apply.filled(pixels, inside, self.fill, self.shown)
        inside = np.ones(pixels.shape[:2], bool) if inside is None else inside
        return np.dstack([pixels, 255 * inside.astype(np.uint8)])

    def masked(self, index):
        """Whether the background of crop `index` is filled."""
        return self.fill is not None and bool(self._pictures[2 * int(self._rows[index]) + 1])

    def outlined(self):
        """The same crops with the animal's outline as a fourth channel."""
        made = copy.copy(self)
        made._outlined = True
        return made

    def take(self, indices):
        """The crops at `indices` (integers), in that order; the bytes are shared."""
        chosen, made = np.asarray(indices, int), copy.copy(self)
        made.meta, made._rows = self.meta.iloc[chosen].reset_index(drop=True), self._rows[chosen]
        made.beside = [vectors[chosen] for vectors in self.beside]
        return made

    def without_truth(self):
        """The same crops, individual and viewpoint withheld."""
        made = copy.copy(self)
        made.meta = self.meta.drop(columns=list(TRUTH), errors="ignore")
        return made

    def _stored(self, index):
        """JPEG bytes and mask of crop `index`, None for no mask."""
        first = 2 * int(self._rows[index])
        return self._pictures[first], self._pictures[first + 1].decode() or None

    def labels(self, column="individual"):
        """Integer labels (int64 array, N) and the sorted names they count; no crop may lack one."""
        names, codes = np.unique(self.meta[column].to_numpy(str), return_inverse=True)
        return codes.astype(np.int64), names.tolist()


def read(path, fill, truth=None, batch=None, shown="animal"):
    """Every crop of one crops table.

    fill, shown: as of Crops. truth: DataFrame with crop_id and the columns of TRUTH to join. batch: name of the batch,
    for a method that is shown the paths, which then begin with it.
    """
    index = tables.read_arrow(path, "crops", _VISIBLE if batch is None else [*_VISIBLE, "path"])
    index = index if truth is None else _join(index, truth, TRUTH)
    seen = Crops(index.to_pandas(), Scratch(_pictures(path, index)), fill, shown=shown)
    if batch is not None:
        seen.meta["path"] = batch + "/" + seen.meta["path"]
    return seen


def read_split(folder, split, fill, shown="animal"):
    """The crops that the rows of a split DataFrame name, with what it says of them, from {folder}/{batch}."""
    indices = {None: _join(tables.schema("crops").empty_table().select(_VISIBLE), split.iloc[:0], KNOWN)}
    for batch, rows in split.groupby("batch", sort=True):
        path = folder / batch / "crops.parquet"
        index = tables.read_arrow(path, "crops", _VISIBLE)
        wanted = pc.is_in(index["crop_id"], value_set=pa.array(rows["crop_id"], pa.string()))
        indices[path] = _join(index.filter(wanted), rows, KNOWN)
    pictures = (content for path in list(indices)[1:] for content in _pictures(path, indices[path]))
    return Crops(pa.concat_tables(indices.values()).to_pandas(), Scratch(pictures), fill, shown=shown)


def _pictures(path, index):
    """Yield JPEG and mask, empty where there is none, of the crops of a table that are in `index`."""
    wanted = set(index["crop_id"].to_pylist())
    for crop_id, image, mask in tables.stream(path, "crops", ["crop_id", "image", "mask"]):
        if crop_id in wanted:
            yield image
            yield (mask or "").encode()


def _join(table, known, columns):
    """`table` with the `columns` of the DataFrame `known`, in place of its own."""
    known = known.set_index("crop_id").reindex(table["crop_id"].to_pylist())
    for column in columns:
        values = known[column].astype(object).where(pd.notna(known[column]), None)
        table = table.drop_columns([column]) if column in table.column_names else table
        table = table.append_column(column, pa.array(values.tolist(), pa.string()))
    return table
