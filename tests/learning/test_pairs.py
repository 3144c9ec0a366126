"""Pair masks and losses of video identification: the numeric facts of its specification."""

import math

import numpy as np
import pytest
import torch
from pytorch_metric_learning.losses import NTXentLoss, SupConLoss
from torch.nn import functional as F

from pugmark.learning import pairs


def features(count, seed=0):
    return F.normalize(torch.randn(count, 16, generator=torch.Generator().manual_seed(seed)))


def similarity(counts, seed=0):
    rows = features(2 * sum(counts), seed)
    return rows @ rows.T


def one_hot(animals, frames=2, views=2):
    rows = torch.eye(animals).repeat(frames * views, 1)
    return rows @ rows.T


def off_diagonal(mask):
    return mask.masked_fill(torch.eye(len(mask), dtype=torch.bool), 0)


@pytest.mark.parametrize("matching", ["per_block", "consensus"])
@pytest.mark.parametrize(("n", "frames"), [(3, 2), (10, 2), (4, 3)])
def test_every_row_has_2k_minus_1_positives(matching, n, frames):
    counts = [n] * frames
    mask = off_diagonal(pairs.mask(similarity(counts), counts, matching))
    assert torch.equal(mask, mask.T)
    assert (mask == 1).sum(1).tolist() == [2 * frames - 1] * len(mask)
    assert (mask == -1).sum(1).tolist() == [2 * frames * (n - 1)] * len(mask)


def test_two_frames_give_12n_positive_pairs():
    mask = off_diagonal(pairs.mask(similarity([7, 7]), [7, 7]))
    assert (mask == 1).sum() == 12 * 7


def test_unequal_frames_leave_the_surplus_unmatched():
    counts = [5, 3]
    mask = off_diagonal(pairs.mask(similarity(counts), counts))
    positives = (mask == 1).sum(1)
    assert torch.equal(mask, mask.T)
    assert positives.min() >= 1 and positives.max() <= 3
    assert positives[5:8].tolist() == [3, 3, 3]
    for v in pairs.blocks(counts):
        for w in pairs.blocks(counts):
            block = mask[v[0], w[1]] == 1
            assert block.sum() == 3 and block.sum(0).max() == 1 and block.sum(1).max() == 1


def test_one_frame_knows_its_animals_by_their_views():
    mask = pairs.mask(similarity([2, 1]), [2, 1])
    assert mask[0, 1] == -1 and mask[0, 3] == 1 and mask[0, 4] == -1 and mask[2, 5] == 1


def test_the_assignment_maximises_the_sum_and_not_each_pair():
    block = torch.tensor([[0.9, 0.8], [0.8, 0.1]])
    known = torch.zeros(8, 8)
    known[0:2, 2:4], known[2:4, 0:2] = block, block.T
    mask = pairs.mask(known, [2, 2])
    assert mask[0:2, 2:4].tolist() == [[-1, 1], [1, -1]]


def test_a_least_similarity_unmatches():
    known = torch.zeros(4, 4)
    assert pairs.mask(known, [1, 1])[0, 1] == 1
    assert pairs.mask(known, [1, 1], min_similarity=0.1)[0, 1] == -1
    assert pairs.mask(known, [1, 1], min_similarity=0.1)[0, 2] == 1


def test_consensus_agrees_over_views_where_blocks_may_not():
    known = similarity([6, 6], seed=5)
    rows = pairs.blocks([6, 6])
    found = {
        matching: [pairs.mask(known, [6, 6], matching)[v[0], w[1]] for v in rows for w in rows]
        for matching in ("per_block", "consensus")
    }
    assert all(torch.equal(block, found["consensus"][0]) for block in found["consensus"])
    assert not all(torch.equal(block, found["per_block"][0]) for block in found["per_block"])


def test_no_gradient_goes_through_the_assignment():
    rows = features(8).requires_grad_()
    known = rows @ rows.T
    assert not pairs.mask(known, [2, 2]).requires_grad
    pairs.bce(known, pairs.mask(known, [2, 2]), 10.0, -10.0).backward()
    assert rows.grad.abs().sum() > 0


