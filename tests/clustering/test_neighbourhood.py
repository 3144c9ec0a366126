"""How many crops are compared where nobody says so."""

import numpy as np
import pytest

from pugmark.clustering import neighbourhood


def test_the_largest_share_by_hand():
    assert neighbourhood.largest(np.array([0, 1, 1, -1, -1])) == 0.4
    assert neighbourhood.largest(np.array([-1, -1])) == neighbourhood.largest(np.array([], int)) == 0


@pytest.mark.parametrize(
    ("crops", "individuals", "k1"),
    [(120, 12, 10), (72, 12, 6), (20, 12, 4), (1000, 12, 30), (120, None, 11), (10, None, 4), (10**6, None, 30)],
)
def test_the_estimate_is_the_crops_of_an_individual_or_the_root_of_all(crops, individuals, k1):
    found, why = neighbourhood.estimate(crops, individuals)
    assert found == k1
    assert why.startswith(f"from {crops} crops of 12" if individuals else f"the square root of {crops} crops")


def sharing(shares):
    """A grouping whose largest of 100 crops' clusters has the share stated for k1, and what it was asked."""
    asked = []

    def grouping(k1):
        asked.append(k1)
        return np.array([0] * shares[k1] + [-1] * (100 - shares[k1]))

    return grouping, asked


def test_k1_goes_down_while_one_cluster_holds_more_than_two_fifths():
    grouping, asked = sharing({20: 90, 16: 41, 13: 40, 11: 1})
    k1, told = neighbourhood.derived(grouping, 100, 5)
    assert (k1, asked) == (13, [20, 16, 13])
    assert told == (
        "k1 is 13, from 100 crops of 5 individuals; lowered from 20, which puts more than 40% of them into one cluster"
    )


def test_a_k1_that_fits_stays():
    grouping, asked = sharing({10: 40})
    k1, told = neighbourhood.derived(grouping, 100)
    assert (k1, asked) == (10, [10])
    assert told == "k1 is 10, the square root of 100 crops of an unknown number of individuals"


def test_k1_goes_no_lower_than_half_the_estimate_and_than_the_least():
    grouping, asked = sharing(dict.fromkeys(range(31), 99))
    assert neighbourhood.derived(grouping, 100, 5)[0] == 10 and min(asked) > 10
    assert neighbourhood.derived(grouping, 100, 20)[0] == 4
