"""The bootstrap over individuals: by hand, against other formulas, and in how many surveys it holds the truth."""

import itertools

import numpy as np
import pytest
from scipy.special import betaincinv, stdtrit
from scipy.stats import binomtest

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


def test_a_rate_of_independent_chances_has_the_interval_of_clopper_and_pearson():
    errors = np.r_[np.ones(2), np.zeros(98)]
    low, high = intervals.of_rates(errors, np.ones(100), np.arange(100))
    exact = binomtest(2, 100).proportion_ci(method="exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), rel=0.02)
    doubled = intervals.of_rates(np.tile(errors, 2), np.ones(200), np.tile(np.arange(100), 2))
    assert doubled == pytest.approx((low, high), rel=0.03)  # pictures that tell nothing new


def test_no_error_among_ten_animals_is_no_promise_of_none():
    errors, chances, names = np.zeros(40), np.r_[np.ones(30), np.zeros(10)], np.repeat(np.arange(10), 4)[::-1]
    names[-10:] = 99  # without any chance
    low, high = intervals.of_rates(errors, chances, names)
    animals = 8 * (stdtrit(29, 0.975) / stdtrit(7, 0.975)) ** 2
    assert low == 0 and high == pytest.approx(1 - 0.025 ** (1 / animals))
    assert intervals.of_rates(1 - errors, np.ones(40), np.arange(40) // 4)[1] == 1
    assert intervals.of_rates(errors[:12], np.ones(12), np.arange(12) // 4) == (None, None)


def test_a_rare_rate_is_held_where_animals_differ():
    random, held = np.random.default_rng(4), []
    for _ in range(300):
        wrong = random.binomial(4, random.beta(0.15, 2.85, 30))
        errors = (np.arange(4) < wrong[:, None]).ravel()
        low, high = intervals.of_rates(errors, np.ones(120), np.repeat(np.arange(30), 4))
        held.append(low <= 0.05 <= high)
    assert 0.93 <= np.mean(held) <= 0.99


def test_a_rate_of_few_individuals_by_hand():
    # Residuals .75 and thrice -.25: a variance of 4 / 3 * .75 / 64, so 8 chances tell as much as 7 independent ones.
    told = 7 * (stdtrit(7, 0.975) / stdtrit(3, 0.975)) ** 2
    low, high = intervals.of_rates(np.r_[1, np.zeros(7)], np.ones(8), np.repeat(np.arange(4), 2))
    assert low == pytest.approx(betaincinv(told / 8, told * 7 / 8 + 1, 0.025))
    assert high == pytest.approx(betaincinv(told / 8 + 1, told * 7 / 8, 0.975))
