"""Which boxes are one animal's: pictures drawn by hand, each with the links that a person would make."""

import json

import numpy as np
import pandas as pd
import pytest

from pugmark import tables
from pugmark.identity import encounters
from pugmark.stages import encounter as stage

WEST = {"station": "west", "sequence": "b/west/1", "frame_number": None}


def crops(*pictures, **facts):
    """A crops table: each picture is (seconds or None, {crop_id: x of a box that is .1 wide})."""
    rows = []
    for at, (seconds, boxes) in enumerate(pictures):
        time = None if seconds is None else pd.Timestamp("2024-05-01") + pd.Timedelta(seconds=seconds)
        for name, x in boxes.items():
            box = {"x": x, "y": 0.4, "w": 0.1, "h": 0.2}
            rows.append(
                WEST | facts | box | {"crop_id": name, "media_id": f"m{at}", "path": f"{at}", "timestamp": time}
            )
    made = pd.DataFrame(rows, columns=encounters.COLUMNS)
    return made.assign(timestamp=pd.to_datetime(made["timestamp"]), frame_number=made["frame_number"].astype(float))


def labels(table, individuals=None, viewpoints=None):
    said = {"individual": individuals or {}, "viewpoint": viewpoints or {}}
    rows = {name: [by.get(crop) for crop in table["crop_id"]] for name, by in said.items()}
    return pd.DataFrame({"crop_id": table["crop_id"]} | rows, dtype=object)


def tracks(table, column="track", burst=5, reach=1.5, **said):
    """{crop_id: track}."""
    found, _ = encounters.encounters(table, labels(table, **said), burst, reach)
    assert found["crop_id"].tolist() == table["crop_id"].tolist()
    return dict(zip(found["crop_id"], found[column], strict=True))


def test_a_single_animal_is_followed_however_far_it_moves():
    table = crops((0, {"a": 0.1}), (1, {"b": 0.8}), (6, {"c": 0.2}))
    assert tracks(table) == {"a": "a", "b": "a", "c": "a"}


def test_a_box_that_fills_the_picture_is_an_encounter_of_its_own_whatever_its_name():
    table = crops((0, {"a": 0}), (1, {"b": 0}), (2, {"c": 0}), (3, {"d": 0.1})).assign(y=0.0)
    table[["w", "h"]] = [[1, 1], [0.99, 0.985], [1, 1], [1, 0.5]]
    assert tracks(table) == {"a": "a", "b": "b", "c": "c", "d": "d"}
    assert tracks(table, individuals={"a": "Uma", "b": "Uma"}) == {"a": "a", "b": "b", "c": "c", "d": "d"}
    assert tracks(table.iloc[2:].reset_index(drop=True)) == {"c": "c", "d": "d"}  # nor is one followed to another box
    table.loc[[0, 1], "h"] = 0.97
    assert tracks(table)["b"] == "a"


def test_pictures_too_far_apart_or_without_a_time_are_not_linked():
    assert tracks(crops((0, {"a": 0.1}), (5.5, {"b": 0.1}))) == {"a": "a", "b": "b"}
    assert tracks(crops((0, {"a": 0.1}), (5.5, {"b": 0.1})), burst=6) == {"a": "a", "b": "a"}
    assert tracks(crops((None, {"a": 0.1}), (None, {"b": 0.1}))) == {"a": "a", "b": "b"}


def test_another_sequence_is_another_encounter():
    both = [crops((0, {"a": 0.1})), crops((1, {"b": 0.1}), sequence="b/east/1")]
    table = pd.concat(both, ignore_index=True)
    assert tracks(table) == {"a": "a", "b": "b"}


def test_boxes_of_one_picture_are_different_animals_and_each_is_followed():
    table = crops((0, {"a": 0.1, "b": 0.5}), (1, {"c": 0.52, "d": 0.13}), (2, {"e": 0.16, "f": 0.55}))
    assert tracks(table) == {"a": "a", "b": "b", "c": "b", "d": "a", "e": "a", "f": "b"}


def test_where_two_could_have_changed_places_neither_is_followed():
    table = crops((0, {"a": 0.1, "b": 0.2}), (1, {"c": 0.15, "d": 0.25}))
    assert tracks(table) == {name: name for name in "abcd"}


