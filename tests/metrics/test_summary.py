"""The rows of the metrics table from rankings whose averages are known."""

import logging

import numpy as np
import pytest
from metrics.test_ranking import cloud, items, line

from pugmark.metrics import summary
from pugmark.metrics.ranking import Items, precisions, rank

SETTINGS = {"seed": 0, "resamples": 200, "count_as_zero": False}


def values(rows):
    return {row["metric"]: row["value"] for row in rows}


def test_queries_without_positives_are_left_out_or_score_zero():
    both = items([[1, 0], [1, 0.1], [0, 1]], ["a", "b", "a"])
    ranked = rank(both, both)
    found = values(summary.retrieval(ranked, both.individuals, SETTINGS))
    assert (found["mAP"], found["rank1"], found["rank5"], found["mINP"]) == (0.5, 0, 1, 0.5)
    assert (found["queries"], found["queries_without_positives"]) == (2, 1)
    zero = summary.retrieval(ranked, both.individuals, SETTINGS | {"count_as_zero": True})
    assert values(zero)["mAP"] == pytest.approx(1 / 3) and values(zero)["queries"] == 3
    assert {row["n"] for row in zero} == {3}


def test_no_query_has_positives():
    both = items([[1, 0], [0, 1]], ["a", "b"])
    rows = summary.retrieval(rank(both, both), both.individuals, SETTINGS)
    assert np.isnan(values(rows)["mAP"]) and values(rows)["queries"] == 0
    assert {row["low"] for row in rows} == {None}


def test_intervals_hold_the_value():
    both = cloud()
    for row in summary.retrieval(rank(both, both), both.individuals, SETTINGS):
        if row["low"] is not None:
            assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1, row


def test_chance_is_what_random_orders_score():
    random = np.random.default_rng(0)
    orders = np.array([1 + np.sort(random.permutation(9)[:3]) for _ in range(20000)])
    query, gallery = line("aaabbbbbb")
    found = values(summary.retrieval(rank(query, gallery), query.individuals, SETTINGS))
    assert found["rank1_chance"] == pytest.approx(np.mean(orders[:, 0] == 1), abs=0.01)
    standard, _ = precisions(orders.ravel(), np.full(20000, 3))
    assert found["mAP_chance"] == pytest.approx(standard.mean(), abs=0.005)


def test_groups_are_averaged_apart_and_then_equally():
    both = cloud()
    ranked, several = rank(both, both), both.individuals < 2
    found = values(summary.grouped(ranked, both.individuals, several, SETTINGS))
    assert found["mAP_cross"] == pytest.approx(np.mean(ranked["ap"][several]))
    assert found["mmAP"] == pytest.approx((np.mean(ranked["ap"][several]) + np.mean(ranked["ap"][~several])) / 2)


def test_ties_that_decide_are_reported(caplog):
    clear = cloud()
    with caplog.at_level(logging.WARNING):
        summary.warn_of_ties("p", rank(clear, clear))
        assert not caplog.records
        collapsed = Items(np.ones_like(clear.vectors) / np.float32(8**0.5), clear.ids, clear.individuals)
        summary.warn_of_ties("p", rank(collapsed, collapsed))
    assert "ties decide" in caplog.text


def test_rows_of_a_clustering():
    truth, clusters = np.array(list("aaabbb")), np.array([0, 0, -1, 1, 1, 0])
    frames = np.array([True, True, True, False, False, False])
    found = values(summary.clustering(truth, clusters, frames, SETTINGS))
    assert (found["accuracy"], found["clusters"], found["noise_share"]) == pytest.approx((4 / 6, 2, 1 / 6))
    assert found["IDF1"] == pytest.approx(2 * 2 / (3 + 2))
    assert found["count_error"] == 0
    assert "IDF1" not in values(summary.clustering(truth, clusters, ~frames & frames, SETTINGS))


def test_clusters_that_have_names_are_not_matched():
    truth, clusters = np.array(list("aabb")), np.array([1, 1, 0, -1])
    swapped = values(summary.clustering(truth, clusters, np.ones(4, bool), SETTINGS, names=np.array(["a", "b"])))
    assert swapped["accuracy"] == 0 and swapped["IDF1"] == 0
    right = values(summary.clustering(truth, clusters, np.ones(4, bool), SETTINGS, names=np.array(["b", "a"])))
    assert right["accuracy"] == 3 / 4 and right["IDF1"] == pytest.approx(2 * 3 / (4 + 3))
