"""How right names are, by hand; and which run decides."""

import numpy as np
import pandas as pd
import pytest

from pugmark.identity import accuracy, choice

# Two animals that were told, Ana and Bo, and two that were not met before, Cleo and Dan.
TRUTH = pd.DataFrame(
    {
        "individual": ["Ana", "Bo", "Ana", "Ana", "Bo", "Cleo", "Cleo", "Dan"],
        "sequence": list("abcdefgh"),
        "flank": None,
        "order": range(8),
    },
    index=list("abcdefgh"),
)
UNTOLD = pd.Index(list("cdefgh"))


def measured(rows, questions=(), by="workflow"):
    """{quantity: (value, n)} of encounters c to h, each (name, decision, candidate)."""
    told = [("Ana", "known", None), ("Bo", "known", None)]
    table = pd.DataFrame([*told, *rows], columns=["individual", "decision", "candidate"])
    table = table.assign(encounter=TRUTH.index, by=["labels"] * 2 + [by] * 6)
    asked = pd.DataFrame(list(questions), columns=["encounter", "candidate"])
    return {
        row["quantity"]: (row["value"], row["n"])
        for row in accuracy.rows(table, asked, TRUTH, UNTOLD, pd.Index(["a", "b"]))
    }


RIGHT = [
    ("Ana", "known", "a"),
    ("Ana", "known", "c"),
    ("Bo", "known", "b"),
    ("X", "new", None),
    ("X", "known", "f"),
    ("Y", "new", None),
]


def test_who_is_always_right_makes_no_error():
    found = measured(RIGHT)
    # Seen before: c, d, e by their names, g by f.
    assert found["FNR"] == (0, 4) and found["FPR"] == (0, 6) and found["asked"] == (0, 6)
    assert {name: found[name][0] for name in ("ARI", "AMI", "pairwise precision", "pairwise recall")} == dict.fromkeys(
        ("ARI", "AMI", "pairwise precision", "pairwise recall"), pytest.approx(1)
    )
    assert found["split"] == (0, 4) and found["combined"] == (0, 4) and found["error of the count"] == (0, 4)
    assert found["BAKS"] == (1, 2) and found["BAUS"] == (1, 2)
    assert found["singletons"] == (0.5, 4)
    assert found["geometric mean of BAKS and BAUS"] == (1, 4)
    assert found["shifted"] == (0, 6) and found["excluded"] == (0, 6)


def test_each_error_counts_where_it_belongs():
    # c is called new, d bears Bo's name, e is asked with its animal among the candidates, f is taken for Ana.
    rows = [
        ("Z", "new", None),
        ("Bo", "known", "b"),
        ("V", "review", "a"),
        ("Ana", "known", "a"),
        ("W", "review", "a"),
        ("Y", "new", None),
    ]
    found = measured(rows, [("e", "a"), ("e", "b"), ("g", "a")])
    # Missed: c (called new), d (another's name), g (its animal f is not among the candidates).
    assert found["FNR"] == (pytest.approx(3 / 4), 4) and found["FPR"] == (pytest.approx(2 / 6), 6)
    assert found["asked"] == (pytest.approx(2 / 6), 6)
    assert found["BAKS"] == (0, 2)
    assert found["BAUS"] == (pytest.approx((0.5 + 1) / 2), 2)
    assert found["wrong names"] == (1, 2)  # d and f have names by their scores
    # e and g wait. Of the others Ana is Ana, Z and Bo; the name Ana is Cleo's too, and Bo is Ana's.
    assert found["split"] == (pytest.approx(1 / 4), 4) and found["combined"] == (pytest.approx(2 / 4), 4)
    assert found["singletons"] == (1, 4) and found["error of the count"] == (pytest.approx(4 / 3 - 1), 3)
    # d bears Bo's name, f bears Ana's; both animals have a name of their own.
    assert found["shifted"] == (pytest.approx(2 / 6), 6)


def test_a_person_who_is_shown_the_animal_at_the_same_event_alone_is_not_shown_it(monkeypatch):
    rows = [*RIGHT[:3], ("V", "review", None), ("W", "review", None), RIGHT[5]]
    assert measured(rows, [("e", "b"), ("g", "f")])["FNR"] == (0, 4)  # of c, d, e and g
    monkeypatch.setitem(TRUTH, "sequence", list("abcdeffh"))  # now g is of the event of f, and met for the first time
    assert measured(rows, [("e", "b"), ("g", "f")])["FNR"] == (0, 3)
    monkeypatch.setitem(TRUTH, "sequence", list("abcdebgh"))
    monkeypatch.setitem(TRUTH, "individual", ["Ana", "Bo", "Ana", "Ana", "Bo", "Bo", "Cleo", "Dan"])
    # f shows Bo, seen before at e; the only question shows Bo at b, which is the same event.
    assert measured([*RIGHT[:3], ("V", "review", None), *RIGHT[4:]], [("f", "b")])["FNR"] == (1 / 4, 4)


def test_a_wrong_name_is_one_however_it_was_come_by():
    # g joins its own animal's f, which bears Ana's name: its candidate is right, its name is not.
    rows = [*RIGHT[:3], ("Ana", "known", "a"), ("Ana", "known", "f"), RIGHT[5]]
    found = measured(rows)
    # So one link is wrong, and two names are. g is not counted twice: it is with f.
    assert found["FPR"] == (pytest.approx(1 / 6), 6) and found["wrong names"] == (pytest.approx(2 / 5), 5)
    assert found["FNR"] == (0, 4)
    # A name that nobody was told stands for its oldest encounter's animal.
    rows = [*RIGHT[:3], RIGHT[3], RIGHT[4], ("X", "known", "f")]
    assert measured(rows)["FPR"] == (pytest.approx(1 / 6), 6) and measured(rows)["wrong names"][0] == 1 / 5


