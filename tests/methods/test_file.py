"""Vectors from a file: matched by crop or by path, through the stages that train and embed."""

import json

import numpy as np
import pandas as pd
import pytest
from learning import crop_tables

from pugmark import methods, tables
from pugmark.formats.vectors import VectorsError
from pugmark.stages import embed, train


@pytest.fixture
def batch(tmp_path):
    crop_tables.write(tmp_path, *crop_tables.rows(individuals=2, frames=2))
    return tmp_path


def crops(batch):
    return tables.read(batch / "batches/b1/crops.parquet", "crops")


def embedded(batch, rows):
    """(ids, vectors) of the batch, as a run makes them from a CSV of these rows."""
    pd.DataFrame(rows).to_csv(batch / "own.csv", index=False)
    model, params = batch / "model.pt", {"file": str(batch / "own.csv")}
    train.train(None, batch, model, batch / "trained.parquet", "file", params, 1)
    argv = ["--model", model, "--crops", batch / "batches/b1/crops.parquet", "--out", batch / "f.parquet"]
    embed.main([*map(str, argv), "--settings", json.dumps({"fill": 255, "batch": "b1"})])
    return tables.features(batch / "f.parquet")


def test_crops_are_matched_by_their_ids_in_any_order_and_other_rows_passed_over(batch):
    ids = crops(batch)["crop_id"].tolist()
    rows = [{"crop_id": name, "a": 3 * at, "b": 4 * at} for at, name in enumerate([*ids, "another"], 1)]
    found, vectors = embedded(batch, rows[::-1])
    assert found == ids
    np.testing.assert_allclose(vectors, [[0.6, 0.8]] * 4, atol=1e-6)


def test_crops_are_matched_by_batch_path_frame_and_box(batch):
    table = crops(batch)
    rows = table[["path", "x", "y", "w", "h"]].assign(frame=table["frame_number"], a=[1, 0, 0, -1], b=[0, 1, -1, 0])
    rows["path"] = "b1/" + rows["path"]
    vectors = embedded(batch, rows[::-1])[1]
    np.testing.assert_array_equal(vectors, [[1, 0], [0, 1], [0, -1], [-1, 0]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": "b2/other.mp4"}, "has no vector for 4 of the 4 crops of this batch, such as that of path b1/cow 0/"),
        ({"frame": None}, "has one vector for several animals, such as those of path b1/cow 0/video.mp4"),
    ],
)
def test_what_does_not_match_is_one_sentence(batch, change, said):
    table = crops(batch)
    rows = pd.DataFrame({"path": "b1/" + table["path"], "frame": table["frame_number"], "a": 1.0}).assign(**change)
    rows = rows.dropna(axis=1).drop_duplicates(rows.columns[rows.notna().all()].tolist())
    with pytest.raises(VectorsError) as error:
        embedded(batch, rows if "path" not in change else rows[:1])
    assert said in str(error.value) and "\n" not in str(error.value)


def test_no_other_method_is_shown_a_path():
    assert [name for name, facts in methods.catalogue().items() if facts["SEES_PATHS"]] == ["file"]
