"""The stage that groups features: from tables to a table."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from pugmark import tables, vectors
from pugmark.learning.hashing import directions
from pugmark.stages import cluster as stage

torch.set_num_threads(1)


def write_collection(folder, features, truth, batches=("b1", "b2"), words=None, **columns):
    """A split table and its features, shared out to batches in turn; the batch's own order is reversed."""
    number = len(features)
    table = pd.DataFrame(
        {
            "crop_id": [f"c{i}" for i in range(number)],
            "batch": [batches[i % len(batches)] for i in range(number)],
            "individual": truth,
            "viewpoint": None,
            "station": None,
            "timestamp": None,
            "sequence": [f"s{i}" for i in range(number)],
            "frame_number": None,
            "media_id": "m",
            "infrared": False,
            "split": "test" if words is None else words,
        }
        | columns
    )
    tables.write(folder / "split.parquet", "split", table, "split")
    for batch in batches:
        rows = table.index[table["batch"] == batch][::-1]
        data = {"crop_id": table["crop_id"][rows].tolist(), "feature": list(features[rows])}
        tables.write(folder / batch / "features" / "run.parquet", "features", data, "embed")
    return table


def blobs(identities=4, each=10, size=16, noise=0.3):
    random = np.random.default_rng(0)
    truth = np.tile(np.arange(identities), each)
    found = random.standard_normal((identities, size))[truth] + noise * random.standard_normal((len(truth), size))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32), [f"i{t}" for t in truth]


def run(folder, **settings):
    out = folder / "clusters.parquet"
    command = ["--split", folder / "split.parquet", "--folder", folder, "--run", "run", "--out", out]
    stage.main([*map(str, command), "--settings", json.dumps(settings)])
    return tables.read(out, "clusters"), tables.provenance(out)["counts"]


def test_all_algorithms_find_clear_individuals(tmp_path):
    features, truth = blobs()
    table = write_collection(tmp_path, features, truth)
    found, counts = run(tmp_path, individuals=4, seed=1, algorithms={"kmeans": {}, "dbscan": {"k1": 10}, **AVERAGE})
    assert counts == {"clusters": {"kmeans": 4, "dbscan": 4, "agglomerative": 4}, "skipped": {}}
    for _, rows in found.groupby("algorithm"):
        assert adjusted_rand_score(table["individual"], rows.set_index("crop_id")["cluster"][table["crop_id"]]) == 1
    assert (found["score"] > 0.8).all()


AVERAGE = {"agglomerative": {"threshold": 0.5}}


def test_a_known_number_of_individuals_goes_before_the_threshold_of_average_linkage(tmp_path):
    write_collection(tmp_path, *blobs())
    assert run(tmp_path, individuals=7, **{"algorithms": AVERAGE})[1]["clusters"] == {"agglomerative": 7}


def test_unknown_number_of_individuals(tmp_path):
    write_collection(tmp_path, *blobs())
    _, counts = run(tmp_path, algorithms={"kmeans": {}, **AVERAGE})
    assert counts == {"clusters": {"agglomerative": 4}, "skipped": {"kmeans": "needs the number of individuals"}}
    assert "kmeans_per_frame" in run(tmp_path, algorithms={"kmeans_per_frame": {}})[1]["skipped"]
    assert run(tmp_path, algorithms={"kmeans": {}})[0].empty


def test_dbscan_compares_as_many_crops_as_an_individual_has(tmp_path, capsys):
    write_collection(tmp_path, *blobs())
    _, counts = run(tmp_path, individuals=4, algorithms={"dbscan": {}})
    told = capsys.readouterr().err
    assert counts["clusters"] == {"dbscan": 4}
    assert "dbscan: k1 is 10, from 40 crops of 4 individuals" in told and "try a smaller k1" not in told
    run(tmp_path, algorithms={"dbscan": {}})
    assert "dbscan: k1 is 6, the square root of 40 crops" in capsys.readouterr().err


