"""The policies' testable properties (specification, section 2), on stub mask lists."""

import itertools

import numpy as np
import pytest

from pugmark.masking import policies

UNIONS = [policies.union_iou, policies.union_coverage]
SCORES = {policies.union_iou: policies.iou, policies.union_coverage: policies.coverage}


def block(top, bottom, left, right):
    mask = np.zeros((10, 10), bool)
    mask[top:bottom, left:right] = True
    return mask


def stub(seed):
    """A salient rectangle and six rectangles as SAM's masks."""
    random = np.random.default_rng(seed)
    corners = np.sort(random.integers(0, 11, (7, 2, 2)), axis=2)
    salient, *masks = [block(*rows, *columns) for rows, columns in corners]
    return salient, [mask for mask in masks if mask.any()]


def test_scores_by_hand():
    salient, mask = block(0, 5, 0, 5), block(3, 5, 3, 9)
    assert policies.iou(mask, salient) == pytest.approx(4 / (12 + 25 - 4))
    assert policies.coverage(mask, salient) == pytest.approx(4 / 12)


@pytest.mark.parametrize("score", [policies.iou, policies.coverage])
def test_scores_of_equal_and_disjoint_masks(score):
    assert score(block(0, 5, 0, 5), block(0, 5, 0, 5)) == 1
    assert score(block(0, 5, 0, 5), block(5, 10, 5, 10)) == 0
    assert score(block(0, 0, 0, 0), block(0, 0, 0, 0)) == 0


@pytest.mark.parametrize("policy", UNIONS)
@pytest.mark.parametrize("seed", range(20))
def test_unions_hold_every_accepted_mask_and_nothing_else(policy, seed):
    salient, masks = stub(seed)
    result = policy(salient, masks, theta=0.2)
    accepted = [mask for mask in masks if SCORES[policy](mask, salient) >= 0.2]
    if not accepted:
        assert result is None
        return
    assert not (result & ~np.logical_or.reduce(masks)).any()
    assert all((result & mask).sum() == mask.sum() for mask in accepted)
    assert not (result & ~np.logical_or.reduce(accepted)).any()


@pytest.mark.parametrize("policy", UNIONS)
@pytest.mark.parametrize("seed", range(20))
def test_raising_the_threshold_never_adds_pixels(policy, seed):
    salient, masks = stub(seed)
    results = [policy(salient, masks, theta=theta) for theta in np.linspace(0, 1, 11)]
    sets = [np.zeros((10, 10), bool) if result is None else result for result in results]
    assert all(not (high & ~low).any() for low, high in itertools.pairwise(sets))


def test_a_score_equal_to_the_threshold_is_accepted():
    salient = block(0, 10, 0, 10)
    assert policies.union_iou(salient, [block(0, 3, 0, 10)], theta=0.3) is not None
    half = block(0, 4, 0, 5)
    assert policies.union_coverage(half, [block(0, 4, 0, 10)], theta=0.5) is not None


def test_default_thresholds_are_the_tables():
    salient = block(0, 10, 0, 10)
    assert policies.union_iou(salient, [block(0, 2, 0, 10)]) is None
    assert policies.union_iou(salient, [block(0, 3, 0, 10)]).sum() == 30
    assert policies.union_coverage(block(0, 10, 0, 4), [block(0, 1, 0, 10)]) is None
    assert policies.union_coverage(block(0, 10, 0, 5), [block(0, 1, 0, 10)]).sum() == 10


def test_coverage_does_not_see_the_salient_grow_outside_all_masks():
    masks = [block(0, 4, 0, 4), block(2, 6, 2, 6)]
    small = block(0, 3, 0, 4)
    grown = small | block(8, 10, 0, 10)
    np.testing.assert_array_equal(policies.union_coverage(small, masks), policies.union_coverage(grown, masks))
    assert policies.union_iou(grown, masks, theta=0.5) is None  # unlike the other, which does see it


@pytest.mark.parametrize("policy", UNIONS)
def test_an_empty_salient_foreground_accepts_nothing(policy):
    assert policy(block(0, 0, 0, 0), [block(0, 4, 0, 4)]) is None
    assert policy(block(0, 4, 0, 4), []) is None


def test_the_largest_mask_is_complemented_where_it_is_the_background():
    animal = block(2, 8, 2, 8)
    background = ~animal
    result = policies.largest_or_complement(animal, [background, block(3, 5, 3, 5)])
    np.testing.assert_array_equal(result, animal)


def test_the_largest_mask_is_kept_where_the_salient_is_a_tenth_or_less():
    background = ~block(2, 8, 2, 8)
    for rows in (0, 1):  # none, and exactly 10 %
        salient = block(4, 4 + rows, 0, 10)
        np.testing.assert_array_equal(policies.largest_or_complement(salient, [background]), background)
    complement = policies.largest_or_complement(block(4, 6, 2, 8), [background])
    np.testing.assert_array_equal(complement, ~background)


def test_the_largest_mask_is_kept_where_it_agrees():
    animal = block(2, 8, 2, 8)
    np.testing.assert_array_equal(
        policies.largest_or_complement(block(2, 8, 2, 7), [block(0, 2, 0, 2), animal]), animal
    )


def test_nothing_to_choose_from_is_none():
    assert policies.largest_or_complement(block(2, 8, 2, 8), []) is None
    assert policies.largest_or_complement(block(2, 8, 2, 8), [block(0, 10, 0, 10)]) is not None
    assert policies.nonempty(block(0, 0, 0, 0)) is None


def test_salient_alone_needs_one_per_cent():
    one = block(0, 1, 0, 1)
    assert policies.isnet_only(one) is one
    assert policies.isnet_only(block(0, 0, 0, 0)) is None
