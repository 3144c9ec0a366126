"""Losses between the crops of a batch, against hand-computed values and pytorch-metric-learning."""

import math

import numpy as np
import pytest
import torch
from pytorch_metric_learning import losses
from pytorch_metric_learning.miners import BatchHardMiner
from torch.nn import functional as F

from pugmark.learning import instances

LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 0])
"""Four, five and six negatives."""


@pytest.fixture
def queries():
    return unit(1)


@pytest.fixture
def keys():
    return unit(2)


def unit(seed, number=7, size=5):
    return F.normalize(torch.randn(number, size, generator=torch.Generator().manual_seed(seed)))


def test_hard_contrast_by_hand():
    queries, keys = torch.eye(2)[[0, 0, 1]], torch.tensor([[1, 0], [0.6, 0.8], [0, 1]])
    # Query 0 and 1: positives 1 and 0.6, negative 0. Query 2: positive 1, negatives 0 and 0.8.
    first = math.log1p(math.exp((0 - 0.6) / 0.1))
    last = math.log(math.exp(10) + math.exp(0) + math.exp(8)) - 10
    found = instances.hard_contrast(queries, keys, torch.tensor([4, 4, 7]), 0.1)
    assert found.item() == pytest.approx((2 * first + last) / 3, rel=1e-5)


def test_hard_contrast_with_unequal_counts_equals_the_contrast_of_the_hardest_pairs(queries, keys):
    same = LABELS[:, None] == LABELS
    hardest = (queries @ keys.T).masked_fill(~same, 9).argmin(1)
    pairs = torch.arange(7), hardest, *torch.where(~same)
    expected = losses.NTXentLoss(temperature=0.1)(queries, LABELS, pairs, keys, LABELS)
    torch.testing.assert_close(instances.hard_contrast(queries, keys, LABELS, 0.1), expected)


def test_hard_contrast_of_one_label_is_zero(queries, keys):
    queries.requires_grad_()
    loss = instances.hard_contrast(queries, keys, torch.zeros(7), 0.1)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6) and torch.isfinite(queries.grad).all()


def test_consistency_of_equal_features_is_zero_and_of_others_not(queries, keys):
    assert instances.consistency(queries, queries, queries, 0.4).item() == pytest.approx(0, abs=1e-6)
    assert instances.consistency(queries, keys, queries, 0.4).item() > 0.01


def test_consistency_by_hand():
    references, queries = torch.eye(2), torch.tensor([[1.0, 0], [1, 0]])
    high, low = math.exp(1 / 0.4), 1
    wanted = np.array([high, low]) / (high + low)
    # Query 0 sees the keys as reference 0 does; query 1 sees them the other way round.
    expected = (wanted * np.log(wanted / wanted[::-1])).sum() / 2
    found = instances.consistency(queries, references, references, 0.4)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def cameras(queries, proxies, negatives):
    owners, stations = torch.tensor([0, 1, 2, 0, 1]), torch.tensor([0, 0, 0, 1, 1, 1, 1])
    return instances.camera_contrast(queries, LABELS, stations, proxies, owners, 0.07, negatives)


@pytest.mark.parametrize("negatives", [1, 2, 50])
def test_camera_contrast_by_hand(queries, negatives):
    proxies = unit(3, 5)
    similarity = (queries @ proxies.T).double().numpy() / 0.07
    each = []
    for row, label in zip(similarity, LABELS.tolist(), strict=True):
        own = {0: [0, 3], 1: [1, 4], 2: [2]}[label]
        hardest = sorted(np.delete(row, own))[::-1][:negatives]
        total = np.log(np.exp(np.concatenate([row[own], hardest])).sum())
        each.append(np.mean(total - row[own]))
    expected = np.mean(each[:3]) + np.mean(each[3:])
    assert cameras(queries, proxies, negatives).item() == pytest.approx(expected, rel=1e-4)


def test_camera_contrast_has_finite_gradients_where_there_are_few_others(queries):
    queries.requires_grad_()
    cameras(queries, unit(3, 5), 50).backward()
    assert torch.isfinite(queries.grad).all() and queries.grad.abs().sum() > 0


def test_soft_triplet_by_hand():
    features = torch.tensor([[0.0, 0], [3, 4], [0, 1]])
    # Anchor 0: farthest partner 5, nearest other 1; anchor 1: 5 and sqrt(18); anchor 2: itself, and 1.
    expected = np.mean([np.log1p(np.exp(5 - 1)), np.log1p(np.exp(5 - 18**0.5)), np.log1p(np.exp(-1))])
    assert instances.soft_triplet(features, torch.tensor([0, 0, 1])).item() == pytest.approx(expected, rel=1e-5)


def test_soft_triplet_equals_the_batch_hard_one():
    features = 3 * torch.randn(8, 5, generator=torch.Generator().manual_seed(4))
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2])
    margin = losses.TripletMarginLoss(margin=0, smooth_loss=True)
    for part in (margin.distance, miner := BatchHardMiner()):
        part = getattr(part, "distance", part)
        part.normalize_embeddings = False
    expected = margin(features, labels, miner(features, labels))
    torch.testing.assert_close(instances.soft_triplet(features, labels), expected)


def test_soft_triplet_has_finite_gradients_where_crops_repeat_and_where_one_label_is_alone():
    features = torch.ones(4, 3, requires_grad=True)
    instances.soft_triplet(features, torch.tensor([0, 0, 1, 1])).backward()
    assert torch.isfinite(features.grad).all()
    alone = instances.soft_triplet(features, torch.zeros(4))
    alone.backward()
    assert alone.item() == 0 and torch.isfinite(features.grad).all()
