"""Directions of texts."""

import numpy as np

from pugmark.learning import hashing
from pugmark.learning.norm import unit


def test_a_text_always_gets_the_same_unit_vector():
    found = hashing.directions(["b", "a", "b"], 64)
    assert found.dtype == np.float32 and (found[0] == found[2]).all()
    np.testing.assert_array_equal(found[1:2], hashing.directions(["a"], 64))
    np.testing.assert_array_equal(found[1], unit([hashing.gaussian("a", 64)])[0])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert abs(found[0] @ found[1]) < 0.6


def test_none_gets_the_constant_vector():
    np.testing.assert_array_equal(hashing.directions([None, "a", None], 16)[[0, 2]], np.full((2, 16), np.float32(0.25)))


def test_no_texts():
    assert hashing.directions([], 8).shape == (0, 8)
