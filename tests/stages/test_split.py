"""Splits: nothing shared between parts, nothing redecided when a batch is added."""

import json

import numpy as np
import pandas as pd
import pytest

from pugmark import tables
from pugmark.stages import split as stage

DAY = pd.Timestamp("2024-05-01")


def shot(crop_id, individual, sequence, hour=0, station=None, word=None):
    return {
        "crop_id": crop_id,
        "individual": individual,
        "sequence": sequence,
        "hour": hour,
        "station": station,
        "split": word,
    }


def write_batch(folder, name, shots):
    """A batch whose media and crops have these fields, and otherwise whatever is allowed."""
    shots = [{**s, "sequence": f"{name}/{s['sequence']}"} for s in shots]
    media = [
        {
            "media_id": s["crop_id"],
            "path": f"{s['crop_id']}.jpg",
            "kind": "image",
            **dict.fromkeys(("width", "height"), 8),
            "timestamp": DAY + pd.Timedelta(hours=s["hour"]),
            "time_source": "exif",
            **{key: s[key] for key in ("station", "sequence")},
            **dict.fromkeys(("utc_offset", "time_doubt", "frame_number", "look")),
            "status": "ok",
        }
        for s in shots
    ]
    tables.write(folder / name / "media.parquet", "media", media, "ingest")
    crops = [
        {
            "crop_id": s["crop_id"],
            "media_id": s["crop_id"],
            "path": f"{s['crop_id']}.jpg",
            "frame_number": None,
            "image": b"",
            "mask": None,
            **dict.fromkeys(("width", "height", "area"), 8),
            **dict.fromkeys(("x", "y", "w", "h", "confidence", "sharpness"), 0.5),
            "station": s["station"],
            "timestamp": DAY + pd.Timedelta(hours=s["hour"]),
            "sequence": s["sequence"],
            "touches_border": False,
            "infrared": False,
        }
        for s in shots
    ]
    labels = [{key: s[key] for key in ("crop_id", "individual", "split")} | {"viewpoint": None} for s in shots]
    tables.write(folder / name / "crops.parquet", "crops", crops, "crop")
    tables.write(folder / name / "labels.parquet", "labels", labels, "label")


def run(folder, batches, **settings):
    out = folder / "split.parquet"
    command = ["--folder", folder, "--out", out, "--settings", json.dumps({"batches": batches} | settings)]
    stage.main([str(word) for word in command])
    return tables.read(out, "split"), tables.provenance(out)["counts"]


def words(table):
    return dict(zip(table["crop_id"], table["split"], strict=True))


def random_batch(seed, number, stations=6):
    """Shots of seven individuals, some unnamed, in sequences that now and then show two of them."""
    random = np.random.default_rng(seed)
    shots = []
    for i in range(number):
        place = int(random.integers(stations))
        name = random.choice([*"abcdefg", None])
        sequence = f"b{seed}-{place}-{random.integers(4)}"
        hour = 1000 * seed + int(random.integers(99))
        shots.append(shot(f"{seed}-{i}", name, sequence, hour, f"s{place}"))
    return shots


def test_sequences_of_each_individual_take_turns(tmp_path):
    shots = [shot(f"{who}{turn}{i}", who, f"{who}{turn}", turn) for who in "ab" for turn in range(3) for i in range(2)]
    write_batch(tmp_path, "b1", shots)
    found, counts = run(tmp_path, ["b1"])
    assert words(found) == {s["crop_id"]: "train" if s["hour"] == 1 else "test" for s in shots}
    assert counts["by"] == "sequence" and counts["reason"].startswith("0 stations")


def test_nothing_of_a_withheld_batch_is_learned_from(tmp_path):
    for name, seed in (("b1", 1), ("b2", 2)):
        write_batch(tmp_path, name, random_batch(seed, 60))
    told = words(run(tmp_path, ["b1", "b2"], by="sequence")[0])
    found, _ = run(tmp_path, ["b1", "b2"], by="sequence", withhold=["b2"])
    later = found[found["batch"] == "b2"]
    assert set(later["split"][later["individual"].notna()]) == {"test"}
    assert set(later["split"][later["individual"].isna()]) == {"unused"}
    assert words(found[found["batch"] == "b1"]).items() <= told.items() and "train" in set(found["split"])


def test_nor_is_the_rest_of_an_event_that_a_withheld_batch_goes_on_with():
    facts = {"batch": ["b1", "b1", "b2"], "sequence": ["s", "other", "s"], "individual": ["a", "a", None]}
    parts = stage.untaught(pd.DataFrame(facts), np.array(["train", "train", "train"], object), ["b2"])
    assert parts.tolist() == ["unused", "train", "unused"]


