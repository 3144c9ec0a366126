"""The settings of each stage: what changes its result, and nothing else."""

import json
import pathlib

import pytest
from planning.cats import cats

from pugmark.planning.plan import Plan
from pugmark.planning.settings import Settings
from pugmark.planning.versions import canonical


@pytest.fixture
def config(tmp_path):
    return cats(tmp_path)


def settings(config, stage, *words):
    return json.loads(getattr(Settings(Plan(config)), stage)(*words))


def test_the_order_of_keys_changes_no_setting():
    assert canonical({"a": 1, "b": {"c": 2, "d": 3}}) == canonical({"b": {"d": 3, "c": 2}, "a": 1})


def test_a_stage_gets_its_own_section_and_no_other(config):
    config["crop"] = {"padding": 0.2}
    defaults = {"min_side": 32, "min_confidence": 0, "jpeg_quality": 95}
    assert settings(config, "crop", "cats") == {"padding": 0.2, **defaults}


def test_the_detector_gets_its_defaults_the_file_of_the_batch_and_the_checksums_of_its_weights(config):
    folder = pathlib.Path(config["results"]).parent
    for batch in ("2024-05", "2024-06"):
        (folder / f"{batch}.json").touch()
    config["collections"]["cats"]["detect"] = {"name": "megadetector_json", "file": f"{folder}/{{batch}}.json"}
    found = settings(config, "detect", "cats", "2024-05.1of2")
    assert found["file"] == f"{folder}/2024-05.json" and found["confidence"] == 0.2 and found["manifest"] == {}


@pytest.mark.parametrize("detector", [{"name": "megadetector_json"}, {"name": "boxes", "file": "boxes.csv"}])
def test_ingest_asks_a_detector_that_brings_boxes_for_the_frames_of_videos_alone(config, detector, tmp_path):
    if "file" in detector:
        detector = detector | {"file": str(tmp_path / detector["file"])}
        (tmp_path / "boxes.csv").touch()
    config["collections"]["cats"]["detect"] = detector
    assert settings(config, "ingest", "cats", "2024-05")["boxes"] is None
    (pathlib.Path(config["collections"]["cats"]["batches"][:-1]) / "2024-05" / "v.mp4").touch()
    named = settings(config, "ingest", "cats", "2024-05")["boxes"]
    assert named["name"] == detector["name"]
    assert named["file"] == detector.get("file")
    config["collections"]["cats"]["detect"] = {"name": "motion"}
    assert settings(config, "ingest", "cats", "2024-05")["boxes"] is None


def test_only_the_detector_that_reads_boxes_depends_on_where_labels_lie(config):
    assert "labels" not in settings(config, "detect", "cats", "2024-05")
    config["collections"]["cats"] |= {"detect": {"name": "boxes"}, "labels": "folders"}
    (pathlib.Path(config["collections"]["cats"]["batches"][:-1]) / "2024-05" / "Ann").mkdir()
    assert settings(config, "detect", "cats", "2024-05")["labels"] == "folders"


def test_another_grey_level_cuts_no_mask_anew_but_makes_other_features(config):
    config["mask"] = {"policy": "grabcut"}
    before = [settings(config, "mask", "cats"), settings(config, "embed", "cats", "pixels-s1", "2024-05")]
    config["mask"]["fill"] = 7
    assert settings(config, "mask", "cats") == before[0]
    assert (before[1], settings(config, "embed", "cats", "pixels-s1", "2024-05")) == ({"fill": 255}, {"fill": 7})


def test_features_are_filled_as_in_the_collection_that_trained_the_model(config):
    config["mask"] = {"policy": "grabcut"}
    config["collections"]["kittens"] = {**config["collections"]["cats"], "train_on": "cats", "mask": {"fill": 7}}
    config["explain"] = {"methods": ["mine"], "crops": 3}
    assert settings(config, "embed", "kittens", "mine-s1", "2024-05") == {"fill": 255}
    assert settings(config, "explain", "kittens", "mine-s1") == {"fill": 255, "crops": 3}


