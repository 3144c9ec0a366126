"""Ranks and average precisions against hand-computed values, plain definitions and other libraries."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from sklearn.metrics import average_precision_score

from pugmark.metrics import ranking
from pugmark.metrics.ranking import Items, precisions, rank

torch.set_num_threads(1)


def items(vectors, individuals, prefix="c"):
    """Items of these vectors, scaled to unit norm, named c0, c1 ..."""
    vectors = np.asarray(vectors, np.float32)
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return Items(vectors, np.array([f"{prefix}{i}" for i in range(len(vectors))], object), np.array(individuals))


def line(order, prefix="g"):
    """A query of `a`, and a gallery that it ranks in this order of individuals, nearest first."""
    angles = np.linspace(0.1, 1.4, len(order))
    return items([[1, 0]], ["a"], "q"), items(np.stack([np.cos(angles), np.sin(angles)], 1), list(order), prefix)


def cloud(number=60, size=8, identities=7, seed=0):
    random = np.random.default_rng(seed)
    truth = random.integers(0, identities, number)
    centres = random.standard_normal((identities, size))
    return items(centres[truth] + random.standard_normal((number, size)) * 1.5, truth)


@pytest.mark.parametrize(
    ("ranks", "standard", "trapezoid"),
    [([2], 0.5, 0.25), ([1, 3, 6], 0.7222, 0.6778), ([2, 5, 9], 0.4111, 0.2889), ([1, 2, 3], 1, 1)],
)
def test_average_precision_by_hand(ranks, standard, trapezoid):
    (found,), (other,) = precisions(np.array(ranks), np.array([len(ranks)]))
    assert (found, other) == pytest.approx((standard, trapezoid), abs=5e-5)
    order = ["a" if place in ranks else "b" for place in range(1, max(ranks) + 3)]
    found = rank(*line(order))
    assert (found["ap"][0], found["ap_trapezoid"][0]) == pytest.approx((standard, trapezoid), abs=5e-5)
    assert (found["first_rank"][0], found["last_rank"][0]) == (ranks[0], ranks[-1])


def test_neighbours_are_the_ranking():
    found = rank(*line("babbbabbbbba"))
    assert found["neighbours"][0].tolist() == list(range(10))
    assert found["correct"][0].tolist() == [kind == "a" for kind in "babbbabbbb"]
    short = rank(*line("ba"))
    assert short["neighbours"][0].tolist() == [0, 1, *[-1] * 8]
    assert short["correct"][0].tolist() == [False, True, *[False] * 8]


def test_the_query_itself_is_left_out():
    both = items([[1, 0], [1, 0.1], [0, 1]], ["a", "b", "a"])
    found = rank(both, both)
    assert found["available"].tolist() == [2, 2, 2]
    assert found["positives"].tolist() == [1, 0, 1]
    assert found["first_rank"].tolist() == [2, 0, 2]
    assert np.isnan(found["ap"][1]) and found["junk"].sum() == 0
    assert all(query not in found["neighbours"][query] for query in range(3))


def test_junk_is_neither_positive_nor_negative():
    query, gallery = line("abaab")
    found = rank(query, gallery, lambda _, members: np.isin(members, [0, 2]))
    assert (found["junk"][0], found["positives"][0], found["available"][0]) == (2, 1, 3)
    assert found["first_rank"][0] == 2  # after b at 1; at 4 with the junk
    assert found["neighbours"][0, :4].tolist() == [1, 3, 4, -1]


def test_the_query_is_not_its_own_junk():
    # Three pictures of one animal, of which the rule calls two junk for each: the query itself and one more.
    both = items([[1, 0], [1, 0.1], [1, 0.2], [0, 1]], ["a", "a", "a", "b"])
    sequences = np.array([0, 0, 1, 2])
    found = rank(both, both, lambda query, members: sequences[members] == sequences[query])
    assert found["junk"].tolist() == [1, 1, 0, 0]
    assert found["available"].tolist() == [2, 2, 3, 3]
    assert found["positives"].tolist() == [1, 1, 2, 0]


def test_neighbours_are_those_of_a_full_sort_whatever_is_tied():
    random = np.random.default_rng(4)
    for number in (1, 4, 12, 40):
        # Few directions, so that many similarities are equal, also at the tenth place.
        gallery = items(np.eye(4)[random.integers(0, 4, number)], random.integers(0, 3, number), "g")
        queries = items(np.eye(4)[[0, 1, 2, 3]], [0, 1, 2, 9], "q")
        found = rank(queries, gallery)
        for query in range(4):
            near = queries.vectors[query] @ gallery.vectors.T
            right = gallery.individuals == queries.individuals[query]
            order = np.lexsort((np.arange(number), right, -near))[:10]
            assert found["neighbours"][query, : len(order)].tolist() == order.tolist()
            assert found["correct"][query, : len(order)].tolist() == right[order].tolist()


def test_matches_scikit_learn_and_pytorch_metric_learning():
    everything = cloud()
    queries = Items(*(part[:20] for part in (everything.vectors, everything.ids, everything.individuals)))
    gallery = Items(*(part[20:] for part in (everything.vectors, everything.ids, everything.individuals)))
    found = rank(queries, gallery)
    for query in range(20):
        relevant = gallery.individuals == queries.individuals[query]
        expected = average_precision_score(relevant, gallery.vectors @ queries.vectors[query])
        assert found["ap"][query] == pytest.approx(expected, abs=1e-6)
    peer = AccuracyCalculator(include=("mean_average_precision", "precision_at_1"), k=None, device=torch.device("cpu"))
    tensors = [torch.from_numpy(array) for part in (queries, gallery) for array in (part.vectors, part.individuals)]
    expected = peer.get_accuracy(*tensors)
    assert found["ap"].mean() == pytest.approx(expected["mean_average_precision"], abs=1e-6)
    assert (found["first_rank"] == 1).mean() == pytest.approx(expected["precision_at_1"])


@pytest.mark.parametrize("scale", [1.0, 1e-7])
def test_features_without_information_score_nothing(scale):
    """Constant, or differing by no more than the arithmetic's error: Rank-1 is 0 and not the order of the files."""
    random = np.random.default_rng(0)
    vectors = np.ones((301, 37)) + scale * random.standard_normal((301, 37)) * (scale < 1)
    both = items(vectors, random.integers(0, 5, 301))
    found = rank(both, both)
    assert (found["first_rank"] > 200).all()
    assert (found["other_rank"] == 1).all()
    assert not found["correct"].any()


