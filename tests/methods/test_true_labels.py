"""With true labels in place of clusters, the loss falls and the ranking improves: the losses pull the right way."""

import json

import numpy as np
import pytest
from learning import crop_tables
from methods import small
from sklearn.metrics import average_precision_score

from pugmark import methods
from pugmark.clustering import algorithms
from pugmark.learning import crops

BOUND = {"labels": "identity", "iterations": 8, "identities": 6, "images": 4, "lr": 0.003, "erasing": 0, "epochs": 5}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cluster_contrast", {"iterations": 8, "identities": 6, "images": 4, "lr": 0.003, "erasing": 0, "epochs": 5}),
        ("spcl", BOUND),
        ("ice", BOUND | {"teacher_momentum": 0.9, "blur": 0}),
        ("pplr", BOUND | {"smoothing_epochs": 2}),
        ("resnet50", {"batch": 12, "epochs": 12, "lr": 0.01, "lr_backbone": 0.01}),
    ],
)
def test_true_labels_make_the_loss_fall_and_the_ranking_better(name, settings, tmp_path, monkeypatch):
    table, labels, split = crop_tables.rows(individuals=6, frames=6, lighting=80)
    crop_tables.write(tmp_path, table, labels, split)
    seen = crops.read_split(tmp_path / "batches", split, 255)
    truth = seen.labels()[0]
    monkeypatch.setattr(algorithms, "pseudo_labels", lambda *given: truth.astype(np.int32))
    reached = []
    for epochs in (0, settings["epochs"]):
        state = small.fitted(name, {**settings, "epochs": epochs}, seen, folder=tmp_path)
        features = methods.load(name).embed(seen, small.params(name, settings), state)
        reached.append(mean_average_precision(features @ features.T, truth))
    losses = [json.loads(line)["loss"] for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0] / 2
    assert reached[1] > reached[0] + 0.1, reached


def mean_average_precision(similarity, labels):
    scores = []
    for query, row in enumerate(similarity):
        others = np.arange(len(labels)) != query
        scores.append(average_precision_score(labels[others] == labels[query], row[others]))
    return np.mean(scores)
