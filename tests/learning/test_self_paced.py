"""Which crops SpCL trusts with their cluster."""

import numpy as np
import pytest

from pugmark.learning import self_paced


def dense(labels, others):
    """1 - IoU from N x N matrices of who is with whom."""
    one, other = (self_paced.singled(part)[:, None] == self_paced.singled(part) for part in (labels, others))
    return 1 - (one & other).sum(1) / (one | other).sum(1)


def random(seed, clusters=5, number=60):
    return np.random.default_rng(seed).integers(-1, clusters, number)


def test_outliers_become_classes_of_their_own():
    assert self_paced.singled(np.array([-1, 1, 0, -1, 1])).tolist() == [2, 1, 0, 3, 1]
    assert self_paced.singled(np.array([-1, -1])).tolist() == [0, 1]


def test_disagreement_by_hand():
    labels, others = np.array([0, 0, 0, 1, -1]), np.array([0, 0, -1, 1, 1])
    #                      {0,1,2} {0,1}   {0,1,2} {2}  {3} {3,4}  {4} {3,4}
    assert self_paced.disagreement(labels, others) == pytest.approx([1 / 3, 1 / 3, 2 / 3, 1 / 2, 1 / 2])


@pytest.mark.parametrize("seed", range(3))
def test_disagreement_equals_the_dense_one(seed):
    labels, others = random(seed), random(seed + 10, 4)
    assert self_paced.disagreement(labels, others) == pytest.approx(dense(labels, others))
    assert (self_paced.disagreement(labels, labels) == 0).all()


def test_independence_is_the_least_of_the_cluster():
    labels, loose = np.array([0, 0, 0, 1, 1, -1]), np.array([0, 0, 1, 1, 1, 1])
    # Cluster 0: {0,1,2} with {0,1} and with {2,3,4,5}; cluster 1: {3,4} with {2,3,4,5}.
    assert self_paced.independence(labels, loose) == pytest.approx([1 / 3, 1 / 2])


def test_theta_is_a_quantile_and_counts_clusters_of_two_or_more_alone():
    # Cluster c of 2 crops is joined by c outliers in the looser clustering, so that R_indep = c / (c + 2).
    labels = np.concatenate([[c, c] + [-1] * c for c in range(20)] + [[20]])
    loose = np.concatenate([[c] * (c + 2) for c in range(20)] + [[0]])
    assert self_paced.limit(labels, loose, 0.9) == pytest.approx(18 / 20)
    assert self_paced.limit(labels, loose, 1.0) == pytest.approx(19 / 21)
    # The lone crop joins cluster 0 in the looser clustering: counted, it would move the middle to cluster 9.
    assert self_paced.limit(labels, loose, 0.5) == pytest.approx(10 / 12)


def test_theta_is_unknown_without_a_cluster_of_two():
    assert self_paced.limit(np.array([-1, -1]), np.array([0, 0])) is None
    assert self_paced.limit(np.array([0, -1]), np.array([0, 0])) is None


@pytest.mark.parametrize("seed", range(3))
def test_full_trust_gives_the_plain_labels(seed):
    labels = random(seed)
    assert (self_paced.reliable(labels, labels, random(seed + 10), 1.0) == labels).all()


def test_a_cluster_that_grows_too_much_is_dissolved_and_the_rest_renumbered():
    labels, loose = np.array([0, 0, 1, 1, -1, -1]), np.array([0, 0, 1, 1, 0, 0])
    assert self_paced.reliable(labels, labels, loose, 0.4).tolist() == [-1, -1, 0, 0, -1, -1]
    assert self_paced.reliable(labels, labels, loose, 0.5).tolist() == labels.tolist()


def test_only_the_crops_that_stay_together_best_stay():
    labels, tight = np.array([0] * 5 + [1] * 2), np.array([0, 0, 0, 1, 1, 2, 3])
    # Cluster 1 falls apart evenly: no crop of it is worse than another.
    assert self_paced.reliable(labels, tight, labels, 1.0).tolist() == [0, 0, 0, -1, -1, 1, 1]


def test_a_cluster_of_which_one_would_stay_is_dissolved():
    labels, tight = np.array([0, 0, 0, 1, 1]), np.array([0, 0, 2, 1, 0])
    # R_comp of {0,1,2} with {0,1,4}, twice, and {2}; of {3,4} with {3} and with {0,1,4}.
    assert self_paced.disagreement(labels, tight) == pytest.approx([1 / 2, 1 / 2, 2 / 3, 1 / 2, 3 / 4])
    assert self_paced.reliable(labels, tight, labels, 1.0).tolist() == [0, 0, -1, -1, -1]


def test_nothing_but_outliers():
    nobody = np.array([-1, -1, -1])
    assert self_paced.reliable(nobody, nobody, np.array([0, 0, 0]), 0.0).tolist() == [-1, -1, -1]
