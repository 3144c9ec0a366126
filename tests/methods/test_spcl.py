"""SpCL beside what the contract of the methods proves."""

import numpy as np
import pytest
import torch
from learning import crop_tables

from pugmark import methods
from pugmark.clustering import algorithms, jaccard
from pugmark.learning import crops, self_paced
from pugmark.learning.run import Run
from pugmark.methods import spcl

SMALL = {"backbone": "timm/test_resnet", "weights": None, "height": 32, "width": 32, "iterations": 4, "k1": 6, "k2": 2}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A learner of 5 individuals with 8 crops each."""
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    table, labels, split = crop_tables.rows(individuals=5, frames=8)
    crop_tables.write(tmp_path, table, labels, split)
    seen = crops.read_split(tmp_path / "batches", split, 255)

    def make(**settings):
        params = methods.resolve("spcl", SMALL | {"min_samples": 3, "identities": 3} | settings)
        torch.manual_seed(0)
        return spcl.SpCL(seen, params, Run(1))

    return make


def step(learner, batch):
    learner.model.train()
    loss = learner.loss(*batch)
    loss.backward()
    learner.optimiser.step()
    learner.after_step()
    return loss


def test_the_memory_is_filled_once_and_then_only_moved(made):
    learner = made()
    batches = learner.batches(0)
    first = learner.model.bank.rows.clone()
    np.testing.assert_allclose(first.norm(dim=1), 1, atol=1e-5)
    batch = next(iter(batches))
    step(learner, batch)
    moved = torch.zeros(40, dtype=torch.bool)
    moved[batch[-1]] = True
    after = learner.model.bank.rows
    assert torch.equal(after[~moved], first[~moved]) and (after[moved] != first[moved]).any(1).all()
    np.testing.assert_array_equal(learner.features(), after)


def test_clusters_come_from_the_memory_and_not_from_the_network(made):
    learner = made()
    learner.batches(0)
    plain = learner.groups().copy()
    with torch.no_grad():
        for parameter in learner.model.encoder.parameters():
            parameter.zero_()
    learner.batches(1)
    np.testing.assert_array_equal(learner.groups(), plain)


def test_without_a_gap_all_of_dbscan_stays_and_outliers_are_classes(made):
    learner = made(eps_gap=0.0, eps=0.3)
    batches = learner.batches(0)
    plain = algorithms.dbscan(jaccard.distances(learner.features(), 6, 2), learner.figures()["eps"], 3)
    np.testing.assert_array_equal(learner.groups(), plain)
    assert (plain < 0).any(), "no outlier: the test shows nothing"
    assert len(learner.model.bank.sizes) == plain.max() + 1 + (plain < 0).sum()
    assert {int(i) for batch in batches for i in batch[-1]} & set(np.flatnonzero(plain < 0))


def test_crops_are_judged_by_a_tighter_and_a_looser_eps(made):
    rng = np.random.default_rng(0)
    features = np.repeat(rng.standard_normal((5, 16)), 8, 0) + 1.1 * rng.standard_normal((40, 16))
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    learner = made(eps_gap=0.15, eps=0.45, k1=8)
    labels, found_by = learner.cluster(features)
    distances = jaccard.distances(features, 8, 2)
    plain, tight, loose = (algorithms.dbscan(distances, found_by["eps"] + by, 3) for by in (0, -0.15, 0.15))
    theta = self_paced.limit(plain, loose)
    np.testing.assert_array_equal(labels, self_paced.reliable(plain, tight, loose, theta))
    swapped = self_paced.reliable(plain, loose, tight, self_paced.limit(plain, tight))
    assert not np.array_equal(labels, swapped), "both ways give the same: the test shows nothing"


@pytest.mark.parametrize("eps", [0.6, 0.9])
def test_distances_reach_as_far_as_the_looser_eps(made, monkeypatch, eps):
    reached, distances = [], jaccard.distances

    def noted(*given):
        reached.append(given[-1])
        return distances(*given)

    monkeypatch.setattr(jaccard, "distances", noted)
    learner = made(eps_gap=0.02, eps=eps)
    learner.cluster(learner.features())
    assert reached == pytest.approx([max(0.8, eps) + 0.02])


def test_theta_is_that_of_the_first_epoch(made):
    learner = made()
    first = np.repeat(np.arange(5), 8)
    loose = np.where(first == 1, 0, first)
    assert learner.threshold(first, loose) == self_paced.limit(first, loose) == 0.5
    assert learner.threshold(first, first) == 0.5
    again = made()
    again.model.load_state_dict(learner.model.state_dict())
    assert again.threshold(first, first) == 0.5


def test_theta_waits_for_a_cluster(made):
    learner, nobody, pair = made(), np.full(40, -1), np.array([0, 0] + [-1] * 38)
    assert learner.threshold(nobody, nobody) == 1
    assert learner.threshold(pair, pair) == 0
    assert learner.threshold(nobody, nobody) == 0


def test_a_cluster_at_the_threshold_itself_is_kept(made):
    learner = made()
    # 0.7 is less in single precision than in double: kept in that, theta would dissolve the cluster that it is of.
    labels = np.array([0] * 3 + [-1] * 7 + [1] * 2 + [-1] * 28)
    loose = np.array([0] * 10 + [1] * 2 + [-1] * 28)
    theta = learner.threshold(labels, loose)
    assert theta == pytest.approx(0.7)
    assert self_paced.reliable(labels, labels, loose, theta).tolist() == labels.tolist()


def test_names_as_clusters_leave_no_single_crop(made):
    learner = made(labels="identity")
    learner.batches(0)
    assert learner.figures()["clusters"] == 5 and learner.figures()["outliers"] == 0
    assert learner.model.bank.sizes.tolist() == [8] * 5
