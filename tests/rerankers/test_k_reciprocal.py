"""k-reciprocal encoding against a dense implementation that follows the paper row by row."""

import numpy as np
import pytest
from rerankers import known

from pugmark import rerankers
from pugmark.rerankers import k_reciprocal


def dense(vectors, k1, k2, original):
    """Scores of all pairs, N x N, from dense sets and weights."""
    distances = np.maximum(2 - 2 * vectors @ vectors.T, 0).astype(float)
    order = np.argsort(distances, axis=1, kind="stable")
    weights = np.zeros_like(distances)
    for i in range(len(vectors)):
        members = set(reciprocal(order, i, k1))
        for j in list(members):
            near = reciprocal(order, j, round(k1 / 2))
            if 3 * len(set(near) & set(reciprocal(order, i, k1))) > 2 * len(near):
                members |= set(near)
        at = sorted(members)
        weights[i, at] = np.exp(-distances[i, at]) / np.exp(-distances[i, at]).sum()
    weights = np.stack([weights[order[i, :k2]].mean(0) for i in range(len(vectors))])
    shared = np.minimum(weights[:, None], weights[None]).sum(2)
    away = 1 - shared / (2 - shared)
    return 1 - (1 - original) * away - original * distances / distances.max(1, keepdims=True)


def reciprocal(order, i, k):
    return [j for j in order[i, :k] if i in order[j, :k]]


@pytest.mark.parametrize("settings", [{}, {"k1": 7, "k2": 3, "original": 0.0}, {"k1": 12, "k2": 1, "original": 0.9}])
def test_equal_to_a_dense_implementation(settings):
    random = np.random.default_rng(0)
    centres = np.repeat(random.standard_normal((10, 12)), 6, axis=0)
    vectors = known.unit(centres + 0.8 * random.standard_normal((60, 12)))
    params = rerankers.resolve("k_reciprocal", settings)
    scored = k_reciprocal.prepare(rerankers.Crops(np.arange(60).astype(str), vectors), params)
    everyone = np.arange(60)
    found = np.stack([scored(query, everyone, vectors[query] @ vectors.T) for query in everyone])
    expected = dense(vectors.astype(float), **params)
    assert found[~np.eye(60, dtype=bool)] == pytest.approx(expected[~np.eye(60, dtype=bool)], abs=1e-5)


def test_blocks_do_not_change_the_farthest(monkeypatch):
    vectors = known.unit(np.random.default_rng(1).standard_normal((30, 4)))
    whole = k_reciprocal._farthest(vectors)
    assert whole == pytest.approx((2 - 2 * vectors @ vectors.T).max(1))
    monkeypatch.setattr(k_reciprocal, "BLOCK", 70)
    assert k_reciprocal._farthest(vectors) == pytest.approx(whole)
