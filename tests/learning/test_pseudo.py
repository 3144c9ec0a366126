"""The clustering of a pseudo-label epoch, its guards, and the number of its batches."""

import numpy as np
import pytest
import torch

from pugmark.learning import grouping, pseudo
from pugmark.learning.trainer import TrainingError

FEW, MANY = np.array([0] * 4 + [-1] * 8), np.array([0] * 11 + [-1])
TWO, NONE = np.array([0] * 6 + [1] * 6), np.full(12, -1)


def by_eps(**labels):
    """A function of eps, which gives the first labels whose limit lies above it (e58: .58), and what it was asked."""
    limits = [(int(name[1:]) / 100, found) for name, found in labels.items()]
    asked = []

    def grouped(eps):
        asked.append(eps)
        return next(found for limit, found in limits if eps < limit)

    return grouped, asked


def test_enough_clusters_stay_at_the_eps_asked_for():
    labels, eps = grouping.relaxed(lambda eps: TWO.astype(np.int32), 0.6)
    assert eps == 0.6 and labels.dtype == np.int64 and labels.tolist() == TWO.tolist()


@pytest.mark.parametrize("start", [NONE, FEW])
def test_eps_grows_where_most_crops_are_outliers_up_to_08(start):
    grouped, asked = by_eps(e68=start, e99=TWO)
    assert grouping.relaxed(grouped, 0.6)[1] == pytest.approx(0.7)
    assert asked == pytest.approx([0.6, 0.65, 0.7])
    grouped, asked = by_eps(e99=start)
    with pytest.raises(TrainingError, match=r"At eps 0.80 .* no other eps forms two clusters. Raise k1"):
        grouping.relaxed(grouped, 0.6)
    assert asked == pytest.approx([0.6, 0.65, 0.7, 0.75, 0.8])


def test_one_cluster_of_most_is_parted_by_a_smaller_eps_down_to_03():
    assert grouping.relaxed(by_eps(e52=TWO, e99=MANY)[0], 0.6)[1] == pytest.approx(0.5)
    with pytest.raises(TrainingError, match=r"At eps 0.30 one cluster holds 92% of 12 crops, and no other .* Lower k1"):
        grouping.relaxed(by_eps(e99=MANY)[0], 0.6)


def test_the_log_says_which_way_and_why(caplog):
    caplog.set_level("INFO")
    grouping.relaxed(by_eps(e64=NONE, e68=FEW, e99=TWO)[0], 0.6)
    grouping.relaxed(by_eps(e58=TWO, e99=MANY)[0], 0.6)
    assert [line.split(": ", 1)[1] if ": " in line else line for line in caplog.messages] == [
        "trying eps 0.65",
        "trying eps 0.70",
        "trying eps 0.55",
    ]
    assert caplog.messages[0].startswith("At eps 0.60 all 12 crops are outliers")
    assert caplog.messages[1].startswith("At eps 0.65 one cluster holds 33% of 12 crops")


def test_eps_never_turns_back():
    """From outliers straight to one cluster of all: no eps between has two."""
    grouped, asked = by_eps(e62=NONE, e99=MANY)
    with pytest.raises(TrainingError, match=r"At eps 0.65 one cluster holds 92%"):
        grouping.relaxed(grouped, 0.6)
    assert asked == pytest.approx([0.6, 0.65])


def test_an_eps_beyond_the_bounds_may_come_back_into_them():
    assert grouping.relaxed(by_eps(e88=TWO, e99=MANY)[0], 0.9)[1] == pytest.approx(0.85)
    assert grouping.relaxed(by_eps(e23=NONE, e99=TWO)[0], 0.2)[1] == pytest.approx(0.25)


def test_a_stated_k1_is_kept_and_a_derived_one_is_lowered_first():
    asked = []

    def clusters(k1, eps):
        asked.append((k1, eps))
        return TWO if k1 < 8 else MANY

    labels, k1, eps = grouping.grouped(clusters, {"k1": 7, "eps": 0.6}, 12, individuals=1)
    assert (k1, eps, asked) == (7, 0.6, [(7, 0.6)])
    asked.clear()
    # 12 crops of one individual: 12, then 10 and 8, then 7, of which two clusters hold half each: more than 40 %.
    labels, k1, eps = grouping.grouped(clusters, {"k1": None, "eps": 0.6}, 12, individuals=1)
    assert (k1, eps) == (6, 0.6) and labels.tolist() == TWO.tolist()
    assert asked == [(12, 0.6), (10, 0.6), (8, 0.6), (7, 0.6), (6, 0.6)]  # each once


@pytest.fixture
def learner():
    made = object.__new__(pseudo.PseudoLabelLearner)
    made.params = {"labels": "none", "iterations": None, "identities": 4, "images": 2}
    return made


def test_half_of_the_crops_in_one_cluster_for_three_epochs_ends_the_training(learner):
    learner.check([{"largest": 0.55}] * 2 + [{"largest": 0.45}])
    learner.check([{"largest": 0.55}] * 2)
    with pytest.raises(TrainingError, match="has held 50% of the crops or more for 3 epochs"):
        learner.check([{"largest": 0.2}] + [{"largest": 0.5}] * 3)
    learner.params["labels"] = "identity"
    learner.check([{"largest": 0.95}] * 3)


def test_an_epoch_shows_each_clustered_crop_twice_unless_told_otherwise(learner):
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2, 3, 4, -1], 8)  # 40 crops in clusters, batches of 8: two passes are 10
    assert [len(batch) for batch in learner.order(labels, rng)] == [8] * 10
    labels = np.repeat([0, 1, -1], 8)  # 16 crops in two clusters, batches of 4
    assert [len(batch) for batch in learner.order(labels, rng)] == [4] * 8
    assert learner.iterations(1, 64) == 1
    learner.params["iterations"] = 3
    assert len(learner.order(labels, rng)) == 3


def test_figures_by_hand():
    found = grouping.figures(np.array([0, 0, 1, -1]))
    assert found == {"clusters": 2, "outliers": 0.25, "largest": 0.5}


def test_the_optimiser_is_adam_whose_rate_falls_to_a_tenth_at_each_step(learner):
    learner.model = torch.nn.Linear(2, 1)
    learner.model.bias.requires_grad_(False)
    learner.params |= {"lr": 0.5, "weight_decay": 0.125, "step": 2}
    pseudo.optimise(learner)
    (group,) = learner.optimiser.param_groups
    assert isinstance(learner.optimiser, torch.optim.Adam) and group["weight_decay"] == 0.125
    assert group["params"] == [learner.model.weight]
    rates = []
    for _ in range(6):
        rates.append(group["lr"])
        learner.optimiser.step()
        learner.schedule.step()
    assert rates == pytest.approx([0.5, 0.5, 0.05, 0.05, 0.005, 0.005])
