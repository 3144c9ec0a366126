"""What people say of encounters, and what is asked of them."""

import pandas as pd
import pytest
from identity.test_naming import RULE, pairs, rows

from pugmark.identity import individuals, ledger, naming
from pugmark.identity.said import Said


def named(crops, found=(), rule=RULE, **facts):
    """(identities by encounter, questions, conflicts) where people said the facts of a Said."""
    facts = {
        key: {frozenset(pair) for pair in value} if key in ("different", "unsure", "disputed") else value
        for key, value in facts.items()
    }
    table, asked, conflicts = naming.decided(crops, pairs(*found), rule, lambda scores: scores, Said(**facts))
    return table.set_index("encounter"), asked, conflicts


ABC = rows(("a", {}), ("b", {}), ("c", {}))
OPEN = [("b", "a", 0.6), ("c", "a", 0.7), ("c", "b", 0.5)]


def test_what_is_in_doubt_is_asked_the_least_stable_first():
    _, asked, _ = named(ABC, OPEN)
    assert list(zip(asked["encounter"], asked["candidate"], strict=True)) == [("b", "a"), ("c", "a"), ("c", "b")]
    assert asked["place"].tolist() == [1, 2, 3] and asked["probability"].tolist() == pytest.approx([0.6, 0.7, 0.5])
    assert set(asked["why"]) == {"doubt"}


def test_same_joins_and_is_known_by_a_person():
    table, asked, conflicts = named(ABC, OPEN, same=[("c", "a")])
    assert table["individual"]["c"] == table["individual"]["a"] != table["individual"]["b"] and not conflicts
    assert table.loc["c", ["decision", "by", "candidate", "probability"]].tolist() == ["known", "person", "a", 1.0]
    assert table.loc["a", ["decision", "by"]].tolist() == ["new", "workflow"]
    assert asked["encounter"].tolist() == ["b"] and asked["candidate"].tolist() == ["a"]


def test_different_passes_on_to_the_next_candidate_and_at_last_to_new():
    table, asked, _ = named(ABC, OPEN, different=["ca"])
    assert table["decision"]["c"] == "review" and table["candidate"]["c"] == "b"
    assert asked[asked["encounter"] == "c"]["candidate"].tolist() == ["b"]
    table, asked, _ = named(ABC, OPEN, different=["ca", "cb"])
    assert table.loc["c", ["decision", "by"]].tolist() == ["new", "person"] and "c" not in asked["encounter"].tolist()
    # Who inspects one candidate has said all by one answer.
    table, _, _ = named(ABC, OPEN, RULE.__class__(0.8, 0.4, 1), different=["ca"])
    assert table.loc["c", ["decision", "by"]].tolist() == ["new", "person"]


def test_different_forbids_what_the_score_says_and_holds_for_the_whole_animal():
    found = [("b", "a", 0.9), ("c", "b", 0.95)]
    table, _, conflicts = named(ABC, found, different=["ca"])
    assert table["individual"]["b"] == table["individual"]["c"] != table["individual"]["a"]
    assert conflicts == ["b and a look alike, but a person says that they are two animals."]
    table, _, _ = named(ABC, [("c", "a", 0.9)], same=[("a", "b")], different=["cb"])
    assert table["individual"]["c"] != table["individual"]["a"] and table["decision"]["c"] == "new"


def test_unsure_is_not_asked_again_and_decides_nothing():
    table, asked, _ = named(ABC, OPEN, unsure=["ba", "ca"])
    assert table["decision"].tolist() == ["new", "review", "review"]
    assert asked[["encounter", "candidate"]].to_numpy().tolist() == [["c", "b"]]


def test_a_dispute_is_asked_first_and_decides_nothing():
    table, asked, _ = named(ABC, OPEN, disputed=["bc"])
    assert asked.iloc[0][["encounter", "candidate", "why"]].tolist() == ["c", "b", "dispute"]
    assert table["individual"].nunique() == 3 and not asked.duplicated(["encounter", "candidate"]).any()


def test_a_dispute_about_whoever_is_nobody_is_not_asked():
    _, asked, _ = named(ABC, OPEN, disputed=["bc"], nobody={"c": "other"})
    assert "dispute" not in set(asked["why"])


def test_answers_that_cannot_all_be_true_are_told_and_asked():
    table, asked, conflicts = named(ABC, same=[("a", "b"), ("b", "c")], different=["ac"])
    assert table["individual"]["a"] == table["individual"]["b"] != table["individual"]["c"]
    assert conflicts == ["b and c are called the same, but a person says that they are two animals."]
    assert asked[["encounter", "candidate", "why"]].to_numpy().tolist() == [["c", "b", "conflict"]]


def test_a_person_merges_two_named_animals_and_the_oldest_keeps_its_name():
    crops = rows(("a", {"individual": "Ana"}), ("b", {"individual": "Bo"}), ("c", {"individual": "Bo"}))
    table, _, conflicts = named(crops, same=[("b", "a")])
    assert table["individual"].tolist() == ["Ana"] * 3 and not conflicts
    table, _, conflicts = named(crops)
    assert table["individual"].tolist() == ["Ana", "Bo", "Bo"] and not conflicts


def test_of_two_names_that_of_the_older_encounter_holds_though_it_was_given_again_later():
    crops = rows(("a", {"individual": "Ana"}), ("b", {"individual": "Bo"}), ("c", {"individual": "Ana"}))
    assert named(crops, same=[("b", "a")])[0]["individual"].tolist() == ["Ana"] * 3


