"""Matching of a collection that grows, shrinks and changes: what is matched again, and that nobody can tell."""

import numpy as np
import pandas as pd
import pytest

from pugmark import tables, vectors
from pugmark.stages import match as stage

TIME = pd.Timestamp("2024-05-01")


@pytest.fixture
def folder(tmp_path):
    for at, batch in enumerate(("b1", "b2", "b3")):
        write(tmp_path, batch, at)
    return tmp_path


def write(folder, batch, seed, crops=6):
    """A batch of `crops` crops, two in each encounter, with random features."""
    names = [f"{batch}-{at}" for at in range(crops)]
    found = np.random.default_rng(seed).standard_normal((crops, 5))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    (folder / batch / "features").mkdir(parents=True, exist_ok=True)
    features = [{"crop_id": name, "feature": one} for name, one in zip(names, found, strict=True)]
    tables.write(folder / batch / "features" / "run.parquet", "features", features, "embed")
    facts = {"sequence": batch, "station": None, "timestamp": TIME, "flank": None}
    firsts = [names[at - at % 2] for at in range(crops)]
    rows = [
        {"crop_id": name, "encounter": first, "track": first, "media_id": f"m{name}"} | facts
        for name, first in zip(names, firsts, strict=True)
    ]
    tables.write(folder / batch / "encounters.parquet", "encounters", rows, "encounter")


def split(*batches, crops=6):
    return pd.DataFrame([{"crop_id": f"{batch}-{at}", "batch": batch} for batch in batches for at in range(crops)])


def matched(folder, *batches, most=20, kept="kept"):
    return stage.match(split(*batches), folder, "run", folder / kept, most)


def test_each_encounter_meets_those_before_it(folder):
    rows, anew = matched(folder, "b1", "b2")
    assert anew == 2
    met = {name: set(part["candidate"]) for name, part in rows.groupby("encounter")}
    assert "b1-0" not in met and met["b1-4"] == {"b1-0", "b1-2"}
    assert met["b2-2"] == {"b1-0", "b1-2", "b1-4", "b2-0"}


def test_a_new_batch_costs_its_own_matching_alone_and_the_result_is_that_of_a_fresh_run(folder):
    matched(folder, "b1", "b2")
    rows, anew = matched(folder, "b1", "b2", "b3")
    assert anew == 1 and matched(folder, "b1", "b2", "b3")[1] == 0
    pd.testing.assert_frame_equal(rows, matched(folder, "b1", "b2", "b3", kept="fresh")[0])


def test_a_removed_batch_leaves_nothing_behind(folder):
    matched(folder, "b1", "b2", "b3")
    rows, anew = matched(folder, "b1", "b3")
    assert anew == 1 and not (folder / "kept" / "b2.parquet").exists()
    assert not rows["candidate"].str.startswith("b2").any()
    pd.testing.assert_frame_equal(rows, matched(folder, "b1", "b3", kept="fresh")[0])


@pytest.mark.parametrize(("changed", "again"), [("b1", 3), ("b2", 2), ("b3", 1)])
def test_a_change_of_a_batch_reaches_those_after_it(folder, changed, again):
    before, _ = matched(folder, "b1", "b2", "b3")
    write(folder, changed, 9)
    rows, anew = matched(folder, "b1", "b2", "b3")
    assert anew == again and not rows.equals(before)
    pd.testing.assert_frame_equal(rows, matched(folder, "b1", "b2", "b3", kept="fresh")[0])


def test_other_settings_and_crops_are_matched_again(folder):
    matched(folder, "b1", "b2")
    rows, anew = matched(folder, "b1", "b2", most=1)
    assert anew == 2 and (rows["rank"] == 1).all()
    part = split("b1", "b2").iloc[:-2]  # the last encounter counts in another batch
    rows, anew = stage.match(part, folder, "run", folder / "kept", 1)
    assert anew == 1 and "b2-4" not in set(rows["encounter"])


def test_features_that_lack_a_crop_are_refused(folder):
    features = tables.read(folder / "b1" / "features" / "run.parquet", "features").iloc[1:]
    tables.write(folder / "b1" / "features" / "run.parquet", "features", features, "embed")
    with pytest.raises(vectors.FeaturesError, match="no features for 1 crops of batch b1"):
        matched(folder, "b1")


def test_the_command_writes_the_table_also_without_any_encounter(folder):
    columns = tables.definitions()["split"]["columns"]
    for crops in (6, 0):
        rows = split("b1", "b2").iloc[: 2 * crops]
        facts = dict.fromkeys(columns) | {"sequence": "s", "media_id": "m", "infrared": False, "split": "test"}
        whole = pd.DataFrame([facts | row for row in rows.to_dict("records")], columns=list(columns))
        tables.write(folder / "split.parquet", "split", whole, "split")
        paths = {
            "split": folder / "split.parquet",
            "folder": folder,
            "kept": folder / "kept",
            "out": folder / "p.parquet",
        }
        stage.main(["--run=run", *(f"--{name}={path}" for name, path in paths.items())])
        found = tables.read(folder / "p.parquet", "pairs")
        assert bool(len(found)) == bool(crops)
        assert tables.provenance(folder / "p.parquet")["counts"]["pairs"] == len(found)