def test_one_cluster_of_nearly_all_is_told(tmp_path, capsys):
    write_collection(tmp_path, *blobs(identities=1))
    run(tmp_path, algorithms={"dbscan": {"k1": 10}})
    assert "dbscan: one cluster holds 100% of the crops" in capsys.readouterr().err


def test_frames_are_those_of_the_media(tmp_path):
    features, truth = blobs(noise=1.2)
    table = write_collection(tmp_path, features, truth, media_id=[f"v-f{i // 4}" for i in range(len(truth))])
    found, _ = run(tmp_path, individuals=4, algorithms={"kmeans": {}, "kmeans_per_frame": {}})
    met = found.merge(table).groupby(["algorithm", "media_id"])["cluster"].nunique().unstack(0)
    assert (met["kmeans_per_frame"] == 4).all() and (met["kmeans"] < 4).any()


def test_scores_by_hand():
    features = np.array([[1, 0], [0, 1], [1, 0], [0, -1]], np.float32)
    found = stage.scores(features, np.array([0, 0, 1, -1]))
    assert found[:3] == pytest.approx([0.5**0.5, 0.5**0.5, 1]) and np.isnan(found[3])


def test_argmax_reads_the_individual_and_needs_no_number_of_them(tmp_path):
    probabilities = np.array([[0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.5, 0.4, 0.1], [0.3, 0.6, 0.1]], np.float32)
    features = probabilities / np.linalg.norm(probabilities, axis=1, keepdims=True)
    table = write_collection(tmp_path, features, list("abca"))
    found, counts = run(tmp_path, algorithms={"argmax": {}})
    assert found.set_index("crop_id")["cluster"][table["crop_id"]].tolist() == [1, 2, 0, 1]
    assert counts == {"clusters": {"argmax": 3}, "skipped": {}}


def test_tracks_are_read_across_batches_and_nobodys_boxes_are_noise(tmp_path):
    features = directions(["v track 1", None, "v track 0", "v track 1", "w track 0"], 16)
    table = write_collection(tmp_path, features, list("abbca"))
    found, counts = run(tmp_path, individuals=2, algorithms={"tracks": {}})
    rows = found.set_index("crop_id").loc[table["crop_id"]]
    assert rows["cluster"].tolist() == [0, -1, 1, 0, 2]
    assert rows["score"].fillna(0).tolist() == pytest.approx([1, 0, 1, 1, 1])
    assert counts["clusters"] == {"tracks": 3}


def test_an_unknown_algorithm_is_explained():
    with pytest.raises(stage.ClusterError, match="'kmean': choose from kmeans"):
        stage.cluster(blobs()[0], {"algorithms": {"kmean": {}}})


def test_an_empty_collection(tmp_path):
    write_collection(tmp_path, np.zeros((0, 1), np.float32), [])
    assert run(tmp_path, individuals=3)[0].empty


def test_features_are_put_in_the_order_of_the_split(tmp_path):
    features, truth = blobs()
    table = write_collection(tmp_path, features, truth)
    assert np.array_equal(vectors.of_collection(table, tmp_path, "run"), features)
    part = table.iloc[[7, 2, 5]]
    assert np.array_equal(vectors.of_collection(part, tmp_path, "run"), features[[7, 2, 5]])


def test_missing_features_are_explained(tmp_path):
    features, truth = blobs()
    table = write_collection(tmp_path, features, truth).assign(crop_id=lambda rows: "x" + rows["crop_id"])
    with pytest.raises(vectors.FeaturesError, match="no features for 20 crops of batch b1"):
        vectors.of_collection(table, tmp_path, "run")


def test_same_input_same_bytes(tmp_path):
    write_collection(tmp_path, *blobs(noise=1.0))
    files = []
    for _ in range(2):
        run(tmp_path, individuals=4)
        files.append((tmp_path / "clusters.parquet").read_bytes())
    assert files[0] == files[1]
