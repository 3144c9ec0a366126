"""Descriptor vector exchange and warps: the values of the specification."""

import pytest
import torch

from pugmark.learning import dve, warps

SIDE, STRIDE = 56, 4


def identity(count=1):
    down, right = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    return (STRIDE * torch.stack([right, down], 2).float()).expand(count, SIDE, SIDE, 2)


def distinct():
    """Descriptors of norm 20 that differ from place to place, 1 x 64 x 56 x 56."""
    random = torch.randn(1, 64, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return 20 * torch.nn.functional.normalize(random, dim=1)


def loss(here, auxiliary, there, targets=None, power=0.5):
    return dve.loss(here, auxiliary, there, identity() if targets is None else targets, STRIDE, power).item()


def test_constant_descriptors_point_everywhere():
    constant = torch.ones(1, 64, SIDE, SIDE)
    assert loss(constant, constant, constant) == pytest.approx(10.4458, abs=1e-3)


def test_short_descriptors_give_no_signal():
    short = distinct() / 20
    assert loss(short, short, short) == pytest.approx(10.4458, abs=0.1)


def test_distinct_descriptors_find_their_place_by_way_of_themselves_or_of_a_shuffled_picture():
    one = distinct()
    shuffled = one.flatten(2)[:, :, torch.randperm(SIDE * SIDE)].view_as(one)
    assert loss(one, one, one) < 1e-3 and loss(one, shuffled, one) < 1e-3


@pytest.mark.parametrize(("cells", "expected"), [(1, 2.2), (2, 3.3), (5, 5.3)])
def test_a_shift_that_the_targets_do_not_know_costs_its_root(cells, expected):
    one = distinct()
    assert loss(one, one, one.roll(cells, 3)) == pytest.approx(expected, abs=0.05)


def test_the_exponent_is_that_of_the_distance():
    one = distinct()
    assert loss(one, one, one.roll(1, 3), power=1.0) == pytest.approx(4 * 55 / 56 + 220 / 56, abs=0.01)


def test_targets_say_where_a_place_went():
    one, moved = distinct(), identity().roll(-3, 2)
    assert loss(one, one, one.roll(3, 3), moved) < 1e-3


def test_the_loss_is_the_mean_over_pictures():
    one, constant = distinct(), torch.ones(1, 64, SIDE, SIDE)
    both = torch.cat([one, constant])
    found = dve.loss(both, both, both, identity(2), STRIDE, 0.5).item()
    assert found == pytest.approx(10.4458 / 2, abs=1e-2)


def test_memory_holds_one_picture_s_maps_and_gradients_reach_all_three():
    parts = [torch.randn(2, 4, 6, 6, requires_grad=True) for _ in range(3)]
    dve.loss(*parts, torch.rand(2, 6, 6, 2) * 20, 4, 0.5).backward()
    assert all(part.grad.abs().sum() > 0 for part in parts)


def test_a_warped_picture_of_coordinates_tells_where_it_was():
    torch.manual_seed(0)
    places = warps.drawn(3, 64, 80, warps.SECOND)
    coordinates = warps.in_pixels(warps.lattice(64, 80), 64, 80).permute(2, 0, 1).expand(3, 2, 64, 80)
    found = warps.applied(coordinates, places).permute(0, 2, 3, 1)
    expected = warps.in_pixels(places, 64, 80)
    inside = (places.abs() <= 1).all(3)
    assert inside.float().mean() > 0.5
    assert (found - expected)[inside].abs().max() < 0.5


def test_warps_are_smooth_and_differ():
    torch.manual_seed(0)
    places = warps.in_pixels(warps.drawn(4, 224, 224, warps.FIRST), 224, 224)
    steps = (places[:, :, 1:] - places[:, :, :-1]).norm(dim=3)
    assert steps.min() > 0.3 and steps.max() < 3
    assert (places[0] - places[1]).abs().max() > 3


def test_without_deviations_of_the_spline_a_warp_is_affine():
    torch.manual_seed(0)
    places = warps.drawn(1, 9, 9, (0.0, 0.0))[0]
    assert torch.allclose(places[0, 0] + places[8, 8], places[0, 8] + places[8, 0], atol=1e-5)
    assert torch.allclose(places[4, 4], (places[0, 0] + places[8, 8]) / 2, atol=1e-5)
