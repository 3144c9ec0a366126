"""Drawn reviewers: what their answers make of the names, and in which order they are asked."""

import numpy as np
import pandas as pd
import pytest
from identity.test_naming import rows

from pugmark.identity import known, reviewers
from pugmark.identity.strategy import Strategy

RULE = Strategy(0.9, 0.1, 9)


def survey(animals=12, visits=4, seed=0):
    """(crops without names, pairs, truth): each visit likes the first one of its animal a little more than others."""
    random = np.random.default_rng(seed)
    names = [(animal, visit) for visit in range(visits) for animal in range(animals)]
    crops = rows(*[(f"{animal:02}-{visit}", {"individual": f"N{animal}"}) for animal, visit in names])
    found = []
    for at, (animal, visit) in enumerate(names):
        own = [(f"{animal:02}-0", random.uniform(0.3, 0.8))] if visit else []
        others = random.choice(at, min(at, 3), replace=False) if at else []
        own += [
            (f"{names[other][0]:02}-{names[other][1]}", random.uniform(0.2, 0.6))
            for other in others
            if names[other][0] != animal
        ]
        found += [(f"{animal:02}-{visit}", *pair) for pair in own]
    pairs = pd.DataFrame(found, columns=["encounter", "candidate", "score"])
    pairs["rank"] = pairs.groupby("encounter")["score"].rank(ascending=False, method="first").astype(int)
    return crops.assign(individual=None), pairs, known.named(crops)


def course(wrong=0.0, order=reviewers.by_stability, rule=RULE, seed=0):
    crops, pairs, truth = survey()
    nobody = truth.index[:0]
    return list(
        reviewers.course(crops, pairs, rule, lambda scores: scores, truth, truth.index, nobody, order, wrong, 5, seed)
    )


@pytest.mark.parametrize("name", list(reviewers.STRATEGIES))
def test_who_is_always_right_settles_everybody(name):
    chosen, order = reviewers.STRATEGIES[name]
    found = course(order=order, rule=chosen(RULE, lambda scores: scores))
    answers = [number for number, _ in found]
    assert answers == sorted(set(answers)) and answers[0] == 0
    assert found[-1][1]["ARI"] == 1 and found[-1][1]["error of the count"] == 0 and found[-1][1]["asked"] == 0
    assert found[0][1]["ARI"] < 0.9


def test_wrong_answers_cost_quality():
    right, some, many = (
        np.mean([course(wrong, seed=seed)[-1][1]["ARI"] for seed in range(4)]) for wrong in (0, 0.1, 0.4)
    )
    assert right == 1 > some > many


def test_nothing_is_asked_twice(monkeypatch):
    asked = []

    def order(questions):
        asked.append(questions)
        return questions.sort_values("place")

    found = course(order=order)
    first = [
        tuple(row) for part in asked for row in part.drop_duplicates("encounter")[["encounter", "candidate"]].to_numpy()
    ]
    assert found[-1][0] <= len(set(first))


def test_a_candidate_without_a_name_leaves_the_reviewer_unsure():
    crops, pairs, truth = survey()
    truth = truth[truth["individual"] != "N0"]
    found = list(
        reviewers.course(
            crops, pairs, RULE, lambda scores: scores, truth, truth.index, truth.index[:0], reviewers.by_stability, 0, 5
        )
    )
    assert found[-1][1]["asked"] > 0  # for those, it remains open


def test_orders_by_hand():
    questions = pd.DataFrame(
        {"encounter": list("dcba"), "place": [1, 2, 3, 4], "probability": [0.45, 0.55, 0.95, 0.1]}, index=list("dcba")
    )
    assert list(reviewers.by_stability(questions).index) == list("dcba")
    assert list(reviewers.by_quantile(questions).index) == list("bcda")
    assert list(reviewers.by_disagreement(questions).index) == list("cbda")


def test_thresholds_are_the_scores_where_the_probability_passes():
    rule = reviewers.by_probability(RULE, lambda scores: np.clip(scores, 0, 1))
    assert (rule.accept, rule.new, rule.inspect) == (pytest.approx(0.7), pytest.approx(0.3), 10)
    never = reviewers.by_probability(RULE, lambda scores: np.full(len(scores), 0.5))
    assert never.accept == np.inf and never.new == -1
