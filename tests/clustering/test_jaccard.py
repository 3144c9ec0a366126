"""The sparse Jaccard distance against a dense one written straight from its definition."""

import numpy as np
import pytest
import torch

from pugmark.clustering import jaccard, neighbours
from pugmark.clustering.neighbours import nearest

torch.set_num_threads(1)


def blobs(identities=12, each=9, size=24, noise=0.9, seed=0):
    """Unit vectors around random centres, float32, and their identities."""
    random = np.random.default_rng(seed)
    truth = np.repeat(np.arange(identities), each)
    vectors = random.standard_normal((identities, size))[truth] + noise * random.standard_normal((len(truth), size))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth


def dense(features, k1, k2):
    """The definition, one set at a time."""
    products = features.astype(np.float64) @ features.T
    np.fill_diagonal(products, 1)
    order = np.argsort(-products, axis=1)
    number = len(features)

    def reciprocal(i, k):
        return {j for j in order[i, :k] if i in order[j, :k]}

    weights = np.zeros((number, number))
    for i in range(number):
        members = base = reciprocal(i, k1)
        for j in base:
            half = reciprocal(j, round(k1 / 2))
            if len(half & base) > 2 / 3 * len(half):
                members = members | half
        members = sorted(members)
        scores = np.exp(-(2 - 2 * products[i, members]))
        weights[i, members] = scores / scores.sum()
    weights = np.stack([weights[order[i, :k2]].mean(0) for i in range(number)])
    shared = np.array([[np.minimum(one, other).sum() for other in weights] for one in weights])
    return np.maximum(1 - shared / (2 - shared), 0)


@pytest.mark.parametrize(("k1", "k2"), [(8, 3), (15, 6), (7, 1)])
def test_equals_the_definition(k1, k2):
    features, _ = blobs()
    expected = dense(features, k1, k2)
    found = jaccard.distances(features, k1, k2).tocoo()  # whose zeros are stored, so not `nonzero`
    filled = np.ones(expected.shape)
    filled[found.row, found.col] = found.data
    assert np.allclose(filled, expected, atol=2e-6)
    assert 0.02 < (expected < 1).mean() < 0.95  # the case has both kinds of pair


def test_only_close_pairs_are_stored():
    features, _ = blobs()
    everything, close = jaccard.distances(features, 8, 3), jaccard.distances(features, 8, 3, 0.5)
    assert close.data.max() <= 0.5 < everything.data.max()
    assert close.nnz == (everything.data <= 0.5).sum()


def test_symmetric_with_stored_zero_diagonal():
    features, _ = blobs()
    found = jaccard.distances(features, 8, 3)
    assert (found != found.T).nnz == 0
    stored = found.tocoo()
    assert (stored.row == stored.col).sum() == len(features)
    assert (found.diagonal() == 0).all()
    assert found.data.min() == 0 and found.data.max() <= 1


def test_rows_of_the_weights_sum_to_one():
    assert np.allclose(jaccard.encode(blobs()[0], 8, 3).sum(1), 1, atol=1e-6)


def test_permuting_the_vectors_permutes_the_distances():
    features, _ = blobs()
    order = np.random.default_rng(1).permutation(len(features))
    whole, shuffled = (jaccard.distances(part, 8, 3).toarray() for part in (features, features[order]))
    assert np.allclose(whole[order][:, order], shuffled, atol=1e-6)


def test_blocks_change_nothing(monkeypatch):
    features, _ = blobs()
    whole = jaccard.distances(features, 8, 3)
    monkeypatch.setattr(jaccard, "CELLS", 700)
    monkeypatch.setattr(jaccard, "PAIRS", 13)
    monkeypatch.setattr(jaccard, "CHECKED", 11)
    monkeypatch.setattr(neighbours, "TILE", 7)
    assert np.allclose(jaccard.distances(features, 8, 3).toarray(), whole.toarray(), atol=1e-6)


def test_twins_and_tiny_inputs():
    twins = np.repeat(np.eye(3, dtype=np.float32), 2, axis=0)
    found = jaccard.distances(twins, 2, 1)
    assert found.nnz == 12 and np.allclose(found.data, 0, atol=1e-6)
    assert jaccard.distances(twins[:0]).shape == (0, 0)
    assert jaccard.distances(twins[:1]).toarray().tolist() == [[0]]


@pytest.mark.parametrize("tile", [3, 7, 2048])
def test_nearest_starts_with_itself_and_sorts(monkeypatch, tile):
    monkeypatch.setattr(neighbours, "TILE", tile)
    features = np.repeat(blobs(4, 3)[0], 2, axis=0)
    indices, similarities = nearest(features, 5)
    assert (indices[:, 0] == np.arange(len(features))).all()
    assert (np.diff(similarities, axis=1) <= 1e-6).all()
    expected = np.sort(features @ features.T, axis=1)[:, ::-1][:, :5]
    assert np.allclose(similarities, expected, atol=1e-6)
    assert nearest(features[:3], 9)[0].shape == (3, 3)


def test_a_tensor_gives_the_same():
    features, _ = blobs()
    whole, tensor = jaccard.distances(features, 8, 3), jaccard.distances(torch.from_numpy(features), 8, 3)
    assert (whole != tensor).nnz == 0
