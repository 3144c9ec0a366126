"""The bootstrap over individuals: by hand, against other formulas, and in how many surveys it holds the truth."""

import itertools

import numpy as np
import pytest
from scipy.special import stdtrit

from pugmark.metrics import intervals


def test_agrees_with_all_draws_of_four_individuals():
    values, individuals = np.array([0.1, 0.2, 0.9, 0.5, 0.4, 0.8]), np.array(list("aabccd"))
    groups = [values[individuals == name] for name in "abcd"]

    def told(drawn):
        """The mean of these groups' values and its standard error, as of a ratio of sums."""
        mean = np.concatenate(drawn).mean()
        residuals = [(group - mean).sum() for group in drawn]
        return mean, np.sqrt(4 / 3 * np.square(residuals).sum()) / sum(map(len, drawn))

    mean, error = told(groups)
    draws = [told([groups[i] for i in drawn]) for drawn in itertools.product(range(4), repeat=4)]
    least, most = np.percentile([(m - mean) / e for m, e in draws if e > 1e-9], [2.5, 97.5])
    expected = max(mean - most * error, 0), min(mean - least * error, 1)
    assert intervals.of_means(values, individuals, 40000, 1) == pytest.approx(expected, abs=0.03)


def test_of_many_individuals_it_is_students():
    values = np.random.default_rng(0).random(400)
    wide = stdtrit(399, 0.975) * values.std(ddof=1) / 20
    found = intervals.of_means(values, np.arange(400), 20000, 0)
    assert found == pytest.approx((values.mean() - wide, values.mean() + wide), abs=0.003)


def test_it_holds_the_truth_where_individuals_are_few():
    # The percentile bootstrap of six individuals holds it in fewer than nine surveys of ten.
    random, held = np.random.default_rng(3), 0
    for seed in range(400):
        low, high = intervals.of_means(random.normal(0.5, 0.1, 6), np.arange(6), 400, seed)
        held += low <= 0.5 <= high
    assert 0.93 <= held / 400 <= 0.99


def test_repeating_every_image_does_not_narrow_it():
    values, individuals = np.random.default_rng(0).random(30), np.repeat(np.arange(10), 3)
    once = intervals.of_means(values, individuals, 500, 3)
    assert intervals.of_means(np.tile(values, 5), np.tile(individuals, 5), 500, 3) == pytest.approx(once)


def test_a_ratio_weighs_individuals_by_their_denominators():
    above, below = np.array([1.0, 2.0, 9.0, 3.0, 0.0]), np.array([4.0, 4.0, 10.0, 8.0, 2.0])
    low, high = intervals.of_ratios(above, below, list("abcde"), 2000, 0)
    assert low < above.sum() / below.sum() < high
    doubled = intervals.of_ratios(above, 2 * below, list("abcde"), 2000, 0)
    assert doubled[0] == pytest.approx(low / 2)


def test_ends_stay_within_the_bounds():
    values, names = np.array([0.99, 1.0, 1.0, 1.0, 0.7]), list("abcde")
    assert intervals.of_means(values, names, 500, 0)[1] == 1.0
    assert intervals.of_means(values - 0.9, names, 500, 0, (-1.0, 1.0))[0] < 0


def test_none_where_nothing_can_be_said():
    values, names = np.array([0.1, 0.7, 0.3, 0.4]), list("abcd")
    assert intervals.of_means(values, names, 100, 5) == intervals.of_means(values, names, 100, 5)
    assert None not in intervals.of_means(values, names, 100, 5)
    assert intervals.of_means(values, list("abca"), 100, 5) == (None, None), "three individuals"
    assert intervals.of_means(values, names, 0, 5) == (None, None), "no resamples"
    assert intervals.of_means(np.ones(4), names, 100, 5) == (None, None), "all are alike"
