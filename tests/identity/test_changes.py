"""What became of the animals since their names were last other ones."""

import pandas as pd
import pytest

from pugmark.identity import changes


def between(before, now):
    """{(animal, former name, change): encounters} of names written as {encounter: name}."""
    rows = changes.between(*(pd.Series(names, dtype=object) for names in (before, now)))
    return {(row["individual"], row["before"], row["change"]): row["encounters"] for row in rows}


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({}, {"a": "X", "b": "X"}, {("X", None, "new"): 2}),
        ({"a": "X"}, {"a": "X"}, {}),
        ({"a": "X"}, {"a": "X", "b": "X"}, {("X", None, "extended"): 1}),
        ({"a": "X"}, {"a": "Y"}, {("Y", "X", "renamed"): 1}),
        ({"a": "X", "b": "Y"}, {"a": "X", "b": "X"}, {("X", "X", "merged"): 1, ("X", "Y", "merged"): 1}),
        ({"a": "X", "b": "X"}, {"a": "X", "b": "Y"}, {("X", "X", "split"): 1, ("Y", "X", "split"): 1}),
        (
            {"a": "X", "b": "X", "c": "Y"},
            {"a": "X", "b": "Y", "c": "Y"},
            {("X", "X", "split"): 1, ("Y", "X", "merge-split"): 1, ("Y", "Y", "merge-split"): 1},
        ),
        ({"a": "X", "b": "Y"}, {"a": "X"}, {(None, "Y", "gone"): 1}),
        ({"a": "X", "b": "X"}, {"a": "X"}, {}),  # a removed batch leaves the animal as it is
        ({"a": "X"}, {"a": None}, {(None, "X", "gone"): 1}),
        (
            {"a": "X", "b": "Y"},
            {"a": "X", "b": "X", "c": "X"},
            {("X", "X", "merged"): 1, ("X", "Y", "merged"): 1, ("X", None, "merged"): 1},
        ),
    ],
)
def test_what_became_of_the_animals(before, now, expected):
    assert between(before, now) == expected
