"""Known and unknown animals, against hand-computed values and wildlife-datasets' definitions."""

import numpy as np
import pytest
from metrics.test_ranking import cloud, items
from wildlife_datasets import metrics as peer

from pugmark.metrics import open_set, summary
from pugmark.metrics.ranking import Items, rank

SETTINGS = {"seed": 0, "resamples": 100, "count_as_zero": False}


def half_known(seed=0):
    """Queries of seven individuals, and a gallery that lacks two of them."""
    both = cloud(number=120, seed=seed)
    asked, kept = np.arange(120) % 2 == 0, both.individuals > 1
    queries = Items(both.vectors[asked], both.ids[asked], both.individuals[asked])
    gallery = Items(both.vectors[~asked & kept], both.ids[~asked & kept], both.individuals[~asked & kept])
    return queries, gallery


def values(ranked, individuals, threshold):
    return {row["metric"]: row["value"] for row in summary.open_set_rows(ranked, individuals, threshold, SETTINGS)}


@pytest.mark.parametrize("threshold", [-1.0, 0.5, 0.7, 2.0])
def test_baks_and_baus_are_those_of_wildlife_datasets(threshold):
    queries, gallery = half_known()
    ranked = rank(queries, gallery)
    found = values(ranked, queries.individuals, threshold)
    nearest = gallery.individuals[ranked["neighbours"][:, 0]]
    said = np.where(ranked["similarity"] >= threshold, nearest, -9)
    assert found["BAKS"] == pytest.approx(peer.BAKS(queries.individuals, said, [0, 1]))
    assert found["BAUS"] == pytest.approx(peer.BAUS(queries.individuals, said, [0, 1], -9))
    assert found["BAKS_BAUS"] == pytest.approx(np.sqrt(found["BAKS"] * found["BAUS"]))


def test_always_new_knows_nobody_and_never_new_finds_nobody_new():
    queries, gallery = half_known()
    ranked = rank(queries, gallery)
    always, never = (values(ranked, queries.individuals, level) for level in (2.0, -2.0))
    assert (always["BAKS"], always["BAUS"]) == (0, 1)
    assert never["BAUS"] == 0 and never["BAKS"] > 0
    assert always["AUROC_new"] == never["AUROC_new"]


def test_by_hand():
    gallery = items([[1, 0], [0, 1]], ["a", "b"], "g")
    queries = items([[1, 0.1], [0.9, 1], [1, 1], [0.2, 1]], ["a", "a", "c", "b"], "q")
    found = values(rank(queries, gallery), queries.individuals, 0.9)
    # a: one named, one called b were it not below 0.9; b: named; c: cos 45 degrees is below 0.9.
    assert (found["BAKS"], found["BAUS"]) == (0.75, 1)
    assert found["AUROC_new"] == 1
    found = values(rank(queries, gallery), queries.individuals, 0.7)
    assert (found["BAKS"], found["BAUS"]) == (0.75, 0)


def test_a_query_to_which_all_of_the_gallery_is_junk_is_neither_known_nor_new():
    gallery, queries = items([[1, 0]], ["a"], "g"), items([[1, 0.1], [0, 1]], ["a", "b"], "q")
    ranked = rank(queries, gallery, lambda query, members: np.ones(len(members), bool))
    assert (ranked["positives"] > 0).tolist() == [False, False]
    assert open_set.unknown(ranked).tolist() == [False, True]


def test_where_nobody_is_new_there_is_nothing_to_tell_apart():
    both = cloud()
    assert values(rank(both, both), both.individuals, 0.5) == {}


def test_the_threshold_separates_what_can_be_separated():
    both = items([[1, 0, 0], [1, 0.1, 0], [0, 1, 0], [0, 1, 0.1]], list("aabb"))
    own = rank(both, both)
    other = rank(both, both, lambda query, members: np.ones(len(members), bool))
    chosen = open_set.threshold(own, other, both.individuals)
    # Half-way between the most similar stranger and the least similar picture of one's own.
    assert chosen == pytest.approx((other["similarity"].max() + own["similarity"].min()) / 2)
    assert other["similarity"].max() < own["similarity"].min()
    alone = items([[1, 0], [1, 0.1]], ["a", "a"])
    assert open_set.threshold(rank(alone, alone), rank(alone, alone), alone.individuals) is None


def test_the_threshold_is_the_best_of_all():
    both = cloud(seed=3)
    own = rank(both, both)
    other = rank(both, both, lambda query, members: np.ones(len(members), bool))
    chosen = open_set.threshold(own, other, both.individuals)

    def score(level):
        named = open_set.balanced(own["correct"][:, 0] & (own["similarity"] >= level), both.individuals).mean()
        return named * open_set.balanced(other["similarity"] < level, both.individuals).mean()

    levels = np.concatenate([own["similarity"], other["similarity"]])
    assert score(chosen) == pytest.approx(max(map(score, levels)))