def test_after_a_doubt_the_new_tracks_go_on():
    table = crops((0, {"a": 0.1, "b": 0.2}), (1, {"c": 0.15, "d": 0.25}), (2, {"e": 0.15, "f": 0.25}))
    assert tracks(table) == {"a": "a", "b": "b", "c": "c", "d": "d", "e": "c", "f": "d"}


def test_a_hidden_animal_is_found_again_where_it_was_beside_one_that_stayed():
    table = crops((0, {"a": 0.1, "b": 0.6}), (1, {"c": 0.1}), (2, {"d": 0.1, "e": 0.62}))
    assert tracks(table) == {"a": "a", "b": "b", "c": "a", "d": "a", "e": "b"}


def test_among_several_a_box_must_be_in_reach():
    table = crops((0, {"a": 0.1, "b": 0.5}), (1, {"c": 0.1, "d": 0.66}))
    assert tracks(table) == {"a": "a", "b": "b", "c": "a", "d": "d"}
    assert tracks(table, reach=1.7)["d"] == "b"


def test_names_that_differ_part_and_equal_names_do_not():
    table = crops((0, {"a": 0.1}), (1, {"b": 0.1}))
    assert tracks(table, individuals={"a": "Ana", "b": "Bo"}) == {"a": "a", "b": "b"}
    assert tracks(table, individuals={"a": "Ana", "b": "Ana"}) == {"a": "a", "b": "a"}
    assert tracks(table, individuals={"a": "Ana"}) == {"a": "a", "b": "a"}


def test_flanks_are_apart_and_the_track_joins_them():
    table = crops((0, {"a": 0.1}), (1, {"b": 0.2}), (2, {"c": 0.3}), (3, {"d": 0.4}))
    sides = {"a": "left", "b": "right", "c": "left", "d": "front"}
    assert tracks(table, "encounter", viewpoints=sides) == {"a": "a", "b": "b", "c": "a", "d": "d"}
    assert set(tracks(table, viewpoints=sides).values()) == {"a"}
    assert tracks(table, "flank", viewpoints=sides) == {"a": "left", "b": "right", "c": "left", "d": None}


def test_the_order_of_the_rows_changes_nothing():
    table = crops((0, {"a": 0.1, "b": 0.5}), (1, {"c": 0.52, "d": 0.13}), (2, {"e": 0.16, "f": 0.55}))
    moved = table.iloc[np.random.default_rng(0).permutation(len(table))]
    assert tracks(moved.reset_index(drop=True)) == tracks(table)


def test_a_distance_is_a_step_by_one_box_in_either_direction():
    old, new = np.array([[0.5, 0.5, 0.1, 0.2]]), np.array([[0.6, 0.5, 0.1, 0.2], [0.5, 0.7, 0.1, 0.2]])
    assert encounters.distances(old, new) == pytest.approx(np.array([[1.0, 1.0]]))


def written(folder, table, individuals=None, settings=None):
    """The encounters table that the stage writes, and its counts."""
    whole = tables.definitions()["crops"]["columns"]
    fill = dict.fromkeys(whole.keys() - set(table), 0) | {"image": b"", "mask": None}
    rows = table.assign(**fill).astype({"touches_border": bool, "infrared": bool})
    tables.write(folder / "crops.parquet", "crops", rows[list(whole)], "crop")
    tables.write(folder / "labels.parquet", "labels", labels(table, individuals).assign(split=None), "label")
    out = folder / "encounters.parquet"
    options = [f"--{name}={folder}/{name}.parquet" for name in ("crops", "labels")] + [f"--out={out}"]
    stage.main([*options, "--settings", json.dumps(settings or {})])
    return tables.read(out, "encounters"), tables.provenance(out)["counts"]


@pytest.mark.parametrize("pictures", [[], [(0, {"a": 0.1}), (1, {"b": 0.1})]])
def test_the_stage_writes_the_table_also_of_an_empty_batch(tmp_path, pictures):
    table, counts = written(tmp_path, crops(*pictures))
    number = len(pictures)
    assert table["encounter"].tolist() == ["a"] * number
    assert counts == {
        "crops": number, "encounters": number // 2, "tracks": number // 2, "sequences": number // 2
    }  # fmt: skip


def test_withheld_names_part_nothing(tmp_path):
    table = crops((0, {"a": 0.1}), (1, {"b": 0.1}))
    for told, followed in ((True, ["a", "b"]), (False, ["a", "a"])):
        found, _ = written(tmp_path, table, {"a": "Uma", "b": "Ria"}, {"told": told})
        assert found["track"].tolist() == followed