@pytest.mark.parametrize("train", [0, 0.3, 0.5, 0.7, 1])
def test_the_share_is_kept_to_the_last_group(train):
    crops = pd.DataFrame([shot(str(i), "a", f"s{i}") for i in range(100)])
    assert (stage.split(crops, "sequence", train)[0] == "train").sum() == round(100 * train)


def test_a_sequence_of_several_follows_the_first(tmp_path):
    shots = [shot("1", "a", "s1", 1), shot("2", "b", "s2", 2), shot("3", "a", "s2", 3), shot("4", "b", "s3", 4)]
    write_batch(tmp_path, "b1", shots)
    # a owns s1; b owns s2 and s3: s3 is b's second and teaches.
    assert words(run(tmp_path, ["b1"], by="sequence")[0]) == {"1": "test", "2": "test", "3": "test", "4": "train"}


@pytest.mark.parametrize("by", ["sequence", "station", "individual"])
def test_appending_a_batch_changes_nothing(tmp_path, by):
    for name, seed in (("b1", 1), ("b2", 2), ("b3", 3)):
        write_batch(tmp_path, name, random_batch(seed, 60))
    before, after = run(tmp_path, ["b2", "b1"], by=by)[0], run(tmp_path, ["b3", "b1", "b2"], by=by)[0]
    assert words(before).items() <= words(after).items()
    assert list(after["batch"]) == ["b1"] * 60 + ["b2"] * 60 + ["b3"] * 60


@pytest.mark.parametrize("by", ["sequence", "station", "individual"])
def test_no_group_is_in_both_parts(tmp_path, by):
    write_batch(tmp_path, "b1", random_batch(1, 200))
    found, _ = run(tmp_path, ["b1"], by=by, train=0.4)
    used = found[found["split"] != "unused"]
    assert (used.groupby("sequence")["split"].nunique() == 1).all()
    named = used[used["individual"].notna()]
    assert set(named["split"]) == {"train", "test"}
    assert (named.groupby(by)["split"].nunique() == 1).all()


def test_individuals_of_the_other_part_are_unused(tmp_path):
    shots = [shot("1", "a", "s1", 1), shot("2", "b", "s1", 2), shot("3", "b", "s2", 3)]
    write_batch(tmp_path, "b1", shots)
    assert words(run(tmp_path, ["b1"], by="individual")[0]) == {"1": "test", "2": "unused", "3": "train"}


def test_auto_prefers_stations_where_there_are_enough(tmp_path):
    shots = [
        shot(f"{who}{place}{turn}", who, f"{place}-{who}{turn}", turn, f"station{place}")
        for place in range(4)
        for who in "ab"
        for turn in range(2)
    ]
    write_batch(tmp_path, "b1", shots)
    found, counts = run(tmp_path, ["b1"])
    assert (counts["by"], counts["reason"]) == ("station", "4 stations hold named crops")
    assert set(found[found["split"] == "test"]["station"]).isdisjoint(found[found["split"] == "train"]["station"])
    write_batch(tmp_path, "b1", [s for s in shots if s["individual"] == "a"])
    assert run(tmp_path, ["b1"])[1]["reason"] == "a split by station leaves too few individuals in one part"


def test_given_words_are_taken_over(tmp_path):
    shots = [shot("1", "a", "s1", word="query"), shot("2", "a", "s1", word="gallery"), shot("3", "b", "s2")]
    write_batch(tmp_path, "b1", shots)
    found, counts = run(tmp_path, ["b1"])
    assert words(found) == {"1": "query", "2": "gallery", "3": "unused"} and counts["by"] == "given"


def test_mistakes_are_explained():
    crops = pd.DataFrame([shot("1", "a", "s", word="tset")])
    with pytest.raises(stage.SplitError, match=r"labels\.csv says split 'tset'"):
        stage.split(crops)
    with pytest.raises(stage.SplitError, match=r"split\.by is 'stations'"):
        stage.split(crops, "stations")


def test_unnamed_crops_teach_unless_their_sequence_tests_and_files_met_twice_count_once(tmp_path):
    write_batch(tmp_path, "b1", [shot("1", None, "s1"), shot("2", None, "s1")])
    write_batch(tmp_path, "b2", [shot("2", "a", "other", station="S9"), shot("3", None, "s2", 9)])
    found, counts = run(tmp_path, ["b1", "b2"])
    assert words(found) == {"1": "unused", "2": "test", "3": "train"}
    twice = found.set_index("crop_id").loc["2"]
    assert (twice["batch"], twice["individual"], twice["station"]) == ("b1", "a", "S9") and counts["repeated"] == 1


