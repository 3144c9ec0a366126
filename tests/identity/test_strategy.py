"""Thresholds and error rates: by hand, and whether a stated error holds on animals that were not among the judged."""

import numpy as np
import pandas as pd
import pytest

from pugmark.identity import strategy
from pugmark.identity.strategy import Strategy

INF = np.inf


def named(**facts):
    """{encounter: (individual, sequence, flank, order)} as a DataFrame."""
    return pd.DataFrame.from_dict(facts, orient="index", columns=["individual", "sequence", "flank", "order"])


def pairs(*rows):
    """(encounter, candidate, score), ranked by score."""
    found = pd.DataFrame(rows, columns=["encounter", "candidate", "score"])
    found["rank"] = found.groupby("encounter")["score"].rank(ascending=False).astype(int)
    return found


def table(rows):
    """(seen, score, right, impostor, rank) of each encounter, of as many individuals."""
    found = pd.DataFrame(rows, columns=["seen", "score", "right", "impostor", "rank"])
    return found.assign(individual=[f"i{at}" for at in range(len(found))])


def test_candidates_are_judged_by_the_names():
    known = named(a=("Ana", "1", None, 0), b=("Bo", "2", None, 1), c=("Ana", "3", None, 2), d=("Di", "4", None, 3))
    found = strategy.judged(pairs(("c", "b", 0.9), ("c", "a", 0.7), ("d", "b", 0.4), ("b", "a", 0.2)), known)
    assert found["seen"].to_dict() == {"a": False, "b": False, "c": True, "d": False}
    assert found["score"].to_dict() == {"a": -INF, "b": 0.2, "c": 0.9, "d": 0.4}
    assert found["rank"].to_dict() == {"a": INF, "b": INF, "c": 2, "d": INF} and not found["right"].any()
    assert found["impostor"].to_dict() == {"a": -INF, "b": 0.2, "c": 0.9, "d": 0.4}


def test_a_person_is_asked_about_an_animal_once_however_many_of_its_encounters_are_candidates():
    known = named(
        a=("Bo", "1", None, 0), b=("Bo", "2", None, 1), c=("Ana", "3", None, 2), d=("Ana", "4", None, 3),
        e=("Ana", "5", None, 4),
    )  # fmt: skip
    found = strategy.judged(pairs(("e", "a", 0.9), ("e", "b", 0.8), ("e", "d", 0.7), ("e", "c", 0.6)), known, 0.5)
    assert found["rank"]["e"] == 3  # after Bo, and as many as Bo that nobody has named


def test_what_is_of_the_same_event_or_unnamed_is_passed_over():
    known = named(a=("Ana", "1", None, 0), b=("Bo", "1", None, 1), c=("Ana", "1", None, 3), d=("Ana", "2", None, 2))
    found = strategy.judged(pairs(("c", "nobody", 0.9), ("c", "a", 0.8), ("c", "b", 0.7), ("c", "d", 0.6)), known)
    assert found.loc["c"].to_dict() == {
        "individual": "Ana", "seen": True, "score": 0.6, "right": True, "impostor": -INF, "rank": 1
    }  # fmt: skip


def test_seen_is_that_of_a_double_loop():
    random = np.random.default_rng(0)
    facts = {"individual": list("abc"), "sequence": list("stuv"), "flank": [None, "left", "right"]}
    known = pd.DataFrame({name: random.choice(values, 60) for name, values in facts.items()})
    known = known.assign(order=random.permutation(60), flank=known["flank"].astype(object))

    def seen(one):
        return any(
            other.individual == one.individual
            and other.sequence != one.sequence
            and other.order < one.order
            and {one.flank, other.flank} != {"left", "right"}
            for other in known.itertuples()
        )

    assert strategy.seen(known).tolist() == [seen(one) for one in known.itertuples()]


@pytest.mark.parametrize(
    ("flanks", "orders", "seen"),
    [
        (("left", "left"), (0, 1), True),
        (("left", "right"), (0, 1), False),
        ((None, "right"), (0, 1), True),
        (("left", None), (0, 1), True),
        (("left", "left"), (1, 0), False),
    ],
)
def test_an_animal_was_seen_if_an_earlier_batch_shows_that_flank(flanks, orders, seen):
    known = named(a=("Ana", "1", flanks[0], orders[0]), b=("Ana", "2", flanks[1], orders[1]))
    assert strategy.judged(pairs(), known)["seen"]["b"] == seen


def test_each_outcome_is_named_as_it_is():
    rows = [
        (True, 0.9, True, 0.1, 1),  # accepted, rightly
        (True, 0.9, False, 0.9, 2),  # accepted, wrongly: an error of both kinds
        (False, 0.9, False, 0.9, INF),  # a new animal, accepted
        (True, 0.5, False, 0.5, 3),  # asked, and the third candidate is shown
        (True, 0.5, False, 0.5, 4),  # asked, but not shown
        (True, 0.1, True, 0.0, 1),  # called new, wrongly
        (False, 0.1, False, 0.1, INF),  # called new, rightly
        (False, -INF, False, -INF, INF),  # nothing to compare with
    ]
    found = strategy.outcome(table(rows), Strategy(accept=0.8, new=0.3, inspect=3))
    assert found["missed"].tolist() == [False, True, False, False, True, True, False, False]
    assert found["wrong"].tolist() == [False, True, True, False, False, False, False, False]
    assert found["asked"].tolist() == [False, False, False, True, True, False, False, False]


