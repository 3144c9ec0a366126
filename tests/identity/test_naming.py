"""What becomes of encounters: what is certain, what the scores decide, and what is left to a person."""

import numpy as np
import pandas as pd
import pytest

from pugmark.identity import individuals, naming
from pugmark.identity.strategy import Strategy

RULE = Strategy(accept=0.8, new=0.4, inspect=3)
DAY = pd.Timestamp("2024-05-01")


def rows(*encounters):
    """Rows as of known.crops: each is (encounter, {facts}), one crop unless `crops` lists more media."""
    made = []
    for at, (name, facts) in enumerate(encounters):
        facts = {"flank": None, "batch": "b1", "individual": None, "track": name, "sequence": name} | facts
        for number, media in enumerate(facts.pop("media", [f"m-{name}"])):
            crop = {"crop_id": name if not number else f"{name}.{number}", "encounter": name, "media_id": media}
            made.append(crop | {"station": "west", "timestamp": DAY + pd.Timedelta(hours=at)} | facts)
    return pd.DataFrame(made)


def pairs(*found):
    table = pd.DataFrame(found, columns=["encounter", "candidate", "score"])
    rank = table.groupby("encounter")["score"].rank(ascending=False, method="first")
    return table.assign(rank=rank.astype(int))


def decided(crops, found=(), rule=RULE):
    """({encounter: animal}, {encounter: decision}, conflicts): animals by the names of their first encounters."""
    table, _, conflicts = naming.decided(crops, pairs(*found), rule, lambda scores: scores**2)
    first = table.drop_duplicates("individual").set_index("individual")["encounter"]
    animals = dict(zip(table["encounter"], table["individual"].map(first), strict=True))
    return animals, dict(zip(table["encounter"], table["decision"], strict=True)), conflicts


def test_the_score_decides_known_new_or_a_person():
    crops = rows(("a", {}), ("b", {}), ("c", {}), ("d", {}))
    animals, decisions, conflicts = decided(crops, [("b", "a", 0.8), ("c", "a", 0.79), ("d", "a", 0.39)])
    assert animals == {"a": "a", "b": "a", "c": "c", "d": "d"} and not conflicts
    assert decisions == {"a": "new", "b": "known", "c": "review", "d": "new"}


def test_only_the_best_candidate_decides():
    crops = rows(("a", {}), ("b", {}), ("c", {}))
    animals, _, _ = decided(crops, [("c", "a", 0.95), ("c", "b", 0.9)])
    assert animals == {"a": "a", "b": "b", "c": "a"}


def test_names_of_labels_come_first_and_pass_on():
    crops = rows(("a", {"individual": "Ana"}), ("b", {"individual": "Ana"}), ("c", {}), ("d", {}))
    table, _, conflicts = naming.decided(crops, pairs(("c", "b", 0.9), ("d", "c", 0.9)), RULE, lambda scores: scores**2)
    assert table["individual"].tolist() == ["Ana"] * 4 and not conflicts
    assert table["by"].tolist() == ["labels", "labels", "workflow", "workflow"]
    assert table["decision"].tolist() == ["known"] * 4 and table["probability"].tolist() == [1, 1, 0.81, 0.81]


def test_a_name_that_comes_later_names_those_before():
    crops = rows(("a", {}), ("b", {"individual": "Ana"}))
    table, _, _ = naming.decided(crops, pairs(("b", "a", 0.9)), RULE, lambda scores: scores)
    assert table["individual"].tolist() == ["Ana", "Ana"]


def test_animals_of_two_names_are_never_one_and_that_is_told():
    crops = rows(("a", {"individual": "Ana"}), ("b", {"individual": "Bo"}), ("c", {}))
    animals, decisions, conflicts = decided(crops, [("b", "a", 0.9), ("c", "a", 0.9)])
    assert animals == {"a": "a", "b": "b", "c": "a"} and decisions["b"] == "known"
    assert conflicts == ["b and a look alike, but they are named Ana and Bo."]


def test_a_chain_of_likenesses_does_not_join_two_names():
    crops = rows(("a", {"individual": "Ana"}), ("b", {}), ("c", {"individual": "Bo"}))
    animals, _, conflicts = decided(crops, [("b", "a", 0.9), ("c", "b", 0.9)])
    assert animals == {"a": "a", "b": "a", "c": "c"}
    assert conflicts == ["c and b look alike, but they are named Ana and Bo."]


def test_boxes_of_one_picture_are_never_one_animal_and_nor_are_their_likes():
    crops = rows(("a", {"media": ["m1"]}), ("b", {"media": ["m1", "m2"], "sequence": "a"}), ("c", {}))
    animals, decisions, conflicts = decided(crops, [("c", "a", 0.95), ("b", "c", 0.9)])
    assert animals == {"a": "a", "b": "b", "c": "a"} and decisions["b"] == "review"
    assert conflicts == ["b and c look alike, but one picture shows both."]