def test_an_encounter_is_shifted_only_where_its_animal_has_a_name_of_its_own():
    # Cleo's encounters both bear Ana's name: they are combined. Of Bo's, the one under Ana's name is shifted.
    rows = [RIGHT[0], RIGHT[1], ("Ana", "known", "a"), ("Ana", "known", "a"), ("Ana", "known", "a"), RIGHT[5]]
    assert measured(rows)["shifted"] == (pytest.approx(1 / 6), 6)


def test_a_name_that_nobody_was_told_is_its_commonest_animals():
    # X is Cleo's twice and Bo's once, so Bo is shifted. Y is Dan's.
    rows = [*RIGHT[:2], ("X", "known", "f"), *RIGHT[3:]]
    assert measured(rows)["shifted"] == (pytest.approx(1 / 6), 6)
    # The told name Ana is hers, though Cleo bears it more often: both are shifted, and Cleo has X.
    told = pd.DataFrame({"name": ["Ana"], "individual": ["Ana"]})
    named = pd.DataFrame({"name": ["Ana", "Ana", "X"], "individual": ["Cleo", "Cleo", "Cleo"]})
    assert accuracy.shifted(named, told).tolist() == [True, True, False]


def test_what_bears_no_name_is_excluded():
    found = measured([(None, "unidentifiable", None), *RIGHT[1:]])
    assert found["excluded"] == (pytest.approx(1 / 6), 6) and found["shifted"] == (0, 5)


def test_the_geometric_mean_needs_both_and_falls_with_either():
    # BAKS is 1/2 (Bo is called Z), BAUS 1/2 (Dan is called Ana).
    rows = [*RIGHT[:2], ("Z", "new", None), *RIGHT[3:5], ("Ana", "known", "a")]
    found = measured(rows)
    assert found["BAKS"] == (0.5, 2) and found["BAUS"] == (0.5, 2)
    assert found["geometric mean of BAKS and BAUS"] == (0.5, 4)
    rows = [*RIGHT[:2], ("Z", "new", None), *RIGHT[3:]]
    assert measured(rows)["geometric mean of BAKS and BAUS"] == (pytest.approx(np.sqrt(0.5)), 4)
    named = pd.DataFrame({"name": ["Ana"], "individual": ["Ana"]})
    assert [row[0] for row in accuracy.balanced(named, named)] == ["BAKS"]


def test_a_persons_mistake_is_no_false_positive_of_the_workflow():
    rows = [("Bo", "known", "b"), *RIGHT[1:]]
    assert measured(rows)["FPR"][0] == pytest.approx(1 / 6) and measured(rows, by="person")["FPR"][0] == 0


def test_pairs_by_hand():
    (precision, recall), counts = accuracy.pairwise(np.array(list("aabb")), np.array([0, 0, 0, 1]))
    assert precision == pytest.approx(1 / 3) and recall == pytest.approx(1 / 2) and counts == [3, 2]
    assert np.isnan(accuracy.pairwise(np.array(["a"]), np.array([0]))[0]).all()


def test_nothing_untold_nothing_measured():
    table = pd.DataFrame(
        {"encounter": TRUTH.index, "individual": "X", "decision": "new", "candidate": None, "by": "labels"}
    )
    assert (
        accuracy.rows(table, pd.DataFrame({"encounter": [], "candidate": []}), TRUTH, TRUTH.index[:0], TRUTH.index)
        == []
    )


def calibration(accept=0.8, **rates):
    rows = {"accept": accept, "new": 0.2, "inspect": 3} | rates
    return pd.DataFrame({"quantity": list(rows), "value": list(rows.values())})


def test_the_lowest_error_decides_then_who_asks_least_then_who_comes_first():
    found = {
        "first": calibration(FNR=0.2, FPR=0.0, asked=0.1),
        "asks": calibration(FNR=0.0, FPR=0.0, asked=0.9),
        "best": calibration(FNR=0.04, FPR=0.05, asked=0.3),
        "alike": calibration(FNR=0.0, FPR=0.0, asked=0.3),
    }
    assert choice.best(found, 0.05) == "best"
    assert choice.best({name: found[name] for name in ("first", "asks")}, 0.05) == "asks"
    found = {"none": calibration(np.inf), "neither": calibration(np.inf, FNR=0.0, FPR=0.0, asked=0.0)}
    assert choice.best(found, 0.05) == "none"
    assert choice.best(found | {"some": calibration(FNR=0.4, FPR=0.4, asked=0.9)}, 0.05) == "some"


def test_a_run_judged_on_animals_that_it_learned_from_comes_after_others():
    found = {"taught": calibration(FNR=0.0, FPR=0.0, asked=0.1, strangers=0.4)}
    found["judged"] = calibration(FNR=0.2, FPR=0.1, asked=0.9, strangers=1.0)
    assert choice.best(found, 0.05) == "judged"
    assert choice.best(found | {"judged": calibration(np.inf)}, 0.05) == "taught"


def test_a_name_stands_for_who_was_told_it_else_for_the_oldest():
    every = pd.DataFrame({"name": ["Ana", "Ana", "X", "X"], "individual": ["Bo", "Ana", "Cleo", "Dan"]})
    assert accuracy.owners(every, every[1:2]).to_dict() == {"Ana": "Ana", "X": "Cleo"}
