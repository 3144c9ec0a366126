"""Matching of a collection that grows, shrinks and changes: what is matched again, and that nobody can tell."""

import numpy as np
import pandas as pd
import pytest

from pugmark import rerankers, tables, vectors
from pugmark.keypoints import table as keypoints
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
        {"crop_id": name, "encounter": first, "track": first, "followed": first, "media_id": f"m{name}"} | facts
        for name, first in zip(names, firsts, strict=True)
    ]
    tables.write(folder / batch / "encounters.parquet", "encounters", rows, "encounter")


def split(*batches, crops=6):
    return pd.DataFrame([{"crop_id": f"{batch}-{at}", "batch": batch} for batch in batches for at in range(crops)])


def done(source, kept):
    """What the stage matches, as a DataFrame, and how many batches it matched now."""
    rows, anew = stage.match(source, kept)
    return rows.to_pandas(), anew


def matched(folder, *batches, most=20, kept="kept"):
    return done(stage.Source(split(*batches), folder, "run", most), folder / kept)


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
    rows, anew = done(stage.Source(part, folder, "run", 1), folder / "kept")
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


def closer(folder, name="local", most=2, **columns):
    """A source with a re-ranker; the key points of each even batch's crops are those of the batch before."""
    facts = {"individual": None, "viewpoint": None, "split": "test"} | columns
    table = split("b1", "b2", "b3").assign(**facts)
    table["sequence"] = table["crop_id"]
    for at, batch in enumerate(("b1", "b2", "b3")):
        rows = []
        for crop in range(6):
            random = np.random.default_rng([at // 2, crop])
            places, found = random.random((16, 2), np.float32), random.integers(0, 99, (16, 128), dtype=np.uint8)
            rows.append(keypoints.row(f"{batch}-{crop}", places, found, 16))
        (folder / batch / "keypoints").mkdir(exist_ok=True)
        tables.write(folder / batch / "keypoints/local.parquet", "keypoints", rows, "keypoints")
    asked = {"name": name, "shortlist": 9, "params": rerankers.resolve(name, {"most": 16})}
    return stage.Closer(table, folder, "run", most, asked, (table, folder), None)


def test_a_re_ranker_scores_anew_who_shares_key_points_and_nobody_else(folder):
    plain, _ = done(stage.Source(split("b1", "b2", "b3"), folder, "run", 9), folder / "plain")
    rows, anew = done(closer(folder, most=9), folder / "kept")
    both = plain.merge(rows, on=["encounter", "candidate"], suffixes=("", "_anew"))
    gained = both["score_anew"] - both["score"]
    same = (both["encounter"].str[:2] == "b2") & (both["candidate"] == "b1" + both["encounter"].str[2:])
    assert anew == 3 and len(both) == len(plain) and same.sum() == 3
    assert (gained[same] > 0.05).all() and (gained[~same] < 1e-5).all()
    assert done(closer(folder, most=9), folder / "kept")[1] == 0
    # Who comes first after a closer look need not be among the first by cosine, so all of the shortlist is looked at.
    few = closer(folder, most=1)
    assert few.most == 9 and done(few, folder / "few")[0]["rank"].max() == 1


def test_new_key_points_are_matched_anew(folder):
    done(closer(folder), folder / "kept")
    file = folder / "b2/keypoints/local.parquet"
    source = closer(folder)
    tables.write(file, "keypoints", tables.read(file, "keypoints"), "keypoints", {"other": 1})
    assert done(source, folder / "kept")[1] == 2


def test_who_learns_from_names_matches_anew_where_they_change_and_keeps_cosines_without(folder, caplog):
    plain, _ = done(stage.Source(split("b1", "b2", "b3"), folder, "run", 2), folder / "plain")
    rows, anew = done(closer(folder, "fusion"), folder / "kept")
    pd.testing.assert_frame_equal(rows, plain)
    assert anew == 3 and "The candidates keep their cosines" in caplog.text
    assert done(closer(folder, "fusion"), folder / "kept")[1] == 0
    names = [name for name in "aabbcc" for _ in range(3)]
    parts = ["train"] * 18
    rows, anew = done(closer(folder, "fusion", individual=names, split=parts), folder / "kept")
    assert anew == 3 and not rows["score"].equals(plain["score"])
