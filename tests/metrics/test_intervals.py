"""The bootstrap over individuals on cases whose distribution is known."""

import itertools

import numpy as np
import pytest

from pugmark.metrics import intervals


def test_two_individuals_have_three_means():
    """Drawn aa, ab, ba or bb: means 0, 1/2, 1/2, 1; the outer ones have a quarter each."""
    low, high = intervals.of_means(np.array([0.0, 0.0, 1.0, 1.0]), list("aabb"), 4000, 0)
    assert (low, high) == (0, 1)


def test_agrees_with_all_resamples():
    values, individuals = np.array([0.1, 0.2, 0.9, 0.5, 0.4, 0.8]), np.array(list("aabccd"))
    groups = [values[individuals == name] for name in "abcd"]
    means = [np.concatenate([groups[i] for i in drawn]).mean() for drawn in itertools.product(range(4), repeat=4)]
    expected = np.percentile(means, [2.5, 97.5])
    assert intervals.of_means(values, individuals, 20000, 1) == pytest.approx(expected, abs=0.02)


def test_repeating_every_image_does_not_narrow_it():
    values, individuals = np.random.default_rng(0).random(30), np.repeat(np.arange(10), 3)
    once = intervals.of_means(values, individuals, 500, 3)
    assert intervals.of_means(np.tile(values, 5), np.tile(individuals, 5), 500, 3) == pytest.approx(once)


def test_seeded_and_undefined_for_one_individual():
    values, names = np.array([0.1, 0.7, 0.3]), list("abc")
    assert intervals.of_means(values, names, 100, 5) == intervals.of_means(values, names, 100, 5)
    assert intervals.of_means(values, list("aaa"), 100, 5) == (None, None)
    assert intervals.of_means(values, names, 0, 5) == (None, None)