def test_labels_that_name_two_boxes_of_one_picture_alike_are_believed_and_told():
    crops = rows(("a", {"media": ["m1"], "individual": "Ana"}), ("b", {"media": ["m1"], "individual": "Ana"}))
    animals, _, conflicts = decided(crops)
    assert animals["b"] == "a" and conflicts == ["a and b are of one individual, but one picture shows both."]


def test_the_flanks_of_a_track_are_one_animal_and_share_the_strongest_decision():
    left, right = {"track": "b", "flank": "left", "sequence": "s"}, {"track": "b", "flank": "right", "sequence": "s"}
    crops = rows(("a", {"flank": "right"}), ("b", left), ("c", right))
    animals, decisions, _ = decided(crops, [("c", "a", 0.9), ("b", "a", 0.1)])
    assert set(animals.values()) == {"a"} and decisions == {"a": "new", "b": "known", "c": "known"}
    assert decided(crops, [("c", "a", 0.5)])[1] == {"a": "new", "b": "review", "c": "review"}


def test_a_candidate_of_the_same_event_decides_nothing_but_asks_a_person():
    crops = rows(("a", {}), ("b", {"sequence": "a"}), ("c", {}))
    animals, decisions, _ = decided(crops, [("b", "a", 0.99), ("b", "c", 0.5)])
    assert animals["b"] == "b" and decisions["b"] == "review"
    assert decided(crops, [("b", "a", 0.99)])[1]["b"] == "review"  # whether or not there is another candidate
    assert decided(crops, [("b", "a", 0.39)])[1]["b"] == "new"
    animals, decisions, _ = decided(crops, [("b", "a", 0.99), ("b", "c", 0.9)])
    assert animals["b"] == animals["c"] != animals["a"] and decisions["b"] == "known"


def test_without_a_promise_a_person_looks_at_whatever_has_a_candidate():
    crops = rows(("a", {}), ("b", {}))
    decisions = decided(crops, [("b", "a", 0.99)], Strategy(np.inf, -np.inf, 1))[1]
    assert decisions == {"a": "new", "b": "review"}


def test_a_batch_that_sorts_last_renames_nobody():
    before = rows(("a", {}), ("b", {}), ("c", {}))
    after = pd.concat([before, rows(("z", {"batch": "b2"}), ("y", {"batch": "b2"}))], ignore_index=True)
    after["timestamp"] -= pd.to_timedelta(100 * (after["batch"] == "b2"), unit="h")  # older pictures, found later
    old, _, _ = naming.decided(before, pairs(("b", "a", 0.9)), RULE, lambda s: s)
    new, _, _ = naming.decided(after, pairs(("b", "a", 0.9), ("z", "c", 0.9), ("y", "b", 0.9)), RULE, lambda s: s)
    names = new.set_index("encounter")["individual"]
    assert names[["a", "b", "c"]].tolist() == old["individual"].tolist()
    assert names["z"] == names["c"] and names["y"] == names["a"] != names["c"]


def test_names_are_of_six_letters_and_never_those_of_labels():
    made = naming.decided(rows(("a", {})), pairs(), RULE, lambda s: s)[0]["individual"][0]
    assert made.startswith("A-") and len(made) == 8
    crops = rows(("a", {}), ("b", {"individual": made}))
    names = naming.decided(crops, pairs(), RULE, lambda s: s)[0]["individual"].tolist()
    assert names[1] == made and names[0].startswith(made) and len(names[0]) == 9


def test_an_encounter_with_two_names_has_none():
    crops = rows(("a", {"media": ["1", "2"]}))
    crops["individual"] = ["Ana", "Bo"]
    assert naming.encounters(crops)["individual"].isna().all()


@pytest.mark.parametrize(
    ("facts", "status", "linked_by"),
    [
        ([("left", "a", None), ("left", "b", None)], "left_only", None),
        ([("right", "a", None)], "right_only", None),
        ([(None, "a", None)], "unknown", None),
        ([("left", "a", None), ("right", "a", None)], "both", "track"),
        ([("left", "a", "Ana"), ("right", "b", "Ana")], "linked", "labels"),
        ([("left", "a", "Ana"), ("right", "b", None)], "linked", "match"),
    ],
)
def test_an_individual_tells_which_flanks_were_seen_and_how_they_were_joined(facts, status, linked_by):
    told = [dict(zip(("flank", "track", "individual"), fact, strict=True)) for fact in facts]
    crops = rows(*[(f"e{at}", fact) for at, fact in enumerate(told)])
    found = naming.encounters(crops)
    named = any(name for _, _, name in facts)
    table = pd.DataFrame({"encounter": found.index, "individual": "Ana" if named else "A-1"})
    table["by"] = ["labels" if name else "workflow" for _, _, name in facts]
    (row,) = individuals.of(table, found).to_dict("records")
    assert (row["status"], row["linked_by"], row["encounters"]) == (status, linked_by, len(facts))
    assert row["first"] == DAY and row["last"] == DAY + pd.Timedelta(hours=len(facts) - 1)
    assert row["named_by"] == ("labels" if named else "workflow")
