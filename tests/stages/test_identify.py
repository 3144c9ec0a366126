"""From features to names: drawn animals, some of them named, through matching, calibration and naming."""

import numpy as np
import pandas as pd
import pytest

from pugmark import tables
from pugmark.identity import known
from pugmark.stages import calibrate, identify, match

ERROR = 0.1


class Survey:
    """Animals with features around a centre of their own, seen in batches; every second animal is named."""

    def __init__(self, folder, noise, animals=60, batches=3, seed=0):
        self.folder, random = folder, np.random.default_rng(seed)
        centres = random.standard_normal((animals, 24))
        rows, found = [], []
        for batch in range(batches):
            # A third of the animals is new in each batch.
            for animal in range(animals * (batch + 1) // batches):
                for visit in range(1 + (random.random() < 0.5)):
                    name = f"b{batch}/{animal}/{visit}"
                    rows.append({"crop_id": name, "batch": f"b{batch}", "sequence": name, "animal": animal})
                    found.append(centres[animal] + noise * random.standard_normal(24))
        self.rows, found = pd.DataFrame(rows), np.array(found)
        self.rows["individual"] = [f"n{animal}" if animal % 2 else None for animal in self.rows["animal"]]
        self._write(found / np.linalg.norm(found, axis=1, keepdims=True))

    def _write(self, features):
        facts = {"station": "w", "timestamp": pd.Timestamp("2024-05-01"), "flank": None}
        for batch, places in self.rows.groupby("batch").indices.items():
            part = self.rows.iloc[places]
            (self.folder / batch / "features").mkdir(parents=True)
            encounters = part[["crop_id", "sequence"]].assign(**facts)
            own = ("encounter", "track", "followed", "media_id")
            encounters = encounters.assign(**{name: part["crop_id"] for name in own})
            tables.write(self.folder / batch / "encounters.parquet", "encounters", encounters, "encounter")
            vectors = {"crop_id": part["crop_id"], "feature": list(features[places])}
            tables.write(self.folder / batch / "features" / "run.parquet", "features", vectors, "embed")
        columns = list(tables.definitions()["split"]["columns"])
        facts |= {"viewpoint": None, "frame_number": None, "infrared": False, "split": "test"}
        split = self.rows.assign(**facts, media_id=self.rows["crop_id"])
        tables.write(self.folder / "split.parquet", "split", split[columns], "split")
        tables.write(self.folder / "trained.parquet", "trained", [], "train")

    def without_names(self):
        split = tables.read(self.folder / "split.parquet", "split").assign(individual=None)
        tables.write(self.folder / "split.parquet", "split", split, "split")
        return self

    def run(self):
        """The identities, with the true animal of each encounter, and the calibration."""
        paths = {name: self.folder / f"{name}.parquet" for name in ("split", "pairs", "calibration", "trained")}
        common = [f"--split={paths['split']}", f"--folder={self.folder}"]
        match.main([*common, "--run=run", f"--kept={self.folder}/kept", f"--out={paths['pairs']}"])
        options = [f"--pairs={paths['pairs']}", f"--trained={paths['trained']}", f"--out={paths['calibration']}"]
        calibrate.main([*common, *options, "--run=run", "--settings", f'{{"error": {ERROR}}}'])
        names = {"out": "identities", "individuals": "individuals", "questions": "questions"}
        options = [f"--{option}={self.folder}/{name}.parquet" for option, name in names.items()]
        inputs = [f"--{name}={paths[name]}" for name in ("pairs", "calibration")]
        identify.main([*common, *inputs, *options])
        table = tables.read(self.folder / "identities.parquet", "identities")
        return table.merge(self.rows, left_on="encounter", right_on="crop_id", suffixes=("", "_said"))


def value(folder, quantity):
    table = tables.read(folder / "calibration.parquet", "calibration")
    return table.set_index("quantity")["value"][quantity]


def test_clear_features_name_every_animal_and_ask_nobody(tmp_path):
    found = Survey(tmp_path, noise=0.05).run()
    assert set(found["decision"]) == {"known", "new"} and value(tmp_path, "inspect") == 1
    assert (found.groupby("animal")["individual"].nunique() == 1).all()
    assert (found.groupby("individual")["animal"].nunique() == 1).all()
    first = ~found["animal"].duplicated() & found["individual_said"].isna()
    assert (found["decision"][first] == "new").mean() > 0.9  # in the first batch two visits may like each other
    assert value(tmp_path, "FNR") == value(tmp_path, "FPR") == value(tmp_path, "asked") == 0


def test_features_without_meaning_leave_all_but_the_allowed_errors_to_a_person(tmp_path):
    named, asked = [], []
    for seed in range(4):
        found = Survey(tmp_path / str(seed), noise=50, seed=seed).run()
        silent = found["decision"][found["by"] == "workflow"]
        named.append((silent == "known").mean())
        asked.append((silent == "review").mean())
        assert value(tmp_path / str(seed), "asked") > 0.8
    assert np.mean(named) <= ERROR and np.mean(asked) > 0.8


def test_the_stated_rates_hold_on_animals_that_nobody_named(tmp_path):
    missed, wrong, asked = [], [], []
    for seed in range(4):
        folder = tmp_path / str(seed)
        found = Survey(folder, noise=0.9, seed=seed, animals=90).run()
        silent = found[found["by"] == "workflow"]
        candidate = silent["candidate"].map(found.set_index("encounter")["animal"])
        wrong.append(((silent["decision"] == "known") & (candidate != silent["animal"])).mean())
        seen = silent[silent["animal"].duplicated()]
        missed.append((seen["decision"] == "new").mean())
        asked.append((silent["decision"] == "review").mean())
    assert np.mean(wrong) <= ERROR and np.mean(missed) <= ERROR
    assert 0.02 < np.mean(asked) < 0.9  # neither kept by asking about everything, nor too easy to tell


def test_a_rerun_gives_the_same_bytes(tmp_path):
    survey = Survey(tmp_path, noise=0.6)
    names = ("pairs", "calibration", "identities", "individuals")
    survey.run()
    before = [(tmp_path / f"{name}.parquet").read_bytes() for name in names]
    survey.run()
    assert before == [(tmp_path / f"{name}.parquet").read_bytes() for name in names]


def test_a_collection_without_names_promises_nothing_and_asks(tmp_path, capsys):
    found = Survey(tmp_path, noise=0.05, animals=9).without_names().run()
    assert found["decision"].tolist() == ["new"] + ["review"] * (len(found) - 1)
    assert "0 named encounters" in capsys.readouterr().err
    assert found["probability"].between(0, 1).all() and found["individual"].str.startswith("A-").all()


def strangers(folder, taught):
    """The share of strangers and the number of judged encounters, and the named rows, where the model learned from the
    first visits of these animals."""
    survey = Survey(folder, noise=0.05)
    learned = survey.rows["crop_id"][survey.rows["animal"].isin(taught) & survey.rows["crop_id"].str.endswith("/0")]
    tables.write(folder / "trained.parquet", "trained", {"crop_id": learned}, "train")
    survey.run()
    table = tables.read(folder / "calibration.parquet", "calibration").set_index("quantity")
    return table["value"]["strangers"], table["n"]["strangers"], survey.rows.dropna(subset=["individual"])


def test_animals_that_the_model_has_learned_from_are_not_judged(tmp_path):
    share, number, named = strangers(tmp_path, range(12))
    assert share == 1 and number == (named["animal"] >= 12).sum()


def test_where_all_were_learned_from_their_other_sequences_are_judged_and_that_is_said(tmp_path):
    share, number, named = strangers(tmp_path, range(60))
    assert share == 0 and number == named["crop_id"].str.endswith("/1").sum()


@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_without_names_clear_features_decide_by_an_estimate_that_says_so(tmp_path, noise):
    found = Survey(tmp_path, noise=noise, animals=90).without_names().run()
    table = tables.read(tmp_path / "calibration.parquet", "calibration")
    assert {"estimated FNR", "estimated FPR"} < set(table["quantity"]) and not {"FNR", "FPR"} & set(table["quantity"])
    assert (table["value"][table["quantity"].str.startswith("estimated")] <= ERROR).all()
    candidate = found["candidate"].map(found.set_index("encounter")["animal"])
    wrong = (found["decision"] == "known") & (candidate != found["animal"])
    seen = found[found["animal"].duplicated()]
    assert wrong.mean() <= ERROR and (seen["decision"] == "new").mean() <= ERROR
    assert (found["decision"] == "known").mean() > 0.3 and 0.02 < (found["decision"] == "review").mean() < 0.3


def test_a_chosen_number_of_candidates_holds_without_names_too(tmp_path):
    survey = Survey(tmp_path, noise=0.05, animals=90).without_names()
    survey.run()
    rows = known.crops(tables.read(tmp_path / "split.parquet", "split"), tmp_path)
    pairs = tables.read(tmp_path / "pairs.parquet", "pairs")
    for asked, inspected in ((None, 10), (3, 3)):
        found = calibrate.estimated(pairs, rows, tmp_path, "run", {"error": 0.1, "inspect": asked})
        assert {row["quantity"]: row["value"] for row in found}["inspect"] == inspected


def test_what_cannot_be_promised_is_told_with_its_reason():
    told = {"accept": 0.5, "new": 0.2}
    assert calibrate.shortfalls(told, True, 0.05) == []
    (few,) = calibrate.shortfalls({"accept": np.inf, "new": -np.inf}, True, 0.05)
    assert "sure enough" in few and "call an animal new" in few and few.endswith("name more animals.")
    (weak,) = calibrate.shortfalls(told | {"new": -np.inf}, False, 0.05)
    assert "sure enough" not in weak and "call an animal new" in weak and "re-ranker" in weak


def test_without_names_nothing_is_estimated_of_scores_of_one_kind(tmp_path):
    Survey(tmp_path, noise=3, animals=90).without_names().run()
    table = tables.read(tmp_path / "calibration.parquet", "calibration").set_index("quantity")["value"]
    assert table["accept"] == np.inf and "asked" not in table


@pytest.mark.parametrize("way", ["isotonic", "logistic"])
def test_probabilities_rise_with_the_score_and_are_those_of_the_pairs(tmp_path, way):
    survey = Survey(tmp_path, noise=0.9)
    survey.run()
    pairs, named = tables.read(tmp_path / "pairs.parquet", "pairs"), survey.rows.dropna(subset=["individual"])
    named = named.set_index("crop_id").assign(flank=None, order=0)
    rows = calibrate.probabilities(pairs, named, way)
    at, found = (np.array([row[name] for row in rows]) for name in ("at", "value"))
    assert (np.diff(found) >= 0).all() and found[-1] > 0.8 and found[0] < 0.2
    known = pairs[pairs["encounter"].isin(named.index) & pairs["candidate"].isin(named.index)]
    same = named["individual"][known["encounter"]].to_numpy() == named["individual"][known["candidate"]].to_numpy()
    assert np.interp(known["score"], at, found).mean() == pytest.approx(same.mean(), abs=0.02)
