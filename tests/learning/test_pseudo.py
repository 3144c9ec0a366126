"""Guards of the pseudo-label epoch."""

import numpy as np
import pytest
import torch

from pugmark.clustering import algorithms
from pugmark.learning import pseudo
from pugmark.learning.trainer import TrainingError


def blobs(clusters, each, noise=0.05):
    rng = np.random.default_rng(0)
    rows = np.repeat(rng.standard_normal((clusters, 16)), each, 0) + noise * rng.standard_normal((clusters * each, 16))
    return torch.from_numpy((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))


def test_clear_clusters_are_found_at_the_eps_asked_for():
    labels, eps = pseudo.label(blobs(4, 10), 0.6, 4, 10, 3)
    assert eps == 0.6 and labels.dtype == np.int64
    assert [len(set(part)) for part in np.split(labels, 4)] == [1] * 4 and set(labels) == {0, 1, 2, 3}


def test_eps_is_relaxed_up_to_08_and_then_the_training_ends(monkeypatch):
    asked = []

    def never(features, eps, *rest):
        asked.append(eps)
        return np.full(len(features), -1, np.int32)

    monkeypatch.setattr(algorithms, "pseudo_labels", never)
    with pytest.raises(TrainingError, match=r"12 crops form 0 cluster\(s\) even at eps 0.80"):
        pseudo.label(blobs(3, 4), 0.6, 4, 10, 3)
    assert asked == pytest.approx([0.6, 0.65, 0.7, 0.75, 0.8])


def test_relaxing_stops_at_the_first_two_clusters():
    labels, eps = pseudo.relaxed(lambda eps: np.array([0, 1] if eps > 0.68 else [-1, -1]), 0.6)
    assert eps == pytest.approx(0.7) and labels.tolist() == [0, 1]


def test_one_cluster_of_all_is_parted_by_a_smaller_eps():
    labels, eps = pseudo.relaxed(lambda eps: np.array([0, 1] if eps < 0.52 else [0, 0]), 0.6)
    assert eps == pytest.approx(0.5) and labels.tolist() == [0, 1]
    with pytest.raises(TrainingError, match=r"2 crops form 1 cluster\(s\) even at eps 0.30"):
        pseudo.relaxed(lambda eps: np.array([0, 0]), 0.6)


def test_nearly_all_in_one_cluster_for_three_epochs_ends_the_training():
    learner = object.__new__(pseudo.PseudoLabelLearner)
    learner.check([{"largest": 0.95}] * 2 + [{"largest": 0.5}])
    learner.check([{"largest": 0.95}] * 2)
    with pytest.raises(TrainingError, match="has held 95% of the crops or more for 3 epochs"):
        learner.check([{"largest": 0.5}] + [{"largest": 0.95}] * 3)


def test_figures_by_hand():
    assert pseudo.figures(np.array([0, 0, 1, -1]), 0.5) == {
        "clusters": 2,
        "outliers": 0.25,
        "largest": 0.5,
        "eps": 0.5,
    }
