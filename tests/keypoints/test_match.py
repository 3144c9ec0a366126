"""Matching of key points: by hand, against OpenCV's matcher, and under known maps."""

import cv2
import numpy as np
import pytest
from rerankers import known

from pugmark import rerankers
from pugmark.keypoints import match, table

PARAMS = rerankers.resolve("local", {"most": known.SLOTS, "ratio": 0.8})


def points(*crops):
    return table.stacked(
        [known.Row(table.row(str(at), *crop, known.SLOTS)) for at, crop in enumerate(crops)], known.SLOTS
    )


def count(left, right, **settings):
    seen = points(left, right)
    return match.agreeing(seen, 0, np.array([1]), np.arange(2), PARAMS | settings)[0]


@pytest.fixture
def coat():
    return known.marks(np.random.default_rng(0))


def test_root_sift_of_a_descriptor_by_hand():
    descriptor = np.zeros((1, 128), np.uint8)
    descriptor[0, :2] = 9, 16
    found = match.vectors(points((np.zeros((1, 2), np.float32), descriptor)), [0], "sift")
    assert found[0, 0, :3] == pytest.approx([3 / 5, 4 / 5, 0]) and found.shape == (1, known.SLOTS, 128)


def test_orbs_product_falls_with_the_hamming_distance():
    bits = np.zeros((3, 32), np.uint8)
    bits[1, 0], bits[2] = 0b111, 255
    found = match.vectors(points((np.zeros((3, 2), np.float32), bits)), [0], "orb")[0]
    assert (found[0] @ found[:3].T) == pytest.approx([1, 1 - 2 * 3 / 256, -1])


def test_matches_are_those_of_a_matcher_that_looks_at_each_pair():
    random = np.random.default_rng(4)
    mine, theirs = (known.unit(np.abs(random.standard_normal((20, 8)))) for _ in range(2))
    theirs[:12] = known.unit(mine[:12] + 0.1 * random.standard_normal((12, 8)))
    expected = set()
    forward = cv2.BFMatcher().knnMatch(mine, theirs, 2)
    backward = {pair.queryIdx: pair.trainIdx for pair in cv2.BFMatcher().match(theirs, mine)}
    for best, second in forward:
        if best.distance < 0.8 * second.distance and backward[best.trainIdx] == best.queryIdx:
            expected.add((best.queryIdx, best.trainIdx))
    ((left, right),) = match.matches(mine, theirs[None], [20], 0.8)
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == expected and len(expected) > 5


def test_empty_slots_match_nothing(coat):
    few = coat[0][:1], coat[1][:1]
    assert count(coat, few) == 0 and count(few, coat) == 0
    # 20 key points of the other crop and 12 empty slots.
    assert count(coat, (coat[0][:20], coat[1][:20])) == 20


@pytest.mark.parametrize("model", ["affine", "fundamental"])
def test_a_moved_coat_agrees_and_a_shuffled_one_does_not(coat, model):
    moved = (coat[0] @ np.array([[0.9, 0.2], [-0.1, 1.1]], np.float32) + 0.05).astype(np.float32)
    assert count(coat, (moved, coat[1]), model=model) == known.MOST
    shuffled = np.random.default_rng(1).permutation(moved)
    assert count(coat, (shuffled, coat[1]), model=model) < known.MOST / 2


def test_too_few_matches_are_no_evidence(coat):
    seven = coat[0][:7], coat[1][:7]
    assert count(coat, seven) == 0
    assert count(coat, seven, floor=7) == 7


def test_a_map_that_collapses_is_no_evidence(coat):
    small = (coat[0] * 0.1).astype(np.float32), coat[1]
    assert count(coat, small) == 0
    assert count(coat, ((coat[0] * 0.5).astype(np.float32), coat[1])) == known.MOST


def test_a_tighter_tolerance_keeps_fewer(coat):
    shaken = coat[0] + np.random.default_rng(2).normal(0, 0.01, coat[0].shape).astype(np.float32)
    assert count(coat, (shaken, coat[1]), tolerance=0.002) < count(coat, (shaken, coat[1]), tolerance=0.05)


def test_blocks_do_not_change_the_counts(coat, monkeypatch):
    seen = points(coat, coat, (coat[0][:10], coat[1][:10]), known.marks(np.random.default_rng(9)))
    whole = match.agreeing(seen, 0, np.array([1, 2, 3]), np.arange(4), PARAMS)
    monkeypatch.setattr(match, "BLOCK", 2)
    assert whole.tolist() == match.agreeing(seen, 0, np.array([1, 2, 3]), np.arange(4), PARAMS).tolist() == [24, 10, 0]


def test_an_empty_slot_is_no_match_though_orb_gives_it_a_vector(monkeypatch):
    monkeypatch.setattr(match, "under_one_map", lambda points, one, other, params: len(one[1]))
    places, bits = np.zeros((9, 2), np.float32), np.random.default_rng(0).integers(0, 256, (9, 32), dtype=np.uint8)
    blank = bits.copy()
    blank[8] = 0
    # The ninth has no bit set, as an empty slot has none; the other crop shows eight.
    full = table.row("b", places[:8], bits[:8], 9)
    seen = table.stacked([known.Row(table.row("a", places, blank, 9)), known.Row(full)], 9)
    assert match.agreeing(seen, 0, np.array([1]), np.arange(2), PARAMS | {"features": "orb"}) == 8


def test_two_crops_are_mapped_in_one_direction_whoever_asks(coat, monkeypatch):
    seen, told = points(coat, (coat[0] / 2, coat[1])), []
    monkeypatch.setattr(match, "under_one_map", lambda points, one, other, params: told.append(one) or 0)
    for query, other in ((0, 1), (1, 0)):
        match.agreeing(seen, query, np.array([other]), np.arange(2), PARAMS)
    assert told[0][0] == told[1][0] == 0 and np.array_equal(told[0][1], told[1][1])