def test_two_names_for_one_file_in_two_batches_are_none(tmp_path):
    write_batch(tmp_path, "b1", [shot("1", "a", "s1", word="train"), shot("2", "b", "s2", 5)])
    write_batch(tmp_path, "b2", [shot("1", "z", "s1", word="query")])
    found, counts = run(tmp_path, ["b1", "b2"], by="sequence")
    assert found.set_index("crop_id")["individual"].isna().to_dict() == {"1": True, "2": False}
    for column in ("individual", "split"):
        assert counts[f"crops to which two batches give another {column} (none is taken)"] == 1


def test_unnamed_crops_of_a_test_station_teach_nobody(tmp_path):
    shots = [shot("1", "a", "s1", 1, "X"), shot("2", "b", "s2", 2, "Y"), shot("3", None, "s3", 3, "X")]
    write_batch(tmp_path, "b1", [*shots, shot("4", None, "s4", 4, "Y"), shot("5", None, "s5", 5)])
    assert words(run(tmp_path, ["b1"], by="station")[0]) == {
        "1": "test", "2": "train", "3": "unused", "4": "train", "5": "train",
    }  # fmt: skip


def test_a_sequence_over_several_stations_leaves_each_station_on_one_side(tmp_path):
    shots = [shot("1", "a", "s1", 1, "X"), shot("2", "a", "s1", 2, "Y"), shot("3", "a", "s2", 3, "Y")]
    write_batch(tmp_path, "b1", shots)
    assert words(run(tmp_path, ["b1"], by="station")[0]) == {"1": "test", "2": "unused", "3": "train"}


def test_an_event_that_goes_on_in_the_next_batch_is_one_sequence(tmp_path):
    write_batch(tmp_path, "b1", [shot("1", "a", "s1", 0, "X"), shot("2", "a", "s2", 1, "X")])
    write_batch(tmp_path, "b2", [shot("3", "a", "s1", 1 + 60 / 3600, "X"), shot("4", "a", "s2", 2, "X")])
    found, counts = run(tmp_path, ["b1", "b2"], by="sequence")
    assert found["sequence"].tolist() == ["b1/s1", "b1/s2", "b1/s2", "b2/s2"]
    assert words(found) == {"1": "test", "2": "train", "3": "train", "4": "test"}
    assert counts["sequences joined to those of other batches"] == 1
    found, _ = run(tmp_path, ["b1", "b2"], by="sequence", sequence_gap=30)
    assert found["sequence"].nunique() == 4


def test_a_given_split_that_tears_a_sequence_apart_is_told(tmp_path, capsys):
    shots = [
        shot("1", "a", "s1", word="train"),
        shot("2", "a", "s1", word="query"),
        shot("3", "b", "s2", 5, word="val"),
    ]
    write_batch(tmp_path, "b1", [*shots, shot("4", "b", "s2", 5)])
    _, counts = run(tmp_path, ["b1"])
    assert (counts["sequences on both sides"], counts["crops of sequences on both sides"]) == (1, 2)
    assert "puts 1 sequences (2 crops) on both sides" in capsys.readouterr().err


def test_a_folder_that_bears_an_animals_name_is_no_station(tmp_path):
    shots = [shot(f"{who}/{turn}", who, f"{who}{turn}", turn, who) for who in "ABCD" for turn in range(4)]
    write_batch(tmp_path, "b1", shots)
    found, counts = run(tmp_path, ["b1"])
    assert found["station"].isna().all() and counts["by"] == "sequence"
    assert counts["crops without a station"] == 16


def test_nothing_named_and_nothing_at_all(tmp_path):
    write_batch(tmp_path, "b1", [shot("1", None, "s1"), shot("2", None, "s2")])
    write_batch(tmp_path, "b2", [])
    assert set(run(tmp_path, ["b1", "b2"])[0]["split"]) == {"train"}
    assert len(run(tmp_path, ["b2"])[0]) == len(run(tmp_path, [])[0]) == 0


def test_a_test_part_that_cannot_judge_is_reported(tmp_path, capsys):
    write_batch(tmp_path, "b1", [shot("1", "a", "s1"), shot("2", "b", "s2")])
    run(tmp_path, ["b1"])
    assert "No individual has two sequences" in capsys.readouterr().err
    write_batch(tmp_path, "b1", [shot(str(i), "a", f"s{i}") for i in range(3)])
    run(tmp_path, ["b1"])
    assert "No individual has two sequences" not in capsys.readouterr().err


def test_same_input_same_bytes(tmp_path):
    write_batch(tmp_path, "b1", random_batch(1, 50))
    files = []
    for _ in range(2):
        run(tmp_path, ["b1"])
        files.append((tmp_path / "split.parquet").read_bytes())
    assert files[0] == files[1]
