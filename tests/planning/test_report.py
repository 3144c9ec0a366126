"""What the report is told of collections, runs and studies."""

import json

import pytest
from planning.cats import cats

from pugmark.planning import report
from pugmark.planning.plan import Plan


@pytest.fixture
def config(tmp_path):
    return cats(tmp_path)


def test_each_run_with_its_model_and_what_differs_from_the_methods_file(config):
    plan = Plan(config)
    told = json.loads(report.settings(plan))
    assert set(told["methods"]) == {"random", "pixels", "resnet50"}
    found = told["collections"]["cats"]
    assert found["batches"] == ["2024-05", "2024-06"] and found["detector"] == "whole" and found["explained"] == []
    assert found["folders"] == {batch: plan.folder("cats", batch) for batch in found["batches"]}
    (mine,) = [run for run in found["runs"] if run["run"] == "mine-s2"]
    assert mine == {
        "run": "mine-s2",
        "method": "resnet50",
        "name": "mine",
        "seed": 2,
        "family": "supervised",
        "train_on": "cats",
        "model": f"cats/models/mine-s2/{plan.models.version(plan.run('cats', 'mine-s2'))}",
        "settings": {"epochs": 3, "weights": None},
    }


def test_no_clusters_are_told_of_where_no_algorithm_is_asked_for_but_those_that_vectors_are_made_for(config):
    config["methods"] = {"random": {}, "supervised_video": {"weights": None}}
    config["collections"]["cats"]["individuals"] = 3
    told = json.loads(report.settings(Plan(config)))["collections"]["cats"]
    assert set(told["clustered"]) == {run["run"] for run in told["runs"]} >= {"random-s1", "supervised_video-s1"}
    config["collections"]["cats"]["cluster"] = {"algorithms": {}}
    told = json.loads(report.settings(Plan(config)))["collections"]["cats"]
    assert {run.partition("-")[0] for run in told["clustered"]} == {"supervised_video"}


def test_each_cell_of_a_study_says_which_part_of_its_network_is_trained(config):
    config["studies"] = {
        "parts": {"method": "video_pairs", "settings": {"weights": None}, "grid": {"trainable": ["full", "frozen"]}}
    }
    config["collections"]["cats"]["individuals"] = 3
    (study,) = json.loads(report.settings(Plan(config)))["studies"]
    assert study["name"] == "parts" and [cell["trainable"] for cell in study["cells"]] == ["full", "frozen"]
