"""The embed stage: one unit vector per crop, in the crops' order, or a valid empty table."""

import json

import numpy as np
import pytest
from learning import crop_tables

from pugmark import tables
from pugmark.learning import checkpoint
from pugmark.stages import embed


@pytest.fixture
def batch(tmp_path):
    crop_tables.write(tmp_path, *crop_tables.rows(individuals=3, frames=2))
    return tmp_path


def model(folder, method, params, state):
    content = {"method": method, "params": params, "seed": 1, "state": state, "weights": [{"name": "w"}]}
    checkpoint.save(folder / "model.pt", content)
    return folder / "model.pt"


def run(batch, path, *more):
    argv = ["--model", path, "--crops", batch / "batches/b1/crops.parquet", "--out", batch / "f.parquet", *more]
    embed.main([str(word) for word in [*argv, "--settings", json.dumps({"fill": 255})]])
    return tables.features(batch / "f.parquet")


def test_vectors_follow_the_crops(batch):
    ids, vectors = run(batch, model(batch, "pixels", {"height": 4, "width": 4, "colour": False}, {}))
    assert ids == tables.read(batch / "batches/b1/crops.parquet", "crops")["crop_id"].tolist()
    assert vectors.shape == (6, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    told = tables.provenance(batch / "f.parquet")
    assert told["models"] == [{"name": "w"}] and told["settings"]["fill"] == 255 and told["counts"] == {"crops": 6}


def test_the_truth_goes_to_the_oracle(batch):
    path = model(batch, "oracle", {"size": 16}, {})
    vectors = run(batch, path, "--labels", batch / "batches/b1/labels.parquet")[1]
    np.testing.assert_array_equal(vectors[:3], vectors[3:])
    assert abs(vectors[0] @ vectors[1]) < 0.9


def test_no_crops_give_an_empty_table(batch):
    table, labels, split = crop_tables.rows(3, 2)
    crop_tables.write(batch, table[:0], labels[:0], split[:0])
    for method in ("random", "oracle"):
        path = model(batch, method, {"size": 16}, {"seed": 1})
        ids, _ = run(batch, path, "--labels", batch / "batches/b1/labels.parquet")
        assert ids == []


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones((2, 4), np.float32), "not of unit norm"),
        (np.full((2, 4), np.nan, np.float32), "NaN or infinity"),
        (np.full((2, 4), 0.5), "float64"),
        (np.full((3, 4), 0.5, np.float32), r"expected 2 float32 vectors"),
    ],
)
def test_bad_vectors_are_refused(features, message):
    with pytest.raises(embed.FeatureError, match=message):
        embed.checked(features, 2)


def test_good_vectors_pass():
    features = np.full((2, 4), 0.5, np.float32)
    assert embed.checked(features, 2) is features


def test_vectors_are_laid_side_by_side_and_their_weights_named(batch):
    parts = []
    for name, side in (("a", 4), ("b", 6)):
        made = model(batch, "pixels", {"height": side, "width": side, "colour": False}, {})
        parts.append(run(batch, made)[1])
        (batch / "f.parquet").rename(batch / f"{name}.parquet")
    vectors = run(batch, model(batch, "concat", {}, {}), "--beside", batch / "a.parquet", batch / "b.parquet")[1]
    np.testing.assert_allclose(vectors, np.concatenate(parts, 1) / np.sqrt(2), atol=1e-6)
    assert len(tables.provenance(batch / "f.parquet")["models"]) == 3


def test_vectors_of_other_crops_are_refused(batch):
    path = model(batch, "pixels", {"height": 4, "width": 4, "colour": False}, {})
    run(batch, path)
    rows = tables.read(batch / "f.parquet", "features")
    tables.write(batch / "a.parquet", "features", rows.iloc[::-1], "embed")
    with pytest.raises(embed.FeatureError, match=r"a\.parquet is not of these crops"):
        run(batch, model(batch, "concat", {}, {}), "--beside", batch / "a.parquet")
