"""The stage that judges a run: controls through the whole of it, and collections that leave little to judge."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from stages.test_cluster import blobs, write_collection

from pugmark import rerankers, tables
from pugmark.keypoints import table as keypoints
from pugmark.stages import evaluate as stage

torch.set_num_threads(1)


def write_clusters(folder, table, labels, algorithm="kmeans"):
    rows = table[["crop_id"]].assign(algorithm=algorithm, cluster=np.array(labels, int), score=0.5)
    tables.write(folder / "clusters.parquet", "clusters", rows, "cluster")


def run(folder, trained=(), **settings):
    files = {name: folder / f"{name}.parquet" for name in ("split", "clusters", "metrics", "queries", "trained")}
    tables.write(files["trained"], "trained", {"crop_id": list(trained)}, "train")
    command = ["--trained", files["trained"]]
    command += ["--split", files["split"], "--folder", folder, "--run", "run", "--clusters", files["clusters"]]
    command += ["--out", files["metrics"], "--queries", files["queries"]]
    stage.main([*map(str, command), "--settings", json.dumps({"method": "m", "seed": 1, "resamples": 50} | settings)])
    return tables.read(files["metrics"], "metrics"), tables.read(files["queries"], "queries")


def value(metrics, protocol, metric, column="value"):
    found = metrics[(metrics["protocol"] == protocol) & (metrics["metric"] == metric)]
    assert len(found) == 1
    return found[column].iloc[0]


def oracle(truth):
    names = sorted(set(truth))
    return np.eye(len(names), dtype=np.float32)[[names.index(name) for name in truth]]


def test_the_oracle_scores_one(tmp_path):
    _, truth = blobs()
    table = write_collection(tmp_path, oracle(truth), truth)
    write_clusters(tmp_path, table, [int(name[1]) for name in truth])
    metrics, queries = run(tmp_path)
    for protocol in ("cross_sequence", "all"):
        for metric in ("mAP", "mAP_trapezoid", "rank1", "rank5", "rank10", "mINP"):
            assert value(metrics, protocol, metric) == 1
        assert value(metrics, protocol, "rank1_chance") == pytest.approx(9 / 39)
    for metric in ("accuracy", "ARI", "AMI"):
        assert value(metrics, "kmeans", metric) == pytest.approx(1)
    assert len(queries) == 80 and set(metrics["method"]) == {"m"} and set(metrics["seed"]) == {1}


def test_crops_that_trained_the_model_are_neither_asked_for_nor_found(tmp_path, capsys):
    _, truth = blobs()
    table = write_collection(tmp_path, oracle(truth), truth)
    write_clusters(tmp_path, table, [0] * len(truth))
    leaked = set(table["crop_id"].iloc[::4])
    _, queries = run(tmp_path, leaked)
    assert not leaked & set(queries["crop_id"])
    assert not leaked & {crop_id for neighbours in queries["neighbours"] for crop_id in neighbours}
    assert "trained this model" in capsys.readouterr().err
    _, of_a_video = run(tmp_path, leaked, family="video")
    assert leaked <= set(of_a_video["crop_id"])


@pytest.mark.parametrize("part", ["query", "gallery"])
def test_a_crop_that_trained_the_model_is_left_out_of_either_part(tmp_path, part):
    _, truth = blobs()
    words = np.where(np.arange(len(truth)) < 20, "query", "gallery")
    table = write_collection(tmp_path, oracle(truth), truth, words=words)
    write_clusters(tmp_path, table, [0] * len(truth))
    leaked = set(table["crop_id"][words == part].iloc[::5])
    _, queries = run(tmp_path, leaked)
    seen = {*queries["crop_id"], *(crop_id for neighbours in queries["neighbours"] for crop_id in neighbours)}
    assert not leaked & seen and len(queries) == 2 * (20 - (4 if part == "query" else 0))
    counts = tables.provenance(tmp_path / "metrics.parquet")["counts"]
    assert counts["test crops that trained the model"] == len(leaked)


def test_nobody_is_told_to_name_crops_where_the_model_has_learned_from_all_that_are_named(tmp_path, capsys):
    _, truth = blobs()
    table = write_collection(tmp_path, oracle(truth), truth, words=np.full(len(truth), "test"))
    write_clusters(tmp_path, table, [0] * len(truth))
    run(tmp_path, table["crop_id"])
    said = capsys.readouterr().err
    assert "--forcerun train" in said and "name more crops" not in said
    run(tmp_path, table["crop_id"], chooses=True)
    assert "--forcerun train" not in capsys.readouterr().err, "a method that picks its own crops would pick them again"


def test_sequences_that_changed_sides_since_the_training_are_left_out_whole():
    split = pd.DataFrame({"crop_id": [*"abcde"], "sequence": ["s1", "s1", "s2", "s2", "s3"]})
    split["split"] = ["test", "test", "train", "test", "test"]
    assert stage._unseen(split, ["a"], False)["split"].tolist() == ["unused", "unused", "train", "test", "test"]
    assert stage._unseen(split, ["a"], True)["split"].tolist() == ["unused", "test", "train", "test", "test"]
    # The split that labels.csv gives tears s2 apart today as it did then.
    assert stage._unseen(split, ["c"], False)["split"].tolist() == split["split"].tolist()


def test_random_features_score_chance(tmp_path):
    random = np.random.default_rng(0)
    features = random.standard_normal((400, 32)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    truth = [f"i{i}" for i in random.integers(0, 5, 400)]
    write_clusters(tmp_path, write_collection(tmp_path, features, truth), random.integers(0, 5, 400))
    metrics, _ = run(tmp_path)
    assert value(metrics, "all", "rank1") == pytest.approx(value(metrics, "all", "rank1_chance"), abs=0.06)
    assert value(metrics, "all", "mAP") == pytest.approx(value(metrics, "all", "mAP_chance"), abs=0.01)
    assert value(metrics, "kmeans", "ARI") == pytest.approx(0, abs=0.02)


def test_a_burst_does_not_help_across_sequences(tmp_path):
    """Two bursts an animal, each of its own direction: perfect without junk, nothing right across sequences."""
    truth = ["a"] * 4 + ["b"] * 4
    bursts = np.repeat([0, 1, 2, 3], 2)
    # a's second burst resembles b's second, and so the other way round.
    directions = np.array([[1, 0, 0, 0], [0, 1, 0.1, 0], [0, 0, 0, 1], [0, 1, -0.1, 0]], np.float32)
    features = directions[bursts] / np.linalg.norm(directions[bursts], axis=1, keepdims=True)
    table = write_collection(tmp_path, features, truth, sequence=[f"s{burst}" for burst in bursts])
    write_clusters(tmp_path, table, bursts)
    metrics, queries = run(tmp_path)
    assert value(metrics, "all", "rank1") == 1
    assert value(metrics, "cross_sequence", "rank1") == 0
    assert (queries[queries["protocol"] == "cross_sequence"]["junk"] == 1).all()
    assert (queries[queries["protocol"] == "all"]["junk"] == 0).all()


def test_every_figure_can_be_recomputed_from_the_queries(tmp_path):
    features, truth = blobs(noise=1.5)
    write_clusters(tmp_path, write_collection(tmp_path, features, truth), np.zeros(40))
    metrics, queries = run(tmp_path)
    rows = queries[queries["protocol"] == "all"]
    assert value(metrics, "all", "mAP") == pytest.approx(rows["ap"].mean())
    assert value(metrics, "all", "mAP_trapezoid") == pytest.approx(rows["ap_trapezoid"].mean())
    assert value(metrics, "all", "rank5") == pytest.approx((rows["first_rank"] <= 5).mean())
    assert value(metrics, "all", "mINP") == pytest.approx((rows["positives"] / rows["last_rank"]).mean())
    assert value(metrics, "all", "rank1") == pytest.approx(np.mean([right[0] for right in rows["correct"]]))
    names = dict(zip([f"c{i}" for i in range(40)], truth, strict=True))
    for row in rows.itertuples():
        assert [names[crop] == row.individual for crop in row.neighbours] == row.correct.tolist()


def test_query_and_gallery_parts_and_what_takes_no_part(tmp_path):
    features, truth = blobs()
    words = np.array(["train", "val", "query", "gallery", "unused"] * 8, object)
    truth[7] = None  # a query without a name
    write_clusters(tmp_path, write_collection(tmp_path, features, truth, words=words), np.zeros(40))
    metrics, queries = run(tmp_path, protocols={"plain": {"junk": "none"}})
    assert set(metrics["protocol"]) == {"plain", "kmeans"}
    assert set(queries["crop_id"]) == {f"c{i}" for i in range(2, 40, 5) if i != 7}
    assert {crop for row in queries["neighbours"] for crop in row} == {f"c{i}" for i in range(3, 40, 5)}
    assert value(metrics, "kmeans", "accuracy", "n") == 15
    unsupervised, _ = run(tmp_path, family="video")
    assert value(unsupervised, "kmeans", "accuracy", "n") == 15
    assert value(unsupervised, "kmeans, all crops", "accuracy", "n") == 39


def test_the_validation_part_alone_decides_who_is_called_new(tmp_path):
    features, truth = blobs(noise=0.2)
    words = np.array(["gallery", "val", "query", "val", "query"] * 8, object)
    words[[name == "i0" and word == "gallery" for name, word in zip(truth, words, strict=True)]] = "unused"
    table = write_collection(tmp_path, features, truth, words=words)
    write_clusters(tmp_path, table, np.zeros(40))
    metrics, _ = run(tmp_path)
    assert value(metrics, "all", "BAKS") == value(metrics, "all", "BAUS") == value(metrics, "all", "AUROC_new") == 1
    chosen = value(metrics, "all", "new_below")
    shuffled = list(truth)
    for at in np.flatnonzero(words == "query"):
        shuffled[at] = truth[::-1][at]
    write_collection(tmp_path, features, shuffled, words=words)
    assert value(run(tmp_path)[0], "all", "new_below") == chosen
    write_collection(tmp_path, features, truth, words=np.where(words == "val", "train", words))
    known = set(run(tmp_path)[0]["metric"])
    assert "AUROC_new" in known and not known & {"BAKS", "BAUS", "new_below"}


def test_single_and_cross_camera_groups(tmp_path):
    features, truth = blobs()
    stations = ["N" if name < "i2" else "NS"[i % 8 // 4] for i, name in enumerate(truth)]
    write_clusters(tmp_path, write_collection(tmp_path, features, truth, station=stations), np.zeros(40))
    metrics, _ = run(tmp_path, protocols={"atrw": {"junk": "none", "groups": "station"}})
    assert value(metrics, "atrw", "mAP_single", "n") == value(metrics, "atrw", "mAP_cross", "n") == 20
    halves = [value(metrics, "atrw", f"mAP_{group}") for group in ("single", "cross")]
    assert value(metrics, "atrw", "mmAP") == pytest.approx(np.mean(halves))
    assert "cross_station" in set(run(tmp_path)[0]["protocol"])


def test_id_f1_on_video_only(tmp_path):
    features, truth = blobs()
    frames = [i // 4 for i in range(40)]
    table = write_collection(tmp_path, features, truth, frame_number=frames)
    write_clusters(tmp_path, table, [int(name[1]) for name in truth[:20]] + [int(name[1]) ^ 1 for name in truth[20:]])
    metrics, _ = run(tmp_path)
    assert value(metrics, "kmeans", "IDF1") == value(metrics, "kmeans", "accuracy") == 0.5


@pytest.mark.parametrize("truth", [[], [None] * 40])
def test_nothing_named_gives_empty_tables(tmp_path, truth):
    features = blobs()[0][: len(truth)]
    write_clusters(tmp_path, write_collection(tmp_path, features, truth), np.zeros(len(truth)))
    metrics, queries = run(tmp_path)
    assert metrics.empty and queries.empty


def test_a_method_that_chose_its_crops_is_judged_on_all_that_it_has_not_seen(tmp_path):
    """It learned from some of the crops, where it is right, as it is in two of three others, in either part."""
    features, truth = blobs()
    words = np.array(["train", "test"] * 20, object)
    truth[39] = None
    table = write_collection(tmp_path, features, truth, words=words, frame_number=range(40))
    learned = np.arange(40) % 10 < 4
    right = learned | (np.arange(40) % 3 > 0)
    clusters = [i % 4 if ok else (i + 1) % 4 for i, ok in enumerate(right)]
    write_clusters(tmp_path, table, clusters, "argmax")
    metrics, queries = run(tmp_path, table["crop_id"][learned])
    protocols = {name for name in metrics["protocol"] if name.startswith("argmax")}
    assert protocols == {"argmax", "argmax, unseen crops"}
    unseen = [i for i in range(39) if not learned[i]]
    expected = np.mean([right[i] for i in unseen])
    assert value(metrics, "argmax, unseen crops", "accuracy") == pytest.approx(expected) and 0.6 < expected < 0.7
    assert value(metrics, "argmax, unseen crops", "accuracy", "n") == 23
    assert value(metrics, "argmax, unseen crops", "IDF1", "n") == 23
    # Of the test part, what it has not learned from.
    assert value(metrics, "argmax", "accuracy", "n") == 11
    assert not set(table["crop_id"][learned]) & set(queries["crop_id"])


def test_a_method_that_learned_from_the_training_part_is_judged_on_the_test_part_alone(tmp_path):
    features, truth = blobs()
    table = write_collection(tmp_path, features, truth, words=np.array(["train", "test"] * 20, object))
    write_clusters(tmp_path, table, np.arange(40) % 4)
    metrics, _ = run(tmp_path, table["crop_id"][::2])
    assert not any("crops" in name for name in metrics["protocol"])


def test_a_trackers_boxes_of_no_track_are_misses(tmp_path):
    """Of all named crops of a video, whatever their part: 40 boxes, 10 of them of no track, 30 right."""
    features, truth = blobs()
    words = np.array(["train", "test"] * 20, object)
    table = write_collection(tmp_path, features, truth, words=words, frame_number=[i // 4 for i in range(40)])
    tracks = [-1 if i < 10 else i % 4 for i in range(40)]
    write_clusters(tmp_path, table, tracks, "tracks")
    metrics, _ = run(tmp_path, family="tracker")
    assert value(metrics, "tracks, all crops", "accuracy") == 0.75
    assert value(metrics, "tracks, all crops", "IDF1") == pytest.approx(2 * 30 / (40 + 30))
    assert value(metrics, "tracks, all crops", "noise_share") == 0.25
    assert value(metrics, "tracks", "accuracy", "n") == 20


def test_no_clusters_leaves_retrieval(tmp_path):
    table = write_collection(tmp_path, *blobs())
    write_clusters(tmp_path, table[:0], [])
    assert set(run(tmp_path)[0]["protocol"]) == {"cross_sequence", "all"}


def test_diverged_features_are_refused(tmp_path):
    features, truth = blobs()
    features[3] = np.nan
    write_clusters(tmp_path, write_collection(tmp_path, features, truth), np.zeros(40))
    with pytest.raises(ValueError, match="NaN or infinite"):
        run(tmp_path)


def test_same_input_same_bytes(tmp_path):
    features, truth = blobs(noise=1.0)
    write_clusters(tmp_path, write_collection(tmp_path, features, truth), np.arange(40) % 7 - 1)
    files = []
    for _ in range(2):
        run(tmp_path)
        files.append((tmp_path / "metrics.parquet").read_bytes() + (tmp_path / "queries.parquet").read_bytes())
    assert files[0] == files[1]


def test_a_re_ranked_run_needs_no_clusters_and_is_judged_by_its_new_order(tmp_path):
    vectors, truth = blobs(noise=3.0)
    table = write_collection(tmp_path, vectors, truth)
    write_clusters(tmp_path, table, [0] * len(truth))
    plain, _ = run(tmp_path)
    write_keypoints(tmp_path, table, truth)
    rerank = {"name": "local", "shortlist": 100, "params": rerankers.resolve("local", {"most": 16})}
    settings = {"method": "m", "seed": 1, "resamples": 0, "rerank": rerank}
    split, features = (tables.read(tmp_path / "split.parquet", "split"), vectors)
    metrics, queries, _ = stage.evaluate(split, features, None, settings, (), tmp_path)
    found = {(row["protocol"], row["metric"]): row["value"] for row in metrics}
    assert value(plain, "all", "mAP") < 0.5 and found["all", "mAP"] > 0.99 and len(queries) == 80
    assert {protocol for protocol, _ in found} == {"all", "cross_sequence"}


def write_keypoints(folder, table, truth):
    """All pictures of an animal share their key points."""
    rows = [keypoints_of(crop_id, name) for crop_id, name in zip(table["crop_id"], truth, strict=True)]
    for batch in table["batch"].unique():
        known = [row for row, own in zip(rows, table["batch"], strict=True) if own == batch]
        (folder / batch / "keypoints").mkdir(exist_ok=True)
        tables.write(folder / batch / "keypoints/local.parquet", "keypoints", known, "keypoints")


def fused(folder, features, teachers=None, trained=()):
    rerank = {"name": "fusion", "shortlist": 100, "params": rerankers.resolve("fusion", {"most": 16}), "with": ["run"]}
    settings = {"method": "m", "seed": 1, "resamples": 0, "rerank": rerank}
    split = tables.read(folder / "split.parquet", "split")
    metrics, queries, _ = stage.evaluate(split, features, None, settings, trained, folder, "run", teachers)
    return {(row["protocol"], row["metric"]): row["value"] for row in metrics}, queries


def test_fusion_is_fitted_on_the_training_part_and_judged_on_the_test(tmp_path):
    vectors, truth = blobs(noise=3.0)
    words = np.where(np.arange(40) < 20, "train", "test")
    write_keypoints(tmp_path, write_collection(tmp_path, vectors, truth, words=words), truth)
    found, queries = fused(tmp_path, vectors)
    assert found["all", "mAP"] > 0.99 and {row["crop_id"] for row in queries} == {f"c{at}" for at in range(20, 40)}
    # Each of 20 crops with the 19 others, 4 of which show its animal; the fit is no retrieval.
    assert found["fit", "pairs"] == 20 * 19 and found["fit", "same"] == 20 * 4 and ("fit", "mAP") not in found
    assert found["fit", "AUROC_fitted"] > 0.9 and found["fit", "AUROC_held_out"] > 0.9


def test_a_collection_without_a_training_part_takes_the_fit_of_another(tmp_path):
    vectors, truth = blobs(noise=3.0)
    write_keypoints(tmp_path, write_collection(tmp_path, vectors, truth), truth)
    with pytest.raises(ValueError, match="name more crops"):
        fused(tmp_path, vectors)
    taught = write_collection(tmp_path / "batches", vectors, truth, words="train")
    write_keypoints(tmp_path / "batches", taught, truth)
    (tmp_path / "batches" / "split.parquet").rename(tmp_path / "taught.parquet")
    split = tables.read(tmp_path / "taught.parquet", "split")
    found, queries = fused(tmp_path, vectors, (split, tmp_path / "batches"))
    assert found["all", "mAP"] > 0.99 and found["fit", "pairs"] == 40 * 39 and len(queries) == 80


def test_where_nobody_is_named_nothing_is_fitted(tmp_path):
    vectors, _ = blobs()
    write_collection(tmp_path, vectors, None)
    assert fused(tmp_path, vectors) == ({}, [])


def keypoints_of(crop_id, name):
    random = np.random.default_rng(sum(name.encode()))
    places, descriptors = random.random((16, 2), np.float32), random.integers(0, 99, (16, 128), dtype=np.uint8)
    return keypoints.row(crop_id, places, descriptors, 16)
