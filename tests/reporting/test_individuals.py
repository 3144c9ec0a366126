"""The report opens with who was seen: figures, animals, what changed, and how sure that is."""

import csv
from urllib.parse import quote

import pandas as pd
import pytest
from reporting.results_tree import EVIL, METHODS, Page, Tree

from pugmark import tables
from pugmark.stages import report

RATES = [("accept", 0.8, None, None, 40), ("new", 0.4, None, None, 40), ("inspect", 3, None, None, 40)]
RIGHT = [("FNR", 0.125, 0.0, 0.3, 8, None), ("ARI", 0.918, None, None, 8, None), ("ECE", 0.0496, None, None, 290, None)]
RIGHT += [("geometric mean of BAKS and BAUS", 0.707, None, None, 4, None), ("population", 7, None, None, 9, None)]
RIGHT += [("population (names)", 8, None, None, 9, None), ("population (NIS)", 7.634, 6.5, 8.75, 31, None)]
RIGHT += [("reliability", 0.25, 0.1, 0.4, 251, 0.22), ("reliability", 1.0, None, None, 39, 0.95)]
RATES += [("FNR", 0.031, 0.01, 0.07, 32), ("FPR", 0.02, None, None, 40), ("asked", 0.25, 0.1, 0.4, 40)]


def written(folder, rates=RATES, accuracy=(), named_by="workflow", **doubts):
    """The page of a collection whose first batch is old; Ana is known, EVIL is new, one encounter waits.

    doubts: "ledger" and "conflicts", what `identify` says of answers and of what cannot all be true.
    """
    tree = Tree(folder, "cats", batches=("b1", "b2"), per_batch=4)
    # An earlier report, on the first batch alone, when nobody had a name.
    given = {"batches": ["b1"], "runs": []}
    report.report(folder / "results", folder / "out", {"collections": {"cats": given}, "methods": METHODS})
    crops = [crop["crop_id"] for crop in tree.crops]
    own = [crops[0], crops[0], crops[2], crops[3], crops[4], crops[4], crops[6], crops[7]]
    for batch in ("b1", "b2"):
        rows = [
            {key: crop[key] for key in ("crop_id", "media_id", "sequence", "station", "timestamp")}
            | {"encounter": encounter, "track": encounter, "followed": encounter, "flank": "left"}
            for crop, encounter in zip(tree.crops, own, strict=True)
            if crop["batch"] == batch
        ]
        tables.write(tree.folder / f"batches/{batch}/encounters.parquet", "encounters", rows, "encounter")
    facts = [("Ana", "known", "labels"), ("Ana", "known", "workflow"), ("A-1", "review", "workflow")]
    facts += [(EVIL, "new", "workflow"), (None, "unidentifiable", "person"), (None, "other", "person")]
    encounters = list(dict.fromkeys(own))
    identities = [
        {"encounter": one, "individual": name, "decision": decision, "by": by, "flank": "left", "probability": 0.9}
        | {"candidate": None}
        for one, (name, decision, by) in zip(encounters, facts, strict=True)
    ]
    animals = [
        {"individual": name, "left_id": one, "right_id": None, "status": "left_only", "linked_by": None}
        | {
            "named_by": "labels" if name == "Ana" else named_by,
            "first": None,
            "last": None,
            "encounters": number,
            "singleton": number == 1,
        }
        for name, one, number in (("Ana", crops[0], 2), ("A-1", crops[3], 1), (EVIL, crops[4], 1))
    ]
    asked = [
        {
            "encounter": crops[3],
            "candidate": crops[0],
            "individual": "Ana",
            "place": 1,
            "probability": 0.5,
            "why": "doubt",
        }
    ]
    moved = [{"individual": "Ana", "before": name, "change": "merged", "encounters": 1} for name in ("Ana", "Bo")]
    moved += [{"individual": EVIL, "before": None, "change": "new", "encounters": 1}]
    columns = ["quantity", "value", "low", "high", "n"]
    told = pd.DataFrame(rates, columns=columns).assign(at=None)
    made = {"identities": identities, "individuals": animals, "questions": asked, "changes": moved, "calibration": told}
    made["accuracy"] = pd.DataFrame(list(accuracy), columns=[*columns, "at"])
    for name, rows in made.items():
        settings = {"error": 0.05, "run": "miewid-s1"}
        counts = doubts if name == "identities" else None
        tables.write(tree.folder / f"{name}.parquet", name, rows, "decide", settings, counts=counts)
    given = {"batches": ["b1", "b2"], "runs": []}
    report.report(folder / "results", folder / "out", {"collections": {"cats": given}, "methods": METHODS})
    return Page((folder / "out/index.html").read_text())


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return written(tmp_path_factory.mktemp("seen"), accuracy=RIGHT)


def test_animals_met_once_want_a_look_where_nobody_has_named_them(page, tmp_path):
    assert "Look at the animals that were met once" in page.said
    named = written(tmp_path, named_by="labels")
    assert "Look at the animals that were met once" not in named.said and "Met once" not in named.said


def test_the_figures_count_animals_that_are_decided(page):
    for words in (
        "Animals 2",
        "Met once, named by nobody 1",
        "New since the last report 1",
        "Encounters 5",
        "Sightings (crops) 7",
    ):
        assert _figure(page, *words.rsplit(" ", 1)), words
    assert _figure(page, "Encounters that wait for a person", "1") and _figure(page, "Unidentifiable", "1")
    assert _figure(page, "No animal of this collection", "1")


def _figure(page, title, number):
    return f"{title} {number}" in page.said or f"{number} {title}" in page.said


def test_it_comes_before_what_was_read_and_before_the_leaderboard(page):
    assert page.said.index("Who was seen") < page.said.index("How sure is it") < page.said.index("What was read")


