"""Batches of indices."""

from collections import Counter

import numpy as np
import pytest

from pugmark.learning import samplers

LABELS = np.array([0] * 10 + [1] * 2 + [2] * 5 + [-1] * 4 + [3] * 7 + [4])


def rng():
    return np.random.default_rng(3)


def test_a_pass_takes_each_crop_at_most_once_and_drops_the_rest():
    found = samplers.shuffled(10, 4, rng())
    assert [len(batch) for batch in found] == [4, 4]
    assert len({i for batch in found for i in batch}) == 8
    assert sorted(samplers.shuffled(3, 4, rng())[0]) == [0, 1, 2]
    assert samplers.shuffled(0, 4, rng()) == []


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_pseudo_label_batches_hold_p_labels_of_k_crops_and_no_outlier(classes):
    found = samplers.pseudo_label_batches(LABELS, classes, 4, 50, rng())
    assert len(found) == 50
    for batch in found:
        counts = Counter(LABELS[batch].tolist())
        assert len(counts) == classes and set(counts.values()) == {4} and -1 not in counts


def test_pseudo_label_batches_come_even_where_there_are_fewer_clusters_than_p():
    found = samplers.pseudo_label_batches(LABELS, 16, 4, 5, rng())
    assert len(found) == 5 and all(set(LABELS[batch]) == {0, 1, 2, 3, 4} for batch in found)


def test_crops_repeat_only_where_a_cluster_has_too_few():
    for batch in samplers.pseudo_label_batches(LABELS, 5, 4, 20, rng()):
        for label in (0, 2, 3):
            assert len({i for i in batch if LABELS[i] == label}) == 4


def test_every_cluster_comes_once_per_pass():
    found = samplers.pseudo_label_batches(np.repeat(np.arange(6), 4), 3, 2, 2, rng())
    assert {i // 4 for batch in found for i in batch} == set(range(6))


def test_identity_batches_use_each_chunk_at_most_once():
    found = samplers.identity_batches(LABELS, 2, 2, rng())
    used = Counter(i for batch in found for i in batch)
    # Labels with at least two crops never repeat one; the label with a single crop draws it twice.
    assert all(count == 1 for i, count in used.items() if LABELS[i] != 4)
    assert used.get(21 + 7, 0) in (0, 2)
    for batch in found:
        assert set(Counter(LABELS[batch].tolist()).values()) == {2} and len(batch) == 4


def test_identity_batches_end_when_fewer_than_p_identities_are_left():
    found = samplers.identity_batches(np.array([0] * 8 + [1] * 2), 2, 2, rng())
    assert len(found) == 1


def test_the_generator_decides():
    first, again = (samplers.pseudo_label_batches(LABELS, 3, 4, 9, rng()) for _ in range(2))
    assert first == again != samplers.pseudo_label_batches(LABELS, 3, 4, 9, np.random.default_rng(4))


SINGLES = np.array([0] * 10 + [1] * 2 + [2, 3, 4, 5])


def test_a_stream_takes_k_crops_of_a_cluster_and_a_single_one_once():
    # A pass: 4 + 4 + 1 + 1 + 1 + 1 crops.
    for batch in samplers.stream_batches(SINGLES, 12, 4, 20, rng()):
        assert Counter(SINGLES[batch].tolist()) == {0: 4, 1: 4, 2: 1, 3: 1, 4: 1, 5: 1}
        assert len({i for i in batch if SINGLES[i] == 0}) == 4


def test_a_stream_is_cut_into_batches_of_one_size():
    found = samplers.stream_batches(SINGLES, 5, 4, 7, rng())
    assert [len(batch) for batch in found] == [5] * 7
    # Two batches come of a pass, in which no single crop comes twice.
    assert max(Counter(i for i in found[0] + found[1] if SINGLES[i] > 1).values()) == 1


def test_a_stream_shorter_than_a_batch_is_a_batch():
    assert [len(batch) for batch in samplers.stream_batches(SINGLES, 64, 4, 3, rng())] == [12] * 3
