"""PPLR beside what the contract of the methods proves."""

import numpy as np
import pytest
import torch
from learning import crop_tables
from torch.nn import functional as F

from pugmark import methods
from pugmark.learning import crops, instances, parts
from pugmark.learning.run import Run
from pugmark.methods import pplr

SMALL = {"backbone": "timm/test_resnet", "weights": None, "height": 48, "width": 32, "iterations": 2, "neighbours": 5}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A learner of 4 individuals with 6 crops each, named as clusters."""
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    table, labels, split = crop_tables.rows(individuals=4, frames=6)
    crop_tables.write(tmp_path, table, labels, split)
    seen = crops.read_split(tmp_path / "batches", split, 255)

    def make(**settings):
        torch.manual_seed(0)
        settings = SMALL | {"labels": "identity", "identities": 3} | settings
        return pplr.PPLR(seen, methods.resolve("pplr", settings), Run(1))

    return make


def step(learner, batch):
    learner.model.train()
    learner.optimiser.zero_grad()
    learner.loss(*batch).backward()
    learner.optimiser.step()


def test_each_classifier_starts_from_the_unit_means_of_its_own_features(made):
    learner = made()
    learner.batches(0)
    labels, whole = torch.from_numpy(learner.groups()), torch.from_numpy(learner.features())
    for classifier, features in zip(learner.model.classifiers, (whole, *learner.stripes.unbind(1)), strict=True):
        expected = F.normalize(torch.stack([features[labels == c].mean(0) for c in range(4)]))
        torch.testing.assert_close(classifier.data, expected)


def test_outliers_stay_with_their_agreement_but_out_of_clusters_and_rows(made):
    learner = made(labels="none", min_samples=2)
    learner.features()
    labels = torch.arange(24) % 4
    labels[labels == 3] = -1
    whole = F.normalize(torch.randn(24, learner.stripes.shape[2]))
    learner.start(whole, labels)
    assert learner.clusters == 3 and learner.model.classifiers.shape[1] == 12
    assert (learner.model.classifiers[:, 3:] == 0).all()
    torch.testing.assert_close(learner.agreement, parts.agreement(whole, learner.stripes, 5))


def test_a_bound_on_the_clusters_that_dbscan_can_reach(made):
    assert made().most_clusters() == 4
    assert made(labels="none", min_samples=4).most_clusters() == 12
    assert made(labels="none", min_samples=1).most_clusters() == 24


@pytest.mark.parametrize("reset", [True, False])
def test_adam_forgets_the_classifiers_and_nothing_else_at_each_clustering(made, reset):
    learner = made(reset_moments=reset)
    step(learner, next(iter(learner.batches(0))))
    states = learner.optimiser.state
    weights = next(learner.model.encoder.parameters())
    before = states[weights]["exp_avg"].clone()
    assert learner.model.classifiers in states
    batches = learner.batches(1)
    assert (learner.model.classifiers in states) != reset
    assert torch.equal(states[weights]["exp_avg"], before)
    step(learner, next(iter(batches)))
    assert states[learner.model.classifiers]["step"] == (1 if reset else 2)


@pytest.mark.parametrize("epoch", [1, 2])
def test_the_loss_is_the_sum_of_its_terms(made, epoch):
    learner = made(smoothing_epochs=2)
    learner.batches(epoch)
    raw, indices = torch.randn(6, 4, learner.model.classifiers.shape[2]), torch.arange(6)
    labels, agreed = learner.labels(indices), learner.agreement[indices]
    logits = [raw[:, i] @ learner.model.classifiers[i].T for i in range(4)]
    stripes = torch.stack(logits[1:], 1)
    target = parts.refined(stripes, labels, agreed, 0.5)
    expected = -(target * logits[0].log_softmax(1)).sum(1).mean() + instances.soft_triplet(raw[:, 0], labels)
    if epoch == 1:
        expected += sum(F.cross_entropy(one, labels, label_smoothing=0.1) for one in logits[1:]) / 3
    else:
        expected += parts.smoothed(stripes, labels, agreed)
    torch.testing.assert_close(learner.objective(raw, indices), expected)


def test_classes_beyond_the_clusters_take_no_probability(made):
    learner = made(labels="none", min_samples=1, smoothing_epochs=0)
    learner.features()
    whole, labels = F.normalize(torch.randn(24, learner.stripes.shape[2])), torch.arange(24) % 4
    learner.start(whole, labels)
    learner._labels, learner.agreeing = labels, True
    raw = torch.randn(6, 4, whole.shape[1])
    found = learner.objective(raw, torch.arange(6))
    with torch.no_grad():
        learner.model.classifiers[:, 4:] = 100.0
    assert torch.equal(learner.objective(raw, torch.arange(6)), found)


def test_only_the_whole_is_embedded(made):
    learner = made()
    state = {"model": learner.model.encoder.state_dict()}
    before = pplr.embed(learner.crops, learner.params, state)
    assert before.shape == (24, learner.model.classifiers.shape[2])
    for neck in learner.model.encoder.necks[1:]:
        neck.running_mean.fill_(7.0)
    after = pplr.embed(learner.crops, learner.params, {"model": learner.model.encoder.state_dict()})
    np.testing.assert_array_equal(after, before)


def test_every_part_and_the_whole_learn(made):
    learner = made()
    learner.model.train()
    learner.loss(*next(iter(learner.batches(0)))).backward()
    assert (learner.model.classifiers.grad.abs().sum((1, 2)) > 0).all()
    assert all(neck.weight.grad.abs().sum() > 0 for neck in learner.model.encoder.necks)
