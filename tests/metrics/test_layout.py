"""Maps of vectors: which crops are on them, and the silhouette by hand."""

import math

import numpy as np
import pytest

from pugmark.metrics import layout


def test_individuals_with_most_crops_are_on_the_map_and_those_with_prototypes_first():
    names = ["a"] * 3 + ["b"] * 50 + ["c"] + [None] * 4 + [f"d{number}" for number in range(20) for _ in range(2)]
    rows = layout.chosen(names)
    shown = [names[row] for row in rows]
    assert rows.tolist() == sorted(rows) and len(set(shown)) == 15 and "c" not in shown and None not in shown
    assert shown.count("b") == 40 and shown.count("a") == 3
    first = [names[row] for row in layout.chosen(names, {"d8", "d9"})]
    assert {"d8", "d9"} <= set(first) and "d8" not in shown


def test_a_map_keeps_what_is_apart_apart_and_is_the_same_each_time():
    rng = np.random.default_rng(0)
    vectors = np.repeat(np.eye(3), 8, axis=0) + rng.normal(0, 0.05, (24, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    places = layout.placed(vectors)
    assert places.shape == (24, 2) and np.array_equal(places, layout.placed(vectors))
    means = places.reshape(3, 8, 2).mean(1)
    within = np.linalg.norm(places - np.repeat(means, 8, axis=0), axis=1).max()
    between = np.linalg.norm(means[:, None] - means, axis=2)[np.triu_indices(3, 1)].min()
    assert between > 2 * within


def test_the_silhouette_by_hand():
    # Cosine distances: within a pair 0 and 1 - .6 = .4, between the pairs 1 and .2 or so.
    vectors = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    to_others = [(1 + 0.4) / 2, (1 + 0.4) / 2, 1.0, 0.4]
    own = [0.0, 0.0, 0.2, 0.2]
    expected = np.mean([(far - near) / max(far, near) for near, far in zip(own, to_others, strict=True)])
    assert layout.silhouette(vectors, list("aabb")) == pytest.approx(expected)
    assert math.isnan(layout.silhouette(vectors, list("aaaa"))) and math.isnan(layout.silhouette(vectors, list("abcd")))