def test_where_nothing_is_masked_nothing_is_filled(config):
    config["mask"] = {"policy": "none", "fill": 7}
    config["explain"] = {"methods": ["mine"], "crops": 3}
    assert settings(config, "embed", "cats", "pixels-s1", "2024-05") == {"fill": None}
    assert settings(config, "explain", "cats", "mine-s1")["fill"] is None
    plan = Plan(config)
    assert json.loads(plan.models.training(plan.run("cats", "pixels-s1")))["fill"] is None


def test_labels_that_are_kept_apart_are_not_looked_for_in_the_batch(config):
    def said():
        return {settings(config, *words)["labels"] for words in (("label", "cats"), ("ingest", "cats", "2024-05"))}

    assert said() == {"sidecar"}
    table = pathlib.Path(config["results"]).parent / "names.csv"
    table.touch()
    config["collections"]["cats"]["labels"] = {"file": str(table)}
    assert said() == {"none"}
    assert Plan(config).labels_file("cats", "2024-05.2of3") == str(table)


def test_a_survey_is_drawn_anew_for_other_settings_and_not_for_more_batches(config):
    config["collections"] = {"drawn": {"synthetic": {"seed": 3, "batches": 2}}}
    before = settings(config, "synthesise", "drawn")
    assert before["seed"] == 3
    config["collections"]["drawn"]["synthetic"]["batches"] = 5
    assert settings(config, "synthesise", "drawn") == before


def test_clusters_know_the_count_the_seed_and_the_algorithm_that_a_tracker_is_made_for(config):
    config["collections"]["cats"]["detect"] = {"name": "motion"}
    config["collections"]["cats"]["individuals"] = 4
    config["methods"] = {"pixels": {}, "sort": {}}
    found = settings(config, "cluster", "cats", "pixels-s2")
    assert (found["individuals"], found["seed"]) == (4, 2) and len(found["algorithms"]) == 3
    assert settings(config, "cluster", "cats", "sort-s1")["algorithms"] == {"tracks": {}}


def test_figures_carry_the_users_name_of_the_method(config):
    found = settings(config, "evaluate", "cats", "mine-s2")
    assert (found["method"], found["seed"], found["family"]) == ("mine", 2, "supervised")


def test_withheld_names_reach_neither_the_split_nor_the_encounters(config):
    plain = settings(config, "split", "cats"), settings(config, "encounter", "cats", "2024-06")
    assert "withhold" not in plain[0] and "told" not in plain[1]
    config["collections"]["cats"]["identify"] = {"withhold": ["2024-06"]}
    assert settings(config, "split", "cats")["withhold"] == ["2024-06"]
    assert settings(config, "encounter", "cats", "2024-06")["told"] is False
    assert settings(config, "encounter", "cats", "2024-05") == plain[1]  # whose encounters stay as they are


def test_places_of_stations_weigh_in_where_that_is_asked_for(config):
    assert "stations" not in settings(config, "match", "cats", "mine-s2")
    config["collections"]["cats"]["match"] = {"priors": True}
    found = settings(config, "match", "cats", "mine-s2")
    assert found["stations"] is None and set(found["folders"]) == {"2024-05", "2024-06"}


def test_the_split_depends_on_the_batches(config):
    assert settings(config, "split", "cats")["batches"] == ["2024-05", "2024-06"]


def test_only_a_method_that_is_shown_paths_is_told_the_batch_a_shard_that_of_the_whole(config, tmp_path):
    (tmp_path / "own.csv").write_text("path,a\n2024-05/a.jpg,1\n")
    config["methods"]["own"] = {"method": "file", "file": str(tmp_path / "own.csv")}
    assert settings(config, "embed", "cats", "own-s1", "2024-05.1of2") == {"fill": None, "batch": "2024-05"}
    assert "batch" not in settings(config, "embed", "cats", "random-s1", "2024-05")