@pytest.mark.parametrize("counts", [[5, 5], [3, 6]])
def test_equal_embeddings_give_ln2_for_any_mask(counts):
    n = 2 * sum(counts)
    for mask in (pairs.mask(similarity(counts), counts), -torch.ones(n, n), torch.ones(n, n)):
        loss = pairs.bce(torch.ones(n, n), mask, 10.0, -10.0)
        assert loss.item() == pytest.approx(math.log(2) * (n - 1) / n, rel=1e-6)


def test_perfect_embeddings_give_the_published_constants():
    known = one_hot(10)
    mask = pairs.mask(known, [10, 10])
    assert pairs.bce(known, mask, 10.0, -10.0).item() == pytest.approx(0.052027, abs=5e-7)
    expected = math.log(3 * math.e**2 + 36) - 2
    assert expected == pytest.approx(2.06332, abs=5e-6)
    assert pairs.supcon(known, mask, 2.0).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("loss", [lambda s, m: pairs.bce(s, m, 10.0, -10.0), lambda s, m: pairs.supcon(s, m, 2.0)])
def test_the_loss_ignores_the_order_of_animals_frames_and_views(loss):
    counts, rows = [4, 6], features(20, seed=2)
    orders = {
        "animals": ([2, 0, 3, 1, *range(4, 10), 12, 10, 13, 11, *range(14, 20)], [4, 6]),
        "frames": ([*range(4, 10), *range(4), *range(14, 20), *range(10, 14)], [6, 4]),
        "views": ([*range(10, 20), *range(10)], [4, 6]),
    }
    known = rows @ rows.T
    expected = loss(known, pairs.mask(known, counts))
    for what, (order, counts) in orders.items():
        moved = known[order][:, order]
        torch.testing.assert_close(loss(moved, pairs.mask(moved, counts)), expected, msg=what)


def test_bce_by_a_plain_loop():
    known, mask = similarity([2, 2]).double(), pairs.mask(similarity([2, 2]), [2, 2])
    total = 0.0
    for i in range(8):
        for j in range(8):
            if i != j:
                total += math.log(1 / (1 + math.exp(-mask[i, j] * (10 * known[i, j] - 10))))
    assert pairs.bce(known, mask, 10.0, -10.0).item() == pytest.approx(-total / 64, rel=1e-9)


def test_supcon_equals_pytorch_metric_learning_where_rows_have_equal_positives():
    rows, labels = features(12), torch.arange(3).repeat(4)
    mask = torch.where(labels[:, None] == labels, 1.0, -1.0)
    expected = SupConLoss(temperature=0.5)(rows, labels)
    torch.testing.assert_close(pairs.supcon(rows @ rows.T, mask, 2.0), expected, atol=1e-6, rtol=1e-6)


def test_supcon_with_one_positive_is_nt_xent():
    rows, labels = features(10), torch.arange(5).repeat(2)
    mask = torch.where(labels[:, None] == labels, 1.0, -1.0)
    expected = NTXentLoss(temperature=0.07)(rows, labels)
    torch.testing.assert_close(pairs.supcon(rows @ rows.T, mask, 1 / 0.07), expected, atol=1e-6, rtol=1e-6)


def test_true_masks_are_found_from_good_embeddings():
    rng = np.random.default_rng(0)
    order = torch.from_numpy(rng.permutation(6))
    centres = F.normalize(torch.randn(6, 32, generator=torch.Generator().manual_seed(1)))
    rows = torch.cat([centres, centres[order]] * 2)
    who = torch.cat([torch.arange(6), order] * 2)
    rows = F.normalize(rows + 0.05 * torch.randn(rows.shape, generator=torch.Generator().manual_seed(2)))
    assert torch.equal(pairs.mask(rows @ rows.T, [6, 6]), torch.where(who[:, None] == who, 1.0, -1.0))
