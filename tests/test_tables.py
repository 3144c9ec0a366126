"""Tables are checked on write and on read, carry their provenance, and are never seen half-written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pugmark import tables
from pugmark.runtime import disk

LABEL = {"crop_id": "a-d00", "individual": "Uma", "viewpoint": None, "split": None}


def test_rows_come_back_with_types_and_nulls(tmp_path):
    tables.write(tmp_path / "t.parquet", "labels", [LABEL], "label")
    row = tables.read(tmp_path / "t.parquet", "labels").iloc[0]
    assert row["individual"] == "Uma" and pd.isna(row["viewpoint"])


def test_an_empty_table_is_valid(tmp_path):
    for name in tables.definitions():
        tables.write(tmp_path / f"{name}.parquet", name, [], "test")
        assert len(tables.read(tmp_path / f"{name}.parquet", name)) == 0


@pytest.mark.parametrize(
    "row, message",
    [
        ({**LABEL, "colour": "red"}, "unknown columns"),
        ({"crop_id": "a"}, "missing columns"),
        ({**LABEL, "crop_id": None}, "null values"),
        ({**LABEL, "individual": 3.5}, "labels.individual"),
    ],
)
def test_wrong_rows_are_refused(tmp_path, row, message):
    with pytest.raises(tables.TableError, match=message):
        tables.write(tmp_path / "t.parquet", "labels", [row], "label")
    assert not list(tmp_path.iterdir()), "nothing may be left behind"


def test_repeated_keys_are_refused(tmp_path):
    with pytest.raises(tables.TableError, match="unique by"):
        tables.write(tmp_path / "t.parquet", "labels", [LABEL, LABEL], "label")


def test_a_file_of_another_shape_is_refused_on_read(tmp_path):
    pq.write_table(pa.table({"crop_id": ["a"]}), tmp_path / "t.parquet")
    with pytest.raises(tables.TableError, match="individual: expected string, found None"):
        tables.read(tmp_path / "t.parquet", "labels")


def test_equal_inputs_give_equal_bytes_and_provenance_is_kept(tmp_path):
    for name in ("a", "b"):
        tables.write(tmp_path / name, "labels", [LABEL], "label", {"min_iou": 0.5}, counts={"crops": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    found = tables.provenance(tmp_path / "a")
    assert (found["stage"], found["settings"], found["counts"]) == ("label", {"min_iou": 0.5}, {"crops": 1})


@pytest.mark.parametrize("ids", [["a", "b"], []])
def test_features_come_back_as_an_array(tmp_path, ids):
    vectors = np.eye(3, dtype=np.float32)[: len(ids)]
    tables.write(tmp_path / "f", "features", {"crop_id": ids, "feature": vectors}, "embed")
    found, read = tables.features(tmp_path / "f")
    assert found == ids and read.dtype == np.float32
    assert np.array_equal(read, vectors[:, : read.shape[1]])


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "t"
    path.write_text("old")
    with pytest.raises(RuntimeError), disk.replacing(path) as partial:
        Path(partial).write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_undefined_metrics_stay_nan_and_missing_bounds_null(tmp_path):
    row = {
        "method": "m",
        "seed": 1,
        "protocol": "all",
        "metric": "mAP",
        "value": float("nan"),
        "low": None,
        "high": None,
    }
    tables.write(tmp_path / "t", "metrics", [{**row, "n": 0}], "evaluate")
    column = pq.read_table(tmp_path / "t")
    assert column["value"].null_count == 0 and column["low"].null_count == 1


def test_places_are_those_among_the_names_and_none_elsewhere():
    assert tables.places(["b", "a"], pd.Series(["a", "x", None, "b", "a"])).tolist() == [1, -1, -1, 0, 1]
    assert tables.places([], ["a"]).tolist() == [-1] and tables.places(["a"], []).tolist() == []


def test_the_first_row_of_each_key_counts_and_null_is_a_value():
    rows = pa.table({"one": ["a", "a", None, "b", None, "a"], "two": [1, 2, 1, 1, 1, 1], "other": range(6)})
    rows = pa.concat_tables([rows.slice(0, 2), rows.slice(2)])
    assert tables.first_of_each(rows, ["one", "two"]).tolist() == [True, True, True, True, False, False]
    assert tables.first_of_each(rows.slice(0, 0), ["one", "two"]).tolist() == []


def test_keys_of_more_values_than_a_number_holds():
    many = np.arange(2**16)
    # 2 ** 80 combinations: a number of 64 bits would lose the first column, in which alone the last two rows differ.
    rows = pa.table({f"c{at}": np.r_[many, 7, 8 if at == 0 else 7] for at in range(5)})
    assert np.flatnonzero(~tables.first_of_each(rows, rows.column_names)).tolist() == [2**16]
