"""PGCFL: what is zeroed, what the fused branch reaches, and the second stage."""

import pytest
import torch
from methods import small

from pugmark.learning import instances
from pugmark.learning import run as runs
from pugmark.methods import pgcfl


def learner(seen, epoch=0, **settings):
    torch.manual_seed(0)
    params = small.params("pgcfl", settings)
    made = pgcfl.Complementary(seen, params, runs.Run(1), pgcfl.Trunks(params))
    made.batches(epoch)
    made.model.train()
    return made


def test_what_is_zeroed_is_exactly_what_reaches_the_share():
    # Two channels whose sums are 0, 1 / 3, .6 and 1 of the range from 2 to 5.
    maps = torch.tensor([[[[1.0, 1.0], [1.8, 3.0]], [[1.0, 2.0], [2.0, 2.0]]]])
    assert pgcfl.attended(maps, (2, 2), 0.59).tolist() == [[[[False, False], [True, True]]]]
    assert pgcfl.attended(maps, (2, 2), 0.61).tolist() == [[[[False, False], [False, True]]]]
    # The corners of the larger picture are those of the map.
    spread = pgcfl.attended(maps, (5, 5), 0.61)
    assert spread[0, 0, 4, 4] and not spread[0, 0, 4, 0] and spread.sum() < 10


def test_where_all_places_are_alike_nothing_is_zeroed():
    assert not pgcfl.attended(torch.full((1, 4, 3, 3), 7.0), (9, 9), 0.6).any()


def test_the_second_trunk_does_not_see_what_the_first_attends_to(seen):
    network, shown = learner(seen).model[0].eval(), []
    network.trunks[1].register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0]))
    images = torch.randn(2, 3, 64, 64)
    network.all(images)
    network(images)
    hidden = pgcfl.attended(network.trunks[0](images), (64, 64), 0.6).expand_as(images)
    assert hidden.any() and (shown[0][hidden] == 0).all()
    torch.testing.assert_close(shown[0][~hidden], images[~hidden])
    torch.testing.assert_close(shown[1], images)  # at test time it sees everything


def test_the_fused_branch_teaches_no_trunk(seen):
    network = learner(seen).model[0]
    network.all(torch.randn(4, 3, 64, 64))[2].sum().backward()
    assert all(part.grad is None for part in network.trunks.parameters())
    assert network.heads[2][0].weight.grad is not None and network.heads[0][0].weight.grad is None


def test_the_triplet_loss_comes_with_the_last_epochs(seen):
    images, labels, shown = (
        torch.randn(6, 3, 64, 64),
        torch.tensor([0, 0, 1, 1, 2, 2]),
        torch.zeros(6, dtype=torch.int64),
    )
    first, last = (learner(seen, epoch, epochs=4, triplet_epochs=2, dropout=0.0) for epoch in (1, 2))
    assert not first.triplet and last.triplet
    fused = torch.nn.functional.normalize(last.model[0].all(images)[2])
    apart = last.recognised(images, shown, labels) - first.recognised(images, shown, labels)
    assert apart.item() == pytest.approx(instances.margin_triplet(fused, labels, 0.4).item(), abs=1e-4)
