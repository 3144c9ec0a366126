"""Circle loss: the values of the specification, the signs of its gradients, and which pairs count."""

import math

import pytest
import torch

from pugmark.learning import circle


def loss(positive, negative, gamma=64.0):
    return circle.of_cosines(torch.tensor([positive]), torch.tensor([negative]), 0.25, gamma).item()


def test_the_value_where_both_cosines_are_where_they_should_be_is_ln_2():
    assert loss(0.75, 0.25) == pytest.approx(math.log(2), abs=1e-6)
    assert loss(0.75, 0.25, 32.0) == pytest.approx(math.log(2), abs=1e-6)


def test_the_value_of_orthogonal_pairs():
    # a_p = 1.25 and a_n = .25: 64 (1.25 x .75 - .25 x .25) = 56.
    assert loss(0.0, 0.0) == pytest.approx(56.0, abs=1e-4)


@pytest.mark.parametrize(("positive", "negative"), [(0.1, 0.2), (0.9, -0.2), (-0.5, 0.9)])
def test_more_likeness_of_one_kind_is_wanted_and_of_two_kinds_is_not(positive, negative):
    alike, unlike = (torch.tensor([value], requires_grad=True) for value in (positive, negative))
    circle.of_cosines(alike, unlike, 0.25, 64.0).backward()
    assert alike.grad <= 0 <= unlike.grad


def test_the_weights_are_constants_for_the_gradient():
    alike, unlike = torch.tensor([0.5], requires_grad=True), torch.tensor([0.5], requires_grad=True)
    circle.of_cosines(alike, unlike, 0.25, 2.0).backward()
    # z = 2 (.75 x .25) + 2 (.75 x .25) = .75; dz/ds_n = 2 x .75 with a_n constant.
    slope = 1 / (1 + math.exp(-0.75))
    assert unlike.grad.item() == pytest.approx(1.5 * slope, abs=1e-6)
    assert alike.grad.item() == pytest.approx(-1.5 * slope, abs=1e-6)


FEATURES = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
LABELS = torch.tensor([0, 0, 1])


def test_pooled_takes_each_pair_once_and_divides_by_the_batch():
    # One pair alike (cosine 1), two unlike (cosine 0).
    expected = circle.of_cosines(torch.tensor([1.0]), torch.zeros(2), 0.25, 4.0) / 3
    torch.testing.assert_close(circle.pooled(FEATURES, LABELS, 0.25, 4.0), expected)


def test_per_anchor_is_the_mean_over_crops_and_one_alone_adds_nothing():
    each = circle.of_cosines(torch.tensor([1.0]), torch.zeros(1), 0.25, 4.0)
    torch.testing.assert_close(circle.per_anchor(FEATURES, LABELS, 0.25, 4.0), 2 * each / 3)


@pytest.mark.parametrize("form", circle.FORMS)
def test_without_pairs_of_one_kind_there_is_no_loss(form):
    features = FEATURES.clone().requires_grad_()
    found = circle.FORMS[form](features, torch.tensor([0, 1, 2]), 0.25, 64.0)
    found.backward()
    assert found == 0 and (features.grad == 0).all()
