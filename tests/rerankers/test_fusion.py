"""Fusion: which pairs it is fitted on, what its scorers make of them, and what it says of itself."""

import dataclasses

import numpy as np
import pytest
from rerankers import known

from pugmark import rerankers
from pugmark.rerankers import fusion


def params(**given):
    return rerankers.resolve("fusion", {"most": known.SLOTS, **given})


def test_values_of_a_pair_are_cosines_key_points_and_flank():
    names = np.array(["a", "a", "b"], object)
    seen = known.crops(names, known.unit(np.ones((3, 2))))
    other = known.unit(np.array([[1.0, 0], [0.6, 0.8], [0, 1]]))
    seen = dataclasses.replace(seen, beside=(other,), flanks=np.array([1, -1, 0]))
    found = fusion._evidence(seen, params())(0, np.array([1, 2]), np.array([0.5, 0.7], np.float32))
    # 24 key points agree with the animal's own picture: 24 / (24 + 8).
    assert found == pytest.approx(np.array([[0.5, 0.6, 0.75, -1], [0.7, 0, 0, 0]]))


def test_pairs_are_the_nearest_of_other_sequences():
    teachers = known.teachers()
    values, same, _ = fusion._pairs(teachers, params(nearest=3))
    assert len(values) == len(same) == 30 * 3
    joined = dataclasses.replace(teachers, sequences=np.repeat(["one", "two"], 15).astype(object))
    _, same, _ = fusion._pairs(joined, params(nearest=20))
    assert len(same) == 30 * 15 and not same.any()


def test_folds_share_no_individual():
    teachers = known.teachers()
    _, same, fold = fusion._pairs(teachers, params(nearest=29))
    # Three of the six animals lie in each fold: 15 crops with 14 others; the rest of the pairs lie in two folds.
    assert [(fold == part).sum() for part in (0, 1, -1)] == [15 * 14, 15 * 14, 2 * 15 * 15]
    assert not same[fold == -1].any()


COLUMN = np.array([0.1, 0.2, 0.3, 0.4])
SAME = np.array([False, True, False, True])


def test_the_mean_leaves_the_flank_out_and_weighs_all_else_alike():
    values = np.stack([COLUMN, COLUMN[::-1], SAME], 1)
    scorer = fusion.SCORERS["mean"](values, SAME, params())
    # Isotonic: 0, .5, .5, 1 for the first; the second falls as the first rises, so it is .5 throughout.
    assert scorer(values) == pytest.approx([0.25, 0.5, 0.5, 0.75])


@pytest.mark.parametrize("scorer", ["logistic", "boosting"])
def test_a_scorer_over_all_values_sees_the_flank(scorer):
    flank = np.tile([1.0, -1.0], 100)
    values = np.stack([np.zeros(200), flank], 1)
    found = fusion.SCORERS[scorer](values, flank > 0, params())
    assert found(np.array([[0.0, 1.0]]))[0] > 0.9 > 0.1 > found(np.array([[0.0, -1.0]]))[0]


def test_the_base_run_decides_between_equal_probabilities():
    seen = known.crops(np.array(["a", "b", "c"], object), known.unit(np.ones((3, 2))))
    rescore = fusion.prepare(seen, params(), lambda values: np.full(len(values), 0.5))
    assert rescore(0, np.array([1, 2]), np.array([0.5, 0.7], np.float32)) == pytest.approx([0.5, 0.4995 + 0.0007])


def test_it_is_as_good_on_animals_that_it_was_not_fitted_on_where_the_evidence_is_the_same():
    _, figures = fusion.fit(known.teachers(beside=1), params())
    assert figures["pairs"] == 30 * 29 and figures["same"] == 30 * 4
    assert figures["AUROC_fitted"] > 0.95 and figures["AUROC_held_out"] > 0.95


def test_a_scorer_that_learned_the_pairs_by_heart_is_told():
    teachers = known.teachers()
    blank = known.crops(teachers.individuals, known.unit(np.random.default_rng(4).standard_normal((30, 16))), 4, False)
    random = dataclasses.replace(teachers, crops=blank)
    _, figures = fusion.fit(random, params(scorer="boosting"))
    assert figures["AUROC_fitted"] > 0.8 and figures["AUROC_held_out"] < 0.65


@pytest.mark.parametrize("names", [["a"] * 30, [f"n{at}" for at in range(30)]])
def test_without_both_kinds_of_pairs_the_remedy_is_named(names):
    teachers = dataclasses.replace(known.teachers(), individuals=np.array(names, object))
    with pytest.raises(rerankers.NothingToFitError, match="name more crops"):
        fusion.fit(teachers, params())
