"""Sub-center ArcFace: logits and margins by hand, and beside pytorch-metric-learning."""

import math

import numpy as np
import pytest
import torch

from pugmark.methods import arcface


def centers(weight, margins, each):
    made = arcface.SubCenters(weight.shape[1], np.array(margins, np.float32), each)
    with torch.no_grad():
        made.weight.copy_(weight)
    return made


def test_the_nearest_sub_center_counts_and_the_right_angle_grows_by_the_margin():
    weight = torch.tensor([[1.0, 0], [0, 5], [-1, 0], [0, -1]])  # two individuals of two directions
    made = centers(weight, [0.5, 0.2], 2)
    found = made(torch.tensor([[0.0, 2.0], [3.0, 0.0]]), torch.tensor([0, 1]))
    # The first lies on the second direction of individual 0: angle 0 and margin .5; 90 degrees from individual 1.
    # The second lies on the first direction of 0, and 90 degrees from its own: .2 more.
    expected = torch.tensor([[math.cos(0.5), 0.0], [1.0, math.cos(math.pi / 2 + 0.2)]])
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=0)


def test_an_angle_never_passes_half_a_turn():
    made = centers(torch.tensor([[1.0, 0.0]]), [0.5], 1)
    found = made(torch.tensor([[-1.0, 0.01]]), torch.tensor([0]))
    assert found.item() == pytest.approx(-1)


def test_margins_fall_with_the_fourth_root_of_the_crops():
    found = arcface.margins(np.array([1, 16, 81]), 0.05, 0.5)
    # Powers 1, 1/2, 1/3: the middle lies a quarter of the way up.
    assert found == pytest.approx([0.5, 0.05 + 0.45 * 0.25, 0.05])
    assert arcface.margins(np.array([7, 7]), 0.05, 0.5) == pytest.approx([0.5, 0.5])


def test_equal_to_the_library_at_a_constant_margin():
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    torch.manual_seed(0)
    peer = losses.SubCenterArcFaceLoss(
        num_classes=4, embedding_size=8, margin=math.degrees(0.3), scale=30, sub_centers=3
    )
    made = centers(peer.W.detach().T.clone(), [0.3] * 4, 3)
    vectors, labels = torch.randn(16, 8), torch.randint(0, 4, (16,))
    found = torch.nn.functional.cross_entropy(30 * made(vectors, labels), labels)
    torch.testing.assert_close(found, peer(vectors, labels), atol=1e-4, rtol=0)


def test_no_gradient_is_lost_where_a_crop_lies_on_its_direction():
    made = centers(torch.eye(2), [0.5, 0.5], 1)
    vectors = torch.tensor([[1.0, 0.0]], requires_grad=True)
    made(vectors, torch.tensor([0])).sum().backward()
    assert vectors.grad.isfinite().all() and made.weight.grad.isfinite().all()
