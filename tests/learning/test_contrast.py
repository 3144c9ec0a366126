"""The losses of SimCLR and MoCo, and the queue of keys."""

import math

import pytest
import torch
from pytorch_metric_learning.losses import NTXentLoss
from torch.nn import functional as F

from pugmark.learning import contrast
from pugmark.learning.queue import KeyQueue


def rows(count, size=16, seed=0):
    return F.normalize(torch.randn(count, size, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("temperature", [0.07, 0.5])
def test_nt_xent_equals_pytorch_metric_learning(temperature):
    views = rows(12)
    found = contrast.nt_xent(contrast.cosines(views, views), temperature)
    expected = NTXentLoss(temperature)(views, torch.arange(6).repeat(2))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_nt_xent_by_hand():
    # Two crops, orthogonal, each with two equal views: one of three others has cosine 1.
    views = torch.eye(2).repeat(2, 1)
    expected = math.log(math.exp(2) + 2) - 2
    assert contrast.nt_xent(views @ views.T, 0.5).item() == pytest.approx(expected, rel=1e-6)


def test_info_nce_by_hand():
    queries, keys = torch.eye(3)[:2], torch.eye(3)[:2]
    queue = torch.eye(3)[[0, 2, 2, 2]]
    # The first query meets its own key again in the queue, the second nothing like it.
    first = math.log(2 * math.exp(2) + 3) - 2
    second = math.log(math.exp(2) + 4) - 2
    found = contrast.info_nce(queries, keys, queue, 0.5).item()
    assert found == pytest.approx((first + second) / 2, rel=1e-6)


def test_info_nce_has_the_batch_at_temperature_and_no_other_keys():
    queries, keys, queue = rows(4), rows(4, seed=1), rows(8, seed=2)
    alone = [contrast.info_nce(queries[i : i + 1], keys[i : i + 1], queue, 0.07) for i in range(4)]
    torch.testing.assert_close(contrast.info_nce(queries, keys, queue, 0.07), torch.stack(alone).mean())


def test_cosines_are_of_single_precision_where_all_else_is_half():
    views = rows(8)
    with torch.autocast("cpu", torch.bfloat16):
        assert (views @ views.T).dtype == torch.bfloat16
        found = contrast.cosines(views, views)
    assert torch.equal(found, views @ views.T)


def test_the_queue_is_first_in_first_out_and_keeps_its_size():
    queue = KeyQueue(3, 2, 16)
    assert queue.keys.shape == (6, 16) and not list(queue.parameters())
    batches = [rows(2, seed=seed) for seed in range(5)]
    for batch in batches[:2]:
        queue.add(batch)
    torch.testing.assert_close(queue.keys[:2].norm(dim=1), torch.ones(2))
    assert torch.equal(queue.keys[2:], torch.cat(batches[:2]))
    for batch in batches[2:]:
        queue.add(batch)
    assert torch.equal(queue.keys, torch.cat(batches[2:]))


def test_the_queue_is_saved_and_takes_no_gradient():
    queue, keys = KeyQueue(2, 2, 16), rows(2).requires_grad_()
    queue.add(keys)
    other = KeyQueue(2, 2, 16)
    other.load_state_dict(queue.state_dict())
    assert torch.equal(other.keys, queue.keys) and not queue.keys.requires_grad


def test_the_supervised_loss_by_hand():
    # The first row has two positives, at the second and third column; the second row one.
    similarity = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]])
    same = torch.tensor([[False, True, True], [True, False, False]])
    first = math.log(1 + math.e + math.exp(2)) - 1.5
    second = math.log(math.exp(3) + 2) - 3
    assert contrast.supervised(similarity, same).item() == pytest.approx((first + second) / 2, rel=1e-6)