def test_optimistic_ties_put_positives_first():
    query, gallery = items([[1, 0]], ["a"], "q"), items([[1, 1], [1, 1], [0, 1]], ["b", "a", "b"], "g")
    assert rank(query, gallery)["first_rank"][0] == 2
    found = rank(query, gallery, ties="optimistic")
    assert (found["first_rank"][0], found["other_rank"][0]) == (1, 2)
    assert found["neighbours"][0, 0] == 1


def test_blocks_change_nothing(monkeypatch):
    both = cloud()
    whole = rank(both, both)
    monkeypatch.setattr(ranking, "CELLS", 130)
    blocks = rank(both, both)
    for name, values in whole.items():
        assert np.array_equal(values, blocks[name], equal_nan=values.dtype.kind == "f"), name


def test_the_order_of_the_gallery_does_not_matter():
    both = cloud()
    order = np.random.default_rng(1).permutation(len(both.ids))
    shuffled = rank(both, Items(both.vectors[order], both.ids[order], both.individuals[order]))
    found = rank(both, both)
    assert np.array_equal(found["ap"], shuffled["ap"])
    assert np.array_equal(found["neighbours"], order[shuffled["neighbours"]])


def test_perfect_features_and_distractors():
    both = items(np.eye(4)[[0, 0, 1, 1, 2, 2]], [0, 0, 1, 1, 2, 2])
    found = rank(both, both)
    assert (found["ap"] == 1).all() and (found["ap_trapezoid"] == 1).all() and (found["last_rank"] == 1).all()
    noisy = cloud()
    more = items(np.random.default_rng(2).standard_normal((40, 8)), np.full(40, 99), "d")
    wide = Items(*(np.concatenate([getattr(noisy, name), getattr(more, name)]) for name in noisy.__dataclass_fields__))
    before, after = rank(noisy, noisy), rank(noisy, wide)
    assert (after["ap"] <= before["ap"]).all() and (after["ap"] < before["ap"]).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(value):
    good, bad = cloud(), cloud()
    bad.vectors[3, 2] = value
    with pytest.raises(ValueError, match="NaN or infinite"):
        rank(good, bad)
    with pytest.raises(ValueError, match="NaN or infinite"):
        rank(bad, good)


def test_nothing_to_search_in():
    query, gallery = line("ab")
    nothing = Items(*(part[:0] for part in (gallery.vectors, gallery.ids, gallery.individuals)))
    found = rank(query, nothing)
    assert found["positives"].tolist() == found["available"].tolist() == [0]
    assert rank(nothing, gallery) == {}


def test_average_precision_of_several_queries_at_once():
    standard, trapezoid = precisions(np.array([2, 1, 3, 6]), np.array([1, 0, 3]))
    assert standard == pytest.approx([0.5, np.nan, 0.7222], abs=5e-5, nan_ok=True)
    assert trapezoid == pytest.approx([0.25, np.nan, 0.6778], abs=5e-5, nan_ok=True)
