"""What is measured on withheld batches, from the tables of a run on drawn animals."""

import numpy as np
import pytest
from stages.test_identify import Survey

from pugmark import tables
from pugmark.stages import decide


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory):
    """A survey of which all animals have a name, with the tables of its run."""
    survey = Survey(tmp_path_factory.mktemp("survey"), noise=0.6)
    split = tables.read(survey.folder / "split.parquet", "split")
    survey.rows["individual"] = [f"n{animal}" for animal in survey.rows["animal"]]
    tables.write(survey.folder / "split.parquet", "split", split.assign(individual=survey.rows["individual"]), "split")
    survey.run()
    return survey


def measured(survey, withhold, learned=(), other=()):
    """{quantity: [row]} of the accuracy table. other: encounters that a person calls no animal of the collection."""
    identities, split = (tables.read(survey.folder / f"{name}.parquet", name) for name in ("identities", "split"))
    identities.loc[identities["encounter"].isin(other), ["individual", "decision", "by"]] = None, "other", "person"
    settings = decide.DEFAULTS | {"withhold": withhold}
    found = {}
    for row in decide.measured(identities, survey.folder, split, survey.folder, learned, settings):
        found.setdefault(row["quantity"], []).append(row)
    return found


def test_a_withheld_batch_is_counted_and_its_pairs_are_judged(surveyed):
    found, last = measured(surveyed, ["b2"]), surveyed.rows[surveyed.rows["batch"] == "b2"]
    (truly,), (named,), (vetted,) = (found[name] for name in ("population", "population (names)", "population (NIS)"))
    assert (truly["value"], truly["n"]) == (last["animal"].nunique(), len(last)) and named["value"] == truly["value"]
    assert vetted["low"] <= truly["value"] <= vetted["high"] and vetted["high"] - vetted["low"] < truly["value"]
    assert len(last) < vetted["n"] < len(last) * (len(last) - 1) / 2
    pairs = tables.read(surveyed.folder / "pairs.parquet", "pairs")
    (error,), bins = found["ECE"], found["reliability"]
    assert error["n"] == pairs["encounter"].isin(last["crop_id"]).sum() == sum(row["n"] for row in bins)
    apart = [row["n"] * abs(row["value"] - row["at"]) for row in bins]
    assert error["value"] == pytest.approx(np.sum(apart) / error["n"]) and error["value"] < 0.05


def test_what_a_model_has_learned_from_is_not_judged(surveyed):
    last = surveyed.rows[surveyed.rows["batch"] == "b2"]
    found = measured(surveyed, ["b2"], last["crop_id"][:10])
    assert found["population"][0]["n"] == len(last) - 10 and measured(surveyed, []) == {}


def test_what_a_person_calls_no_animal_is_neither_an_animal_nor_an_error(surveyed):
    last = surveyed.rows[surveyed.rows["batch"] == "b2"]["crop_id"]
    found = measured(surveyed, ["b2"], other=last[:10])
    assert found["excluded"][0]["value"] == 0 and found["excluded"][0]["n"] == len(last) - 10
    assert found["population"][0]["n"] == found["FPR"][0]["n"] == len(last) - 10


def test_who_waits_for_a_person_is_no_animal_yet(tmp_path):
    survey = Survey(tmp_path / "survey", noise=0.9)
    found, folder = survey.run(), survey.folder
    options = {"runs": folder, "trained": folder / "trained.parquet", "split": folder / "split.parquet"}
    options |= {"folder": folder, "kept": tmp_path / "names", "out": tmp_path}
    decide.main([word for name, value in options.items() for word in (f"--{name}", str(value))])
    moved = tables.read(tmp_path / "changes.parquet", "changes")
    waits = found["decision"] == "review"
    assert waits.any() and set(moved["change"]) == {"new"}
    assert set(moved["individual"]) == set(found["individual"][~waits])
