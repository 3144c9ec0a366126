"""The memory of cluster contrast."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pugmark.learning.bank import ClusterBank


@pytest.fixture
def bank():
    torch.manual_seed(0)
    made = ClusterBank(momentum=0.1, temperature=0.05)
    made.start(torch.randn(20, 8), torch.tensor([0, 1, 2, 3, -1] * 4))
    return made


def test_rows_start_as_unit_means_of_their_cluster():
    bank = ClusterBank()
    bank.start(torch.tensor([[1.0, 0], [0, 1], [0, 5], [9, 9]]), torch.tensor([0, 0, 1, -1]))
    torch.testing.assert_close(bank.rows, torch.tensor([[0.5**0.5, 0.5**0.5], [0, 1]]))


def test_one_update_equals_the_formula(bank):
    before, feature = bank.rows.clone(), F.normalize(torch.randn(1, 8))
    bank.update(feature, torch.tensor([2]))
    torch.testing.assert_close(bank.rows[2], F.normalize(0.1 * before[2] + 0.9 * feature[0], dim=0))


def test_rows_of_absent_clusters_stay_and_all_are_of_unit_norm(bank):
    before = bank.rows.clone()
    bank.update(torch.randn(6, 8), torch.tensor([0, 2, 0, 2, 2, 0]))
    assert torch.equal(bank.rows[[1, 3]], before[[1, 3]])
    assert not torch.equal(bank.rows[0], before[0])
    torch.testing.assert_close(bank.rows.norm(dim=1), torch.ones(4))


def test_updates_go_one_after_the_other_in_batch_order(bank):
    features, labels = F.normalize(torch.randn(7, 8)), torch.tensor([1, 0, 1, 1, 3, 0, 1])
    expected = bank.rows.clone()
    for feature, label in zip(features, labels, strict=True):
        expected[label] = F.normalize(0.1 * expected[label] + 0.9 * feature, dim=0)
    bank.update(features, labels)
    torch.testing.assert_close(bank.rows, expected)


def test_the_loss_by_hand(bank):
    feature, label = torch.randn(1, 8), torch.tensor([1])
    logits = (F.normalize(feature) @ bank.rows.T)[0].double().numpy() / 0.05
    expected = np.log(np.exp(logits).sum()) - logits[1]
    assert bank.loss(feature, label).item() == pytest.approx(expected, rel=1e-5)
    assert bank.loss(7 * feature, label).item() == pytest.approx(expected, rel=1e-5)


def test_the_bank_has_no_gradient_and_the_features_have(bank):
    features = torch.randn(4, 8, requires_grad=True)
    loss = bank.loss(features, torch.tensor([0, 1, 2, 3]))
    bank.update(features, torch.tensor([0, 1, 2, 3]))
    loss.backward()
    assert not bank.rows.requires_grad and not list(bank.parameters())
    assert features.grad.abs().sum() > 0


def test_the_rows_are_not_saved(bank):
    assert not bank.state_dict()