def test_each_animal_is_told_with_its_state_and_names_are_text(page):
    assert "Ana 2 encounters, 3 crops left flank only" in page.said
    assert f"{EVIL} new 1 encounter, 2 crops" in page.said and "A-1 waits for a person 1 encounter" in page.said


def test_changes_but_new_ones_are_told_one_by_one(page):
    assert "Ana merged: 1 encounter had the name Bo." in page.said and f"{EVIL} new: " not in page.said


def test_rates_stand_beside_those_on_withheld_names(page):
    assert "keep both errors at 5.0 % or less, and does so" in page.said and "inspects the 3 best" in page.said
    assert "On withheld names it errs more often than that (FNR)." in page.said and "errs more often." not in page.said
    assert "3.1 1.0–7.0 of 32 12.5 0.0–30.0 of 8" in page.said and "2.0 of 40" in page.said
    assert "ARI 91.8, geometric mean of BAKS and BAUS 70.7." in page.said


def test_the_count_of_names_stands_beside_the_true_number_and_that_of_vetted_pairs(page):
    assert "Counted on one flank: 9 withheld encounters show 7 animals and bear 8 names." in page.said
    assert "NIS estimates 7.63 animals (6.5–8.75) from 31 vetted pairs of 36." in page.said


def test_probabilities_are_held_against_what_came_true_where_it_is_said_how_it_was_measured(page):
    assert "ECE 5.0 over 290 pairs" in page.said.partition("The animals")[0]
    section = page.said.partition("Ties")[2]
    assert "in 10 equally wide bins" in section and "ECE 5.0 % over 290 pairs." in section
    assert "251 39 One animal, % of the pairs" in section
    assert "cats, miewid-s1: probability" in section and "Reliability of the probabilities of cats" in section


def test_what_cannot_be_promised_is_said(tmp_path):
    rates = [
        ("accept", float("inf"), None, None, 7),
        ("new", float("-inf"), None, None, 7),
        ("inspect", 1, None, None, 7),
    ]
    said = written(tmp_path, rates).said
    assert "It does not keep both errors at 5.0 % ." in said and "judged on 7 named encounters" in said
    assert "by a score. No score" in said and "a candidate. It was judged" in said
    assert "it names nobody by a score" in said and "a person is asked whenever there is a candidate" in said
    with open(tmp_path / "out/cats/sightings.csv", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert "ECE" not in said.partition("The animals")[0] and "Counted on one flank" not in said
    assert len(rows) == 8 and {row["individual"] for row in rows} == {"Ana", "A-1", EVIL, ""}


def test_answers_that_do_not_count_are_told_with_their_lines_beside_the_names(tmp_path):
    fault = f"review/cats/{EVIL}.csv, line {{}}: nobody knows the answer 'maybe'."
    said = written(tmp_path, ledger=[fault.format(line) for line in range(2, 9)]).said
    part = said.partition("Who was seen")[2].partition("How sure is it")[0]
    assert "Some of what people said does not count." in part and "Correct a faulty line in its file" in part
    assert all(fault.format(line) in part for line in range(2, 7)) and fault.format(7) not in part
    assert "and 2 more" in part and "What cannot all be true" not in part


def test_crops_and_encounters_are_told_by_the_name_of_the_animal_and_a_picture(tmp_path):
    dispute = "Of m000-d00 and m006-d00, Ana says same, Bo says different: nothing follows until they agree."
    clash = "m001-d00 and gone-d00 look alike, but they are named Ana and Bo."
    said = written(tmp_path, ledger=[dispute], conflicts=[clash]).said
    assert dispute.replace("m000-d00", "Ana (b1/x/m000.jpg)").replace("m006-d00", "b2/x/m006.jpg") in said
    assert "What cannot all be true A name in a table" in said
    # It names Ana itself; and what is not there keeps its checksum.
    assert clash.replace("m001-d00", "b1/x/m001.jpg") in said


def test_an_estimate_is_called_so(tmp_path):
    names = {"FNR": "estimated FNR", "FPR": "estimated FPR"}
    page = written(tmp_path, [(names.get(name, name), value, None, None, n) for name, value, _, _, n in RATES])
    assert "The rates are an estimate" in page.said and "Estimated, %" in page.said
    assert "On named animals, %" not in page.said and "3.1 of 32" in page.said and "does not keep" not in page.said


def test_a_rate_above_the_chosen_one_is_no_promise(tmp_path):
    high = [*RATES[:3], ("FNR", 0.22, 0.15, 0.3, 32), RATES[4], RATES[5], ("strangers", 0.25, None, None, 40)]
    said = written(tmp_path, high, accuracy=[("FNR", 0.25, 0.1, 0.4, 8, None)]).said
    assert "It does not keep both errors at 5.0 % : FNR is 22.0 %." in said and "does so" not in said
    assert "No score" not in said and "On withheld names it errs more often" not in said
    assert "75.0 % of the encounters that it was judged on show animals from which the model has learned" in said


def test_the_effect_of_distance_and_time_is_shown_where_they_weigh_in(tmp_path):
    pairs = {"encounter": ["a"], "candidate": ["b"], "score": [0.5], "rank": [1]}
    folder = tmp_path / "results/cats"
    folder.mkdir(parents=True)
    counts = {"priors": {"same station": 3.25, "over a year": 0.5}}
    tables.write(folder / "pairs.parquet", "pairs", pairs, "match", counts=counts)
    assert "by: same station 3.25, over a year 0.5." in written(tmp_path).said


def test_each_animal_leads_to_its_page(page):
    for name in ("Ana", EVIL):
        assert page.hrefs.count(f"../cats/review/individuals.html#{quote(name)}") == 2
