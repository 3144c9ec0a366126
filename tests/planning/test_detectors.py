"""Detectors that the workflow trains: where they lie, what versions them, and what is refused."""

import json
import os

import pytest
from planning.cats import cats

from pugmark.planning.configuration import ConfigError
from pugmark.planning.plan import Plan
from pugmark.planning.settings import Settings

START = {"file": "start.pt", "sha256": "a" * 64}


@pytest.fixture
def config(tmp_path):
    made = cats(tmp_path)
    made["collections"]["cats"]["detect"] = {"name": "ultralytics", "weights": "mine"}
    made["collections"]["drawn"] = {"batches": f"{tmp_path}/media/*", "detect": {"name": "boxes"}}
    made["detectors"] = {"mine": {"learn_from": ["drawn"], "start": "start"}}
    made["weights"] = {"folder": str(tmp_path), "files": {"start": START}}
    (tmp_path / "start.pt").touch()
    return made


def test_its_path_has_a_version_and_the_detection_is_told_that(config):
    plan = Plan(config)
    path = plan.detect_weights("cats")["mine"]
    version = plan.detectors.version("mine")
    assert path == f"{plan.results}/detectors/mine/{version}/model.pt" and not plan.detectors.is_trained("mine")
    told = json.loads(Settings(plan).detect("cats", "2024-05"))
    assert told["manifest"]["mine"] == {"made": version, "licence": "made by this workflow"}
    own = json.loads(plan.detectors.settings("mine"))
    assert own["epochs"] == 100 and own["classes"] == {} and own["manifest"]["start"]["sha256"] == "a" * 64
    os.makedirs(os.path.dirname(path)), open(path, "w").close()
    assert Plan(config).detectors.is_trained("mine")


@pytest.mark.parametrize(
    "changed", [{"epochs": 3}, {"classes": {"deer": ["Cervus"]}}, {"seed": 2}, {"learn_from": ["drawn", "cats"]}]
)
def test_another_setting_is_another_detector(config, changed):
    before = Plan(config).detectors.version("mine")
    config["collections"]["cats"]["detect"] = {"name": "boxes"}
    assert Plan(config).detectors.version("mine") == before, "who uses it changes nothing"
    config["detectors"]["mine"] |= changed
    assert Plan(config).detectors.version("mine") != before


def test_no_collection_lies_where_the_detectors_do(config):
    config["collections"]["detectors"] = config["collections"]["drawn"]
    with pytest.raises(ConfigError, match="detectors"):
        Plan(config)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"detectors": {"mine": {"learn_from": ["drawm"], "start": "start"}}}, "learn_from: .*did you mean 'drawn'"),
        ({"detectors": {"mine": {"learn_from": ["cats"], "start": "start"}}}, "the boxes of cats come from a trained"),
        ({"detectors": {"start": {"learn_from": ["drawn"], "start": "start"}}}, "there are weights of this name"),
        ({"detectors": {"mine": {"learn_from": ["drawn"], "start": "begin"}}}, "detectors.mine.start: "),
        ({"detectors": {"mine": {"learn_from": ["drawn"], "start": "mine"}}}, "start: mine is trained here"),
        ({"detectors": {"mine": {"learn_from": ["drawn"], "epochs": 0}}}, "detectors.mine.epochs"),
        (
            {
                "detectors": {
                    "mine": {"learn_from": ["drawn"], "classes": {"stoat": ["stoat"], "small": ["rat", "stoat"]}}
                }
            },
            "detectors.mine.classes: stoat stands in two classes",
        ),
        (
            {"detectors": {"mined": {"learn_from": ["drawn"], "start": "start"}}},
            "detect.weights: .*did you mean 'mined'",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(config, change, said):
    with pytest.raises(ConfigError, match=said):
        Plan(config | change)
