"""What a setting may be: each form of ALLOWED, and the sentence for what it refuses."""

import pytest

from pugmark import ranges


@pytest.mark.parametrize(
    ("value", "default", "allowed"),
    [
        (False, True, None),
        (1, 60, ">= 1"),
        (1, 0.5, ">= 0, <= 1"),
        (0.0, 0.5, ">= 0, <= 1"),
        (1e-9, 0.5, "> 0"),
        ("gem", "gap", ["gap", "gem"]),
        ("layer2.0.bn1", "conv1", ["conv1", "layer[1-4].?.bn[1-3]"]),
        (2, 1, [1, 2]),
        ([], ["a", "b"], ["a", "b"]),
        (["b"], ["a", "b"], ["a", "b"]),
        (["a"], ["a", "b"], [["a"], ["a", "b"]]),
        ([0.5, 0.5], [0.1, 2.0], "> 0"),
        ("any", "file", "null or word"),
        (None, "file", "null or word"),
        (None, None, "null or >= 1"),
        (3, None, "null or >= 1"),
        (-0.5, None, "null or >= -1.0, <= 1.0"),
        (0, 0, "0 or >= 2"),
        (2, 0, "0 or >= 2"),
    ],
)
def test_what_may_be_is_taken(value, default, allowed):
    assert ranges.fault("x of y", value, default, allowed) is None


@pytest.mark.parametrize(
    ("value", "default", "allowed", "said"),
    [
        (1, True, None, "x of y is 1: write true or false."),
        (None, True, None, "x of y is null: write true or false."),
        (0, 60, ">= 1", "x of y is 0: write a whole number, at least 1, such as 60."),
        (True, 60, ">= 0", "x of y is true: write a whole number, at least 0, such as 60."),
        (60.0, 60, ">= 0", "x of y is 60.0: write a whole number, at least 0, such as 60."),
        ("1e2", 60, ">= 0", "x of y is '1e2': write a whole number, at least 0, such as 60; in YAML write 100."),
        ("5e-6", 5e-06, "> 0", "x of y is '5e-6': write a number, above 0, such as 5.0e-06; in YAML write 5.0e-06."),
        ("1e-3", 0.1, "> 0", "x of y is '1e-3': write a number, above 0, such as 0.1; in YAML write 0.001."),
        ("nan", 0.1, "> 0", "x of y is 'nan': write a number, above 0, such as 0.1."),
        (float("nan"), 0.1, "> 0", "x of y is nan: write a number, above 0, such as 0.1."),
        (float("inf"), 0.1, "> 0", "x of y is inf: write a number, above 0, such as 0.1."),
        (0, 0.1, "> 0, < 1", "x of y is 0: write a number, above 0, below 1, such as 0.1."),
        (1, 0.1, "> 0, < 1", "x of y is 1: write a number, above 0, below 1, such as 0.1."),
        (1.5, 0.1, ">= 0, <= 1", "x of y is 1.5: write a number, at least 0, at most 1, such as 0.1."),
        (
            "layer5.0.bn1",
            "conv1",
            ["conv1", "layer[1-4].?.bn1"],
            "Unknown x of y 'layer5.0.bn1': did you mean 'layer[1-",
        ),
        ("gme", "gap", ["gap", "gem"], "Unknown x of y 'gme': did you mean 'gem'?"),
        ("mean", "gap", ["gap", "gem"], "Unknown x of y 'mean': known: gap, gem."),
        (None, "gap", ["gap", "gem"], "x of y is null: write gap or gem."),
        (3, 1, [1, 2], "Unknown x of y 3: known: 1, 2."),
        (True, 1, [1, 2], "x of y is true: write 1 or 2."),
        (["c"], ["a"], ["a", "b"], "Unknown x of y 'c': known: a, b."),
        ("a", ["a"], ["a", "b"], "x of y is 'a': write a list of any of a, b."),
        (["a", "a"], ["a"], ["a", "b"], "x of y is [a, a]: write a list of any of a, b."),
        (["b"], ["a"], [["a"], ["a", "b"]], "x of y is [b]: write [a] or [a, b]."),
        ([2, 1], [0.1, 2.0], "> 0", "x of y is [2, 1]: write a list of 2 numbers, the smaller first, each a number, "),
        ([1], [0.1, 2.0], "> 0", "x of y is [1]: write a list of 2 numbers"),
        ([0, 1], [0.1, 2.0], "> 0", "x of y is [0, 1]: write a list of 2 numbers"),
        (["a", 1], [0.1, 2.0], "> 0", "x of y is [a, 1]: write a list of 2 numbers"),
        (None, "net", "word", "x of y is null: write a word, such as net."),
        (" ", "net", "null or word", "x of y is ' ': write null or a word, such as net."),
        (0, None, "null or >= 1", "x of y is 0: write null or a whole number, at least 1."),
        (1.5, None, "null or >= 1", "x of y is 1.5: write null or a whole number, at least 1."),
        (2, None, "null or >= -1.0, <= 1.0", "x of y is 2: write null or a number, at least -1, at most 1."),
        (1, 0, "0 or >= 2", "x of y is 1: write 0 or a whole number, at least 2, such as 0."),
    ],
)
def test_what_may_not_be_is_refused_in_a_sentence(value, default, allowed, said):
    found = ranges.fault("x of y", value, default, allowed)
    assert found == said or (not said.endswith(".") and found.startswith(said))
