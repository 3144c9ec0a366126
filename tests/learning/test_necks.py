"""Hand-computed losses of the recipe, and what each vector learns by."""

import math

import pytest
import torch
from torch import nn

from pugmark.learning import instances, necks

LABELS = torch.tensor([0, 0, 1])
# The farthest of its kind: 5, 5, 0; the nearest of the other: 3, 4, 3.
VECTORS = torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]])


def test_triplet_loss_with_a_margin_is_the_value_by_hand():
    # 2.3, 1.3, and 0 in place of -2.7.
    assert instances.margin_triplet(VECTORS, LABELS, 0.3).item() == pytest.approx((2.3 + 1.3) / 3, abs=1e-5)


def test_one_individual_alone_has_no_triplet_loss():
    assert instances.margin_triplet(VECTORS, torch.zeros(3, dtype=torch.int64), 0.3).item() == 0


class Learner(necks.Identification):
    def __init__(self, shares, sizes=(2, 2), smoothing=0.0):
        self.params, self.shares = {"smoothing": smoothing, "margin": 0.3}, shares
        necked = necks.Necked(nn.Identity(), sizes).eval()
        classifiers = nn.ModuleList(nn.Linear(size, 2, bias=False) for size in sizes)
        for layer in classifiers:
            nn.init.zeros_(layer.weight)
        self.model = nn.ModuleDict({"necked": necked, "classifiers": classifiers})


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        (((1, 0), (0, 0)), math.log(2)),
        (((0.5, 0), (0.25, 0)), 0.75 * math.log(2)),
        (((0, 1), (0, 0)), 1.2),
        (((0, 0), (0, 0.5)), 0.6),
        (((1, 1), (1, 1)), 2 * (math.log(2) + 1.2)),
    ],
)
def test_each_vector_counts_as_its_shares_say(shares, expected):
    assert Learner(shares).told_apart((VECTORS, VECTORS), LABELS).item() == pytest.approx(expected, abs=1e-4)


def test_classification_is_behind_the_neck_and_smoothed():
    learner = Learner(((1, 0),), (2,), smoothing=0.1)
    necked, layer = learner.model["necked"], learner.model["classifiers"][0]
    necked.necks[0].running_mean += torch.tensor([1.0, 0.0])
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    # The logits of (1, 0) are then 0 and 0, so the loss ln 2; of (2, 0) 2 and 0: .95 ln(1 + e^-2) + .05 ln(1 + e^2).
    there = learner.told_apart((torch.tensor([[1.0, 0.0]]),), torch.tensor([0])).item()
    beside = learner.told_apart((torch.tensor([[2.0, 0.0]]),), torch.tensor([0])).item()
    assert there == pytest.approx(math.log(2), abs=1e-4)
    assert beside == pytest.approx(0.95 * math.log(1 + math.exp(-2)) + 0.05 * math.log(1 + math.exp(2)), abs=1e-3)


def test_the_necks_have_no_bias_that_learns():
    necked = necks.Necked(nn.Identity(), (2, 3))
    assert not any(neck.bias.requires_grad for neck in necked.necks)
    assert all(neck.weight.requires_grad for neck in necked.necks)


def test_the_rate_grows_over_ten_epochs_and_falls_twice():
    found = [necks.stepped(epoch) for epoch in (0, 4, 9, 39, 40, 69, 70)]
    assert found == pytest.approx([0.1, 0.5, 1, 1, 0.1, 0.1, 0.01])


def test_vectors_lie_side_by_side_before_the_necks_or_behind_them():
    class Two(nn.Module):
        def forward(self, images):
            return images[:, :2], images[:, 2:]

    necked = necks.Necked(Two(), (2, 1)).eval()
    necked.necks[1].running_mean += 1
    numbers = torch.tensor([[1.0, 2.0, 3.0]])
    torch.testing.assert_close(necks.SideBySide(necked)(numbers), numbers)
    behind = necks.SideBySide(necked, behind=True)(numbers)
    torch.testing.assert_close(behind, torch.tensor([[1.0, 2.0, 2.0]]), rtol=1e-4, atol=1e-4)