def test_the_thresholds_leave_one_error_less_than_the_share_of_one_more():
    # 39 encounters: 5 % of 40 are 2, so 1 impostor may pass, and 1 animal may be called new.
    rows = [(True, 0.5 + at / 100, True, at / 100, 1) for at in range(39)]
    found = strategy.chosen(table(rows), 0.05, inspect=5)
    # The lowest right score above .37 is .5; the highest impostor below the middle is .43.
    assert found.accept == pytest.approx(0.435) and found.inspect == 5
    assert found.new == pytest.approx((0.38 + 0.435) / 2)
    wide = strategy.chosen(
        table([(seen, score, right, at / 40, rank) for at, (seen, score, right, _, rank) in enumerate(rows)]), 0.05, 5
    )
    assert wide.accept == np.nextafter(37 / 40, 1) and wide.new == pytest.approx((0.51 + 0.5) / 2)
    assert strategy.outcome(table(rows), wide)["missed"].sum() == 1


def test_what_a_person_is_not_shown_counts_against_the_promise():
    rows = [(True, 0.5 + at / 100, True, at / 40, 1) for at in range(38)]
    assert strategy.chosen(table([*rows, (True, 0.6, False, 0.6, 9)]), 0.05, 5).new == pytest.approx((0.5 + 0.475) / 2)
    twice = [*rows[:37], *[(True, 0.6, False, 0.6, 9)] * 2]
    assert strategy.chosen(table(twice), 0.05, 5).new == -INF


def test_where_half_is_named_half_as_many_impostors_may_pass_and_twice_as_many_candidates_are_inspected():
    rows = [(True, 0.995, True, at / 100, 1) for at in range(79)]
    assert strategy.chosen(table(rows), 0.05, 5, share=1.0).accept == pytest.approx((0.75 + 0.995) / 2, abs=1e-6)
    assert strategy.chosen(table(rows), 0.05, 5, share=0.5).accept == pytest.approx((0.77 + 0.995) / 2, abs=1e-6)
    known = named(a=("Ana", "1", None, 0), b=("Bo", "2", None, 0), c=("Ana", "3", None, 1))
    found = strategy.judged(pairs(("c", "b", 0.9), ("c", "a", 0.7)), known, 0.5)
    assert found["rank"]["c"] == 3  # Bo, and somebody unnamed, may come before Ana


def test_an_animal_that_bears_anothers_name_stands_for_as_many_as_nobody_named():
    rows = [(True, 0.3 + at / 1000, True, 0.1, 1) for at in range(78)]
    rows += [(True, 0.9, True, 0.8, 1), (True, 0.88, False, 0.88, 2)]  # the second is accepted, wrongly
    # 5 % of 81 are 4, so 3 may be missed: that one, which at a half stands for two, and one more.
    assert strategy.chosen(table(rows), 0.05, 5, share=0.5).new == pytest.approx((0.301 + 0.1) / 2)


def test_too_few_encounters_promise_nothing():
    found = strategy.chosen(table([(True, 0.9, True, 0.1, 1)] * 18), 0.05)
    assert found == Strategy(INF, -INF, 1)
    assert strategy.outcome(table([(True, 0.9, True, 0.1, 1)]), found)["asked"].all()
    assert strategy.chosen(table([(True, 0.9, True, -INF, 1)] * 99), 0.05).accept == INF  # no impostor was ever met


def test_as_few_candidates_are_proposed_as_leave_half_of_the_error():
    ranks = [1] * 90 + [2] * 5 + [7] * 3 + [INF] * 2
    rows = [(True, 0.5, rank == 1, 0.1, rank) for rank in ranks]
    assert strategy.proposed(table(rows), 0.1) == 2  # 95 of 100
    assert strategy.proposed(table(rows), 0.05) == 7  # 97.5 want the 98th
    assert strategy.proposed(table(rows), 0.01) == 7  # no number is enough: as many as helped anybody
    assert strategy.proposed(table([(False, 0.5, False, 0.5, INF)]), 0.05) == 10  # nothing tells how many


def drawn(random, number):
    """Encounters of a matcher that is right as often as real ones: the best right and wrong scores overlap."""
    right, wrong = random.normal(0.7, 0.12, number), random.normal(0.4, 0.12, number)
    seen = random.random(number) < 0.7
    right[~seen] = -INF
    rank = np.where(right > wrong, 1, np.where(seen, random.integers(2, 4, number), INF))
    return table(list(zip(seen, np.maximum(right, wrong), right > wrong, wrong, rank, strict=True)))


def test_the_promise_holds_on_animals_that_were_not_judged():
    random, missed, wrong = np.random.default_rng(0), [], []
    for _ in range(60):
        rule = strategy.chosen(drawn(random, 150), 0.05)
        fresh = drawn(random, 2000)
        found = strategy.outcome(fresh, rule)
        missed.append(found["missed"].sum() / fresh["seen"].sum())
        wrong.append(found["wrong"].mean())
    assert np.mean(missed) <= 0.05 and np.mean(wrong) <= 0.05
    assert np.mean(missed) > 0.02  # and it is not kept by asking about everything


def test_no_more_candidates_are_inspected_than_there_are():
    rows = table([(True, 0.5, rank == 1, 0.1, rank) for rank in [1] * 90 + [7] * 10])
    assert strategy.chosen(rows, 0.05).inspect == 7
    assert strategy.chosen(rows, 0.05, most=4).inspect == 4 and strategy.chosen(rows, 0.05, 9, most=4).inspect == 4
