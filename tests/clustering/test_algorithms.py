"""Partitions against scikit-learn's and SciPy's dense ones."""

import numpy as np
import pytest
import torch
from clustering.test_jaccard import blobs, dense
from scipy.cluster import hierarchy
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score

from pugmark.clustering import algorithms, jaccard

torch.set_num_threads(1)


@pytest.mark.parametrize("noise", [0.5, 1.2])
@pytest.mark.parametrize("eps", [0.3, 0.5])
def test_dbscan_equals_the_dense_one(noise, eps):
    features, _ = blobs(noise=noise)
    expected = DBSCAN(eps=eps, min_samples=4, metric="precomputed").fit_predict(dense(features, 8, 3))
    assert (algorithms.pseudo_labels(features, eps, 4, 8, 3) == expected).all()
    assert noise < 1 or (expected == -1).any()


def test_pseudo_labels_find_clear_individuals():
    features, truth = blobs(noise=0.3)
    labels = algorithms.pseudo_labels(features, k1=9, k2=3)
    assert adjusted_rand_score(truth, labels) == 1
    assert set(labels) == set(range(12))


def test_stored_zeros_are_neighbours():
    twins = np.repeat(np.eye(2, dtype=np.float32), 4, axis=0)
    assert algorithms.dbscan(jaccard.distances(twins, 4, 1, 0.1), 0.1, 4).tolist() == [0] * 4 + [1] * 4


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_average_linkage_equals_the_dense_one(noise):
    features, _ = blobs(noise=noise)
    tree = hierarchy.linkage(features.astype(np.float64), "average", metric="cosine")
    _, heights = algorithms.linkage(features)
    assert np.allclose(np.sort(heights), tree[:, 2], atol=1e-5)
    for clusters in (1, 5, 12, 50):
        expected = hierarchy.fcluster(tree, clusters, "maxclust")
        assert adjusted_rand_score(expected, algorithms.agglomerative(features, clusters)) == 1
    for threshold in (0.1, 0.3, 0.6):
        expected = hierarchy.fcluster(tree, threshold, "distance")
        assert adjusted_rand_score(expected, algorithms.agglomerative(features, threshold=threshold)) == 1


def test_collapsed_features_merge_in_few_rounds(monkeypatch):
    rounds = []
    partners = algorithms._partners
    monkeypatch.setattr(algorithms, "_partners", lambda means: rounds.append(1) or partners(means))
    features = np.ones((64, 8), np.float32) / np.float32(8**0.5)
    assert set(algorithms.agglomerative(features, clusters=1)) == {0}
    assert len(rounds) == 6  # halved each time


def test_blocks_change_nothing(monkeypatch):
    features, _ = blobs(noise=1.0)
    whole = algorithms.agglomerative(features, 12)
    monkeypatch.setattr(algorithms, "BLOCK", 300)
    assert (algorithms.agglomerative(features, 12) == whole).all()


def test_kmeans_is_reproducible_and_finds_clear_individuals():
    features, truth = blobs(noise=0.3)
    labels = algorithms.kmeans(features, 12, seed=3)
    assert adjusted_rand_score(truth, labels) == 1
    assert (labels == algorithms.kmeans(features, 12, seed=3)).all()


def test_kmeans_keeps_the_best_of_ten_starts():
    """Clouds so close that single starts end in different places: the sum of squares is that of the best of them."""
    features, _ = blobs(noise=1.5)

    def squares(labels):
        return sum(((features[labels == c] - features[labels == c].mean(0)) ** 2).sum() for c in set(labels))

    for seed in range(4):
        best = KMeans(12, n_init=10, random_state=seed).fit(features).inertia_
        single = KMeans(12, n_init=1, random_state=seed).fit(features).inertia_
        assert best < 0.99 * single
        assert squares(algorithms.kmeans(features, 12, seed)) == pytest.approx(best, rel=1e-4)


def unit(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


def test_kmeans_per_frame_by_hand():
    """In the last frame both crops look like the animal at 0 degrees: the one that does less is the other."""
    features, frames = unit(0, 90, 2, 88, 1, 91, 3, 30), [0, 0, 1, 1, 2, 2, 3, 3]
    alone = algorithms.kmeans(features, 2, seed=1)
    assert alone[6] == alone[7]
    labels = algorithms.kmeans_per_frame(features, 2, frames, seed=1)
    first, other = labels[:2]
    assert labels.tolist() == [first, other] * 4 and {first, other} == {0, 1} and labels.dtype == np.int32


def test_kmeans_per_frame_leaves_what_is_beyond_the_number_of_animals():
    labels = algorithms.kmeans_per_frame(unit(0, 90, 45, 2, 88), 2, ["a", "a", "a", "b", "b"], seed=1)
    assert labels[2] == -1 and labels[0] == labels[3] != labels[1] == labels[4]


def test_kmeans_per_frame_holds_an_animal_once_a_frame_and_does_not_fall_behind():
    features, truth = blobs(noise=1.4)
    frames = np.empty(len(truth), int)
    for individual in set(truth):  # every animal once in each frame
        frames[np.array(truth) == individual] = range((np.array(truth) == individual).sum())
    order = np.random.default_rng(0).permutation(len(truth))  # frames lie neither together nor in order
    features, truth, frames = features[order], np.array(truth)[order], frames[order]
    labels = algorithms.kmeans_per_frame(features, 12, frames, seed=1)
    assert all(len(set(labels[frames == frame])) == (frames == frame).sum() for frame in set(frames))
    plain = adjusted_rand_score(truth, algorithms.kmeans(features, 12, seed=1))
    assert plain < 0.9 and adjusted_rand_score(truth, labels) > plain
    assert (labels == algorithms.kmeans_per_frame(features, 12, frames, seed=1)).all()


def test_repeated_vectors_are_numbered_by_first_appearance():
    a, b, c = np.eye(3, dtype=np.float32)
    assert algorithms.repeated(np.stack([c, a, c, b, a])).tolist() == [0, 1, 0, 2, 1]


def test_the_constant_vector_is_nobody_and_takes_no_number():
    nobody = np.full(4, 0.5, np.float32)
    a, b = np.eye(4, dtype=np.float32)[:2]
    found = algorithms.repeated(np.stack([nobody, b, nobody, a, b]))
    assert found.tolist() == [-1, 0, -1, 1, 0] and found.dtype == np.int32
    assert algorithms.repeated(np.stack([nobody, nobody])).tolist() == [-1, -1]


def test_vectors_that_differ_in_one_bit_are_not_repeated():
    one = np.array([[0.6, 0.8]], np.float32)
    assert algorithms.repeated(np.vstack([one, np.nextafter(one, np.float32(1))])).tolist() == [0, 1]


def test_nothing_to_cluster():
    nothing = np.zeros((0, 4), np.float32)
    assert len(algorithms.kmeans(nothing, 3, 1)) == len(algorithms.pseudo_labels(nothing)) == 0
    assert len(algorithms.kmeans_per_frame(nothing, 3, [], 1)) == 0
    assert len(algorithms.agglomerative(nothing, 3)) == len(algorithms.repeated(nothing)) == 0
    assert algorithms.agglomerative(nothing[:0].reshape(0, 4), threshold=0.4).dtype == np.int32
    single = np.eye(4, dtype=np.float32)[:1]
    assert algorithms.kmeans(single, 3, 1).tolist() == algorithms.agglomerative(single, 3).tolist() == [0]
