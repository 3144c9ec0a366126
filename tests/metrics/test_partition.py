"""Clustering accuracy, ID-F1 and the agreement indices on cases counted by hand."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from trackers.eval.identity import compute_identity_metrics

from pugmark.metrics import partition


def id_f1(truth, clusters):
    above, below = partition.id_f1(partition.matched(np.array(truth), np.array(clusters)), clusters)
    return above.sum() / below.sum()


def accuracy(truth, clusters):
    return partition.matched(np.array(truth), np.array(clusters)).mean()


def trackeval(truth, clusters, size):
    """ID-F1 by TrackEval's count, of frames of `size` boxes; a box of cluster -1 is one that no tracker gave."""
    frames = list(zip(truth.reshape(-1, size), clusters.reshape(-1, size), strict=True))
    similarity = [np.eye(size)[:, found >= 0] for _, found in frames]
    given = [found[found >= 0] for _, found in frames]
    return compute_identity_metrics([names for names, _ in frames], given, similarity)["IDF1"]


def test_accuracy_by_hand():
    truth, clusters = list("aaabbbcc"), [7, 7, 2, 2, 2, 2, 5, 7]
    assert partition.matched(truth, clusters).tolist() == [True, True, False, True, True, True, True, False]


def test_accuracy_is_the_best_of_all_matchings():
    random = np.random.default_rng(0)
    truth, clusters = random.integers(0, 4, 40), random.integers(0, 4, 40)
    best = max((np.array(order)[clusters] == truth).mean() for order in itertools.permutations(range(4)))
    assert accuracy(truth, clusters) == best


def test_more_or_fewer_clusters_than_individuals():
    assert accuracy(list("aabb"), [0, 1, 2, 3]) == 0.5
    assert accuracy(list("abcd"), [0, 0, 0, 0]) == 0.25


def test_noise_is_wrong_even_where_it_would_match():
    assert accuracy(list("aaab"), [-1, -1, -1, 0]) == 0.25
    assert id_f1(list("aaab"), [-1, -1, -1, 0]) == pytest.approx(2 / (4 + 1))


def test_noise_takes_no_individual_from_its_cluster():
    """Three of five a are noise: were that matched to them, the two in cluster 0 would count for nothing."""
    assert accuracy(list("aaaaabb"), [-1, -1, -1, 0, 0, 1, 1]) == 4 / 7


def test_one_swap_at_half_time_halves_id_f1():
    truth, clusters = np.tile([0, 1], 10), np.concatenate([np.tile([0, 1], 5), np.tile([1, 0], 5)])
    assert id_f1(truth, clusters) == 0.5


def test_perfect_and_permuted_tracks():
    truth = np.tile([0, 1, 2], 6)
    assert id_f1(truth, truth) == id_f1(truth, (truth + 1) % 3) == 1


def test_id_f1_is_the_accuracy_where_every_box_has_an_identity():
    random = np.random.default_rng(0)
    truth = np.tile(np.arange(5), 30)
    unique_per_frame = np.concatenate([random.permutation(5) for _ in range(30)])
    assert id_f1(truth, unique_per_frame) == pytest.approx(accuracy(truth, unique_per_frame))


def test_identities_repeated_in_a_frame_count_each_time():
    """Counting by fancy indexing, `counts[identities] += 1` per frame, misses repeats and so inflates ID-F1."""
    truth = np.tile([0, 1, 2], 20)
    clusters = truth.copy()
    clusters[truth == 2] = np.repeat([1, 2], 10)  # half of the time animal 2 is called 1, in a frame with the real 1
    assert id_f1(truth, clusters) == pytest.approx(50 / 60)
    assert trackeval(truth, clusters, 3) > 50 / 60 + 0.05


@pytest.mark.parametrize("seed", range(5))
def test_id_f1_equals_trackevals_where_identities_are_unique_in_a_frame(seed):
    """Tracks that break and swap, with boxes of none."""
    random = np.random.default_rng(seed)
    truth, clusters = np.tile(np.arange(4), 30), np.concatenate([random.permutation(7)[:4] for _ in range(30)])
    clusters[random.random(120) < 0.2] = -1
    clusters[:60] = np.where(clusters[:60] < 0, -1, truth[:60])
    assert 0.3 < id_f1(truth, clusters) < 0.9
    assert id_f1(truth, clusters) == pytest.approx(trackeval(truth, clusters, 4))


def test_a_box_of_no_track_is_a_miss_and_no_false_positive():
    """Three of four boxes right, one of none: IDTP 3, IDFN 1, IDFP 0; were it called 1, IDFP would be 1 too."""
    assert id_f1([0, 0, 0, 0], [0, 0, 0, -1]) == pytest.approx(2 * 3 / (2 * 3 + 1))
    assert id_f1([0, 0, 0, 0], [0, 0, 0, 1]) == pytest.approx(2 * 3 / (2 * 3 + 1 + 1))


def test_a_track_that_breaks_counts_its_longest_part():
    assert id_f1([0] * 10, [0] * 6 + [1] * 4) == 0.6


def test_agreement_makes_each_noise_item_its_own_cluster():
    truth, clusters = np.array(list("aaabbb")), np.array([0, 0, -1, -1, 1, 1])
    expected = adjusted_rand_score(truth, [0, 0, 2, 3, 1, 1])
    assert partition.agreement(truth, clusters)[0] == pytest.approx(expected)
    assert partition.agreement(truth, np.full(6, -1)) == pytest.approx((0, 0))
    assert partition.agreement(truth, np.array([4, 4, 4, 0, 0, 0])) == pytest.approx((1, 1))