def test_a_person_takes_one_encounter_out_of_a_named_animal():
    crops = rows(("a", {"individual": "Ana"}), ("b", {"individual": "Ana"}))
    table, _, conflicts = named(crops, different=["ab"])
    assert table["individual"]["a"] != table["individual"]["b"] and table["by"].tolist() == ["labels", "workflow"]
    assert conflicts == ["a and b are of one individual, but a person says that they are two animals."]


def test_a_name_overrules_a_label_and_a_rename_holds_for_the_whole_animal():
    crops = rows(("a", {"individual": "Ana"}), ("b", {"individual": "Ana"}), ("c", {}))
    table, _, _ = named(crops, names={"b": "Bo"})
    assert table["individual"][["a", "b"]].tolist() == ["Ana", "Bo"] and table["by"]["b"] == "person"
    table, _, _ = named(crops, [("c", "a", 0.9)], renames=[("b", "Anna"), ("c", "Hanna")])
    assert table["individual"].tolist() == ["Hanna"] * 3
    table, _, conflicts = named(crops, renames=[("c", "Ana")])
    assert table["individual"]["c"] != "Ana" and "say that they are the same" in conflicts[0]


def test_two_encounters_that_a_person_names_alike_are_one_animal():
    table, _, _ = named(ABC, names={"a": "Ada", "c": "Ada"})
    assert table["individual"].tolist()[::2] == ["Ada", "Ada"] and table["individual"]["b"] != "Ada"
    assert table["decision"].tolist()[::2] == ["known", "known"] and set(table["by"]) == {"person", "workflow"}


@pytest.mark.parametrize("decision", ledger.OF_NOBODY)
def test_who_is_nobody_has_no_name_and_is_nobodys_candidate(decision):
    table, asked, _ = named(ABC, [*OPEN[:2], ("c", "b", 0.95)], nobody={"b": decision})
    assert table.loc["b", ["individual", "decision", "by", "probability"]].tolist() == [None, decision, "person", 1]
    assert table["candidate"]["c"] == "a" and "b" not in set(asked["encounter"]) | set(asked["candidate"])


@pytest.mark.parametrize("decision", ledger.OF_NOBODY)
def test_who_is_nobody_keeps_no_label_from_others(decision):
    crops = rows(("a", {"individual": "Ana"}), ("b", {"individual": "Ana"}), ("c", {}))
    table, _, _ = named(crops, nobody={"a": decision}, different=["bc"])
    assert table["individual"].tolist()[:2] == [None, "Ana"] and table["by"]["b"] == "labels"


def test_an_animal_that_a_person_says_is_none_stands_among_no_animals():
    people = Said(nobody={"b": "other"})
    table, _, _ = naming.decided(ABC, pairs(("c", "b", 0.9)), RULE, lambda scores: scores, people)
    assert table["decision"].tolist() == ["new", "other", "new"]
    assert len(individuals.of(table, naming.encounters(ABC, people), people)) == 2


def test_a_sure_second_candidate_is_known_after_the_first_was_rejected():
    table, asked, _ = named(ABC, [("c", "a", 0.95), ("c", "b", 0.9)], different=["ca"])
    assert table["individual"]["c"] == table["individual"]["b"] and asked.empty
    assert table.loc["c", ["decision", "by"]].tolist() == ["known", "workflow"]


def test_nobody_is_asked_about_two_that_are_one_already():
    table, asked, _ = named(ABC, [("b", "a", 0.6), ("c", "a", 0.9)], same=[("c", "b")])
    assert table["individual"].nunique() == 1 and asked.empty


def test_a_corrected_flank_is_compared_with_its_own_side_alone():
    crops = rows(("a", {"flank": "left"}), ("b", {"flank": "left"}))
    assert named(crops, [("b", "a", 0.9)])[0]["decision"]["b"] == "known"
    table, _, _ = named(crops, [("b", "a", 0.9)], flanks={"b": "right"})
    assert table["decision"]["b"] == "new" and table["flank"].tolist() == ["left", "right"]
    assert pd.isna(named(crops, flanks={"b": "none"})[0]["flank"]["b"])


def test_an_animal_is_asked_about_once():
    crops = rows(("a", {"individual": "Ana"}), ("b", {"individual": "Ana"}), ("c", {}), ("d", {}))
    _, asked, _ = named(crops, [("d", "b", 0.7), ("d", "a", 0.6), ("d", "c", 0.5)])
    assert asked[["candidate", "individual"]].to_numpy().tolist()[0] == ["b", "Ana"]
    assert asked["candidate"].tolist() == ["b", "c"]


def test_one_answer_names_one_of_two_animals_in_a_picture():
    crops = rows(("a", {}), ("b", {"media": ["m1"]}), ("c", {"media": ["m1"], "sequence": "b"}))
    table, _, _ = named(crops, [("b", "a", 0.6), ("c", "a", 0.6)], same=[("b", "a")])
    assert table["individual"]["b"] == table["individual"]["a"] != table["individual"]["c"]


def test_names_and_links_by_people_are_told_of_the_animal():
    crops = rows(("a", {"flank": "left"}), ("b", {"flank": "right"}), ("c", {"flank": "left"}))
    people = Said(same=[("a", "b")], names={"c": "Cleo"})
    table, _, _ = naming.decided(crops, pairs(), RULE, lambda scores: scores, people)
    one, other = individuals.of(table, naming.encounters(crops, people), people).to_dict("records")
    assert (one["left_id"], one["right_id"], one["status"], one["linked_by"]) == ("a", "b", "linked", "person")
    assert (other["individual"], other["named_by"], other["left_id"]) == ("Cleo", "person", "c")
    assert pd.isna(other["right_id"])
    assert other["singleton"] and not one["singleton"]
    crops["sequence"] = "one event"  # two encounters of one event are one sighting
    assert individuals.of(table, naming.encounters(crops, people), people)["singleton"].all()
