"""The memory of cluster contrast."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pugmark.learning.bank import ClusterBank, InstanceBank, means


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


@pytest.fixture
def instances():
    """Five crops: a cluster of three and two single ones."""
    torch.manual_seed(0)
    made = InstanceBank(5, 8, momentum=0.2, temperature=0.05)
    made.fill(F.normalize(torch.randn(5, 8)))
    made.group(torch.tensor([0, 1, 0, 2, 0]))
    return made


def test_means_leave_outliers_out():
    found = means(torch.tensor([[1.0, 0], [0, 1], [0, 5], [9, 9]]), torch.tensor([1, 1, 0, -1]))
    assert found.tolist() == [[0, 5], [0.5, 0.5]]


def test_an_instance_bank_is_saved_and_knows_whether_it_is_filled():
    bank = InstanceBank(3, 2)
    assert not bank.filled
    bank.fill(torch.eye(3, 2))
    assert bank.filled and list(bank.state_dict()) == ["rows"] and not list(bank.parameters())
    again = InstanceBank(3, 2)
    again.load_state_dict(bank.state_dict())
    assert torch.equal(again.rows, torch.eye(3, 2))


def test_single_crops_stand_in_the_denominator_and_clusters_by_their_mean_similarity(instances):
    feature = torch.randn(1, 8)
    similarity = (instances.rows @ F.normalize(feature)[0]).double().numpy() / 0.05
    logits = np.array([similarity[[0, 2, 4]].mean(), similarity[1], similarity[3]])
    expected = np.log(np.exp(logits).sum()) - logits
    for index, target in ((2, 0), (1, 1), (3, 2)):
        assert instances.loss(feature, torch.tensor([index])).item() == pytest.approx(expected[target], abs=1e-5)


def test_the_means_of_an_instance_bank_are_not_normalised():
    bank = InstanceBank(3, 2, temperature=1.0)
    bank.fill(torch.tensor([[1.0, 0], [-1.0, 0], [1.0, 0]]))
    bank.group(torch.tensor([0, 0, 1]))
    # The mean of two opposite rows is zero, and so is the logit of their class.
    assert bank.loss(torch.tensor([[1.0, 0]]), torch.tensor([2])).item() == pytest.approx(np.log(1 + np.exp(-1)))


def test_an_instance_moves_its_own_row_and_a_repeated_one_twice(instances):
    before, features = instances.rows.clone(), torch.randn(3, 8)
    instances.update(features, torch.tensor([4, 1, 4]))
    expected = before.clone()
    for feature, row in zip(F.normalize(features), (4, 1, 4), strict=True):
        expected[row] = F.normalize(0.2 * expected[row] + 0.8 * feature, dim=0)
    torch.testing.assert_close(instances.rows, expected)
    assert torch.equal(instances.rows[[0, 2, 3]], before[[0, 2, 3]]) and instances.rows.shape == (5, 8)


def test_an_instance_bank_has_no_gradient_and_the_features_have(instances):
    features = torch.randn(2, 8, requires_grad=True)
    loss = instances.loss(features, torch.tensor([0, 3]))
    instances.update(features, torch.tensor([0, 3]))
    loss.backward()
    assert not instances.rows.requires_grad and features.grad.abs().sum() > 0
