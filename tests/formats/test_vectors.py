"""Vectors that a user brings: how their rows name crops, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from pugmark.formats import vectors


def written(folder, content, name="v.csv"):
    path = folder / name
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        pd.DataFrame(content).to_parquet(path)
    return path


def test_a_csv_has_the_vector_in_its_other_columns(tmp_path):
    path = written(tmp_path, "\ufeffcrop_id;a;b\n01;1;2\nx;3;4.5\n")
    columns, crops, found = vectors.read(path)
    assert (columns, crops) == (["crop_id"], ["01", "x"])
    np.testing.assert_array_equal(found, np.float32([[1, 2], [3, 4.5]]))
    assert found.dtype == np.float32


@pytest.mark.parametrize("name", ["feature", "embedding"])
def test_a_parquet_file_has_it_in_its_column_of_lists(tmp_path, name):
    path = written(tmp_path, {"crop_id": ["a", "b"], "score": [0.1, 0.2], name: [[1.0, 2.0], [3.0, 4.0]]}, "v.parquet")
    np.testing.assert_array_equal(vectors.read(path)[2], [[1, 2], [3, 4]])


def test_a_path_is_compared_as_it_is_meant_with_frame_and_box(tmp_path):
    path = written(tmp_path, "path,frame,x,y,w,h,a\nday1\\\\./cafe\u0301.mp4,30,.1,.2,.3,.4,7\n".replace("\\\\", "\\"))
    columns, crops, _ = vectors.read(path)
    table = {"path": ["day1/caf\u00e9.mp4"], "frame": [30.0], "x": [0.1], "y": [0.2], "w": [0.3], "h": [0.4]}
    assert columns == ["path", "frame", "x", "y", "w", "h"]
    assert crops == vectors.names(pd.DataFrame(table), columns).tolist()
    assert crops != vectors.names(pd.DataFrame(table | {"x": [0.10001]}), columns).tolist()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,a\nx,1\n", "does not say which crops its vectors are of: add a column `crop_id` or `path`."),
        ("path,x,y,a\nd/a.jpg,0,0,1\n", "has x, y without the rest of the box: give all of x, y, w, h."),
        ("crop_id,a\nx,1\nx,2\n", "two rows are about crop_id x: keep one"),
        ("path,a\nd/a.jpg,1\nd/./a.jpg,2\n", "two rows are about path d/./a.jpg: keep one"),
        ("path,a\n,1\n", "row 1: path must be filled in every row."),
        ("crop_id,a\nx,0\n", "the vector of crop_id x is zero or holds a value that is no finite number."),
        ("crop_id,a,b\ny,1,2\nx,1,\n", "the vector of crop_id x is zero or holds"),
        ("crop_id,a\nx,red\n", "its vectors are not numbers"),
        ("crop_id\nx\n", "has no vectors: add columns of numbers"),
        ("", "cannot be read as a table"),
        ({"crop_id": ["a", "b"], "v": [[1.0], [1.0, 2.0]]}, "not all of one length"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path, content, said):
    path = written(tmp_path, content, "v.csv" if isinstance(content, str) else "v.parquet")
    with pytest.raises(vectors.VectorsError) as error:
        vectors.read(path)
    assert said in str(error.value) and str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_a_file_that_is_no_table_is_one_sentence(tmp_path):
    path = tmp_path / "v.parquet"
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(vectors.VectorsError, match="cannot be read as a table"):
        vectors.read(path)
