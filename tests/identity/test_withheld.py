"""Pairs of withheld encounters, by hand: calibration error and number of animals."""

import numpy as np
import pandas as pd
import pytest

from pugmark.identity import withheld
from pugmark.metrics import population

# a and b were told. Of the others, d and e are of one event.
TRUTH = pd.DataFrame(
    {
        "individual": ["Ana", "Bo", "Ana", "Bo", "Bo", "Cleo", "Dan"],
        "sequence": list("abcddfg"),
        "flank": ["left", "left", "left", "left", "left", None, "right"],
        "order": range(7),
    },
    index=list("abcdefg"),
)
UNTOLD = pd.Index(list("cdefg"))
PAIRS = pd.DataFrame(
    [("b", "a", 0.9), ("c", "a", 0.8), ("c", "b", 0.8), ("d", "b", 0.6), ("d", "?", 0.6), ("e", "d", 1.0)],
    columns=["encounter", "candidate", "score"],
)


def half(scores):
    """The probability is half of the score."""
    return scores / 2


def of(rows):
    return [(row["quantity"], row["at"], row["value"], row["n"]) for row in rows]


def test_reliability_is_of_withheld_encounters_in_other_events_with_named_candidates():
    # c with a (right) and b (wrong) at .4, d with b (right) at .3; not told b, nameless ?, nor e of d's event.
    found = of(withheld.reliability(PAIRS, half, TRUTH, UNTOLD))
    assert found == [
        ("ECE", None, pytest.approx((2 * 0.1 + 1 * 0.7) / 3), 3),
        ("reliability", pytest.approx(0.3), 1, 1),
        ("reliability", pytest.approx(0.4), 0.5, 2),
    ]
    assert withheld.reliability(PAIRS[:1], half, TRUTH, UNTOLD) == []


def test_a_bins_interval_resamples_individuals():
    names = [f"n{at}" for at in range(6)]
    truth = pd.DataFrame({"individual": names * 2, "sequence": range(12), "flank": None}, index=range(12))
    ends = [(6 + at, other, 0.9) for at in range(6) for other in ((at, at + 1) if at < 3 else (at,))]
    pairs = pd.DataFrame(ends, columns=["encounter", "candidate", "score"])
    _, row = withheld.reliability(pairs, half, truth, truth.index[6:])
    assert row["value"] == 6 / 9 and 0 <= row["low"] < row["value"] < row["high"] <= 1


def counts(names="AXWYZ", truth=TRUTH):
    names = pd.Series([*"ab", *names], truth.index).replace("-", None)
    return withheld.counts(PAIRS, half, names, truth, UNTOLD, 0)


def test_animals_are_counted_on_the_flank_that_more_encounters_show():
    # Without the right flank g: Ana, Bo twice, and Cleo, whose flank nobody knows. All six pairs are drawn.
    truly, named, vetted = of(counts())
    assert truly == ("population", None, 3, 4) and named == ("population (names)", None, 4, 4)
    assert vetted == ("population (NIS)", None, pytest.approx(3, abs=0.3), 6)
    flanks = TRUTH["flank"].replace({"left": "right", "right": "left"})
    assert of(counts(truth=TRUTH.assign(flank=flanks)))[0] == ("population", None, 3, 4)
    # As many left as right ones: c and f, and not f and g.
    assert of(counts("A--YY"))[1] == ("population (names)", None, 2, 2)


def test_what_bears_no_name_is_not_counted_and_one_encounter_is_no_population():
    assert of(counts("-XWYZ"))[0] == ("population", None, 2, 3)
    assert counts("A---Z") == []


def test_nis_is_told_the_probability_of_a_pair_in_both_directions(monkeypatch):
    seen = []

    def drawn(similarity, floor, seed):
        seen.append((similarity.toarray(), floor))
        return np.array([0]), np.array([[0, 1]]), np.array([0.5]), np.array([[0.5, 0.25]])

    monkeypatch.setattr(population, "drawn", drawn)
    monkeypatch.setattr(population, "estimated", lambda same, *chances: (same.sum(), 0, 9))
    rows = counts()
    similarity, floor = seen[0]
    assert similarity.tolist() == [[1, 0, 0, 0], [0, 1, 0.5, 0], [0, 0.5, 1, 0], [0, 0, 0, 1]] and floor == 1 / 4
    assert (rows[-1]["value"], rows[-1]["low"], rows[-1]["high"], rows[-1]["n"]) == (1, 0, 9, 1)
