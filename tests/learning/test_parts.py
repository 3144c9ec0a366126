"""Stripes of an image, and how PPLR corrects labels by them."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pugmark.learning import parts

LOGITS = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([3, 1])


def vectors(seed, number=30, size=6):
    return F.normalize(torch.randn(number, size, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize(("height", "width"), [(6, 3), (8, 5), (2, 7), (1, 1)])
def test_stripes_equal_the_adaptive_average(height, width):
    maps = torch.randn(2, 5, height, width)
    for direction, shape in (("rows", (3, 1)), ("cols", (1, 3))):
        expected = F.adaptive_avg_pool2d(maps, shape).flatten(2)
        torch.testing.assert_close(torch.stack(parts.stripes(maps, 3, direction), 2), expected)


def test_the_encoder_gives_the_whole_and_each_stripe():
    network = parts.PartEncoder(
        {"backbone": "timm/test_resnet", "last_stride": 2, "parts": 3, "stripes": "cols"}
    ).eval()
    images = torch.randn(2, 3, 96, 96)
    maps, found = network.backbone(images), network(images)
    assert found.shape == (2, 4, network.backbone.size)
    torch.testing.assert_close(found[:, 0], network.necks[0](maps.mean((2, 3))))
    torch.testing.assert_close(found[:, 2], network.necks[2](maps[..., 1:2].mean((2, 3))))
    assert not any(neck.bias.requires_grad for neck in network.necks)


def test_agreement_is_one_where_parts_equal_the_whole_and_lies_between_zero_and_one():
    whole = vectors(1)
    found = parts.agreement(whole, torch.stack([whole, vectors(2), vectors(3)], 1), 5)
    assert found.shape == (30, 3)
    assert (found[:, 0] == 1).all() and found.min() >= 0 and 0 < found[:, 1:].mean() < 0.5


def test_agreement_is_the_overlap_of_the_nearest_others():
    whole, part = vectors(1).double(), vectors(2).double()
    found = parts.agreement(whole, part[:, None], 5)
    for i in range(30):
        first, second = (set(np.argsort(-(side @ side[i]).numpy())[:6].tolist()) - {i} for side in (whole, part))
        assert found[i, 0].item() == pytest.approx(len(first & second) / len(first | second))


def test_agreement_is_one_where_all_others_are_neighbours():
    assert (parts.agreement(vectors(1, 4), vectors(2, 4)[:, None], 20) == 1).all()


def test_agreement_follows_the_order_of_the_crops():
    whole, part = vectors(1), vectors(2)[:, None]
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(parts.agreement(whole[order], part[order], 5), parts.agreement(whole, part, 5)[order])


def test_refined_targets_by_hand():
    logits, agreed = LOGITS.clone().requires_grad_(), torch.tensor([[1.0, 0, 0.5], [0, 0, 0]])
    found = parts.refined(logits, LABELS, agreed, 0.5)
    predicted = LOGITS.softmax(2)
    weights = np.exp([1, 0, 0.5]) / np.exp([1, 0, 0.5]).sum()
    first = 0.5 * sum(w * predicted[0, i] for i, w in enumerate(weights)) + torch.tensor([0, 0, 0, 0.5])
    torch.testing.assert_close(found[0], first.float())
    torch.testing.assert_close(found[1], 0.5 * predicted[1].mean(0) + torch.tensor([0, 0.5, 0, 0]))
    torch.testing.assert_close(found.sum(1), torch.ones(2))
    assert not found.requires_grad


def test_refined_targets_with_full_weight_are_the_labels():
    assert torch.equal(parts.refined(LOGITS, LABELS, torch.ones(2, 3), 1.0), F.one_hot(LABELS, 4).float())


def test_full_agreement_is_cross_entropy_and_none_the_distance_from_uniform():
    repeated, flat = LABELS.repeat_interleave(3), LOGITS.flatten(0, 1)
    full = parts.smoothed(LOGITS, LABELS, torch.ones(2, 3))
    torch.testing.assert_close(full, F.cross_entropy(flat, repeated))
    none = parts.smoothed(LOGITS, LABELS, torch.zeros(2, 3))
    torch.testing.assert_close(none, F.kl_div(flat.log_softmax(1), torch.full((6, 4), 0.25), reduction="batchmean"))
    assert parts.smoothed(torch.zeros(2, 3, 4), LABELS, torch.zeros(2, 3)).item() == pytest.approx(0, abs=1e-6)


def test_agreement_weighs_each_part_of_each_crop():
    agreed = torch.tensor([[0.2, 1.0, 0.0], [0.5, 0.5, 0.5]])
    expected = 0.0
    for b in range(2):
        for p in range(3):
            q = LOGITS[b, p].double().softmax(0)
            uniform = sum(0.25 * math.log(0.25 / q[c]) for c in range(4))
            expected += (agreed[b, p] * -math.log(q[LABELS[b]]) + (1 - agreed[b, p]) * uniform) / 6
    assert parts.smoothed(LOGITS, LABELS, agreed).item() == pytest.approx(float(expected), rel=1e-5)
