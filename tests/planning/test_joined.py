"""Runs that join others: which there are, what they read, and what is refused."""

import pytest
from planning.cats import cats

from pugmark.planning.configuration import ConfigError
from pugmark.planning.plan import Plan

SMALL = {"method": "imagenet", "weights": None}


@pytest.fixture
def config(tmp_path):
    made = cats(tmp_path)
    made["methods"] |= {
        "both": {"method": "concat", "of": ["deep", "flat"]},
        "deep": SMALL | {"backbone": "resnet34"},
        "flat": SMALL | {"backbone": "resnet18", "seeds": [2]},
    }
    return made


def test_a_run_joins_those_of_its_own_seed_or_the_first(config):
    plan = Plan(config)
    assert [run.name for run in plan.runs("cats") if run.label == "both"] == ["both-s1", "both-s2"]
    assert [run.name for run in plan.joined("cats", "both-s1")] == ["deep-s1", "flat-s2"]
    assert [run.name for run in plan.joined("cats", "both-s2")] == ["deep-s2", "flat-s2"]
    assert plan.joined("cats", "deep-s1") == []
    assert plan.run("cats", "both-s1").changes == {"of": "deep, flat"}


def test_where_one_of_them_does_not_run_it_is_left_out_or_refused(config):
    config["collections"]["cats"]["methods"] = ["deep", "random"]
    assert "both" not in {run.label for run in Plan(config).runs("cats")}
    config["collections"]["cats"]["methods"] = ["deep", "both"]
    with pytest.raises(ConfigError, match="both cannot run: it joins flat, which does not run there"):
        Plan(config)


def test_a_sentence_says_what_was_left_out(config):
    config["studies"] = {
        "sizes": {
            "method": "imagenet",
            "settings": {"weights": None},
            "grid": {"height": [64, 96]},
            "collections": ["dogs"],
        }
    }
    config["methods"]["both"]["of"] = ["deep", "sizes.64"]
    config["collections"]["dogs"] = config["collections"]["cats"]
    plan = Plan(config)
    assert plan.left_out == ["both is left out of cats: it joins sizes.64, which does not run there."]
    assert [run.name for run in plan.joined("dogs", "both-s1")] == ["deep-s1", "sizes.64-s1"]


def test_a_misspelt_name_is_told_where_the_collection_asks_for_the_run(config):
    config["collections"]["cats"]["methods"] = ["deep", "flat", "both"]
    config["methods"]["both"]["of"] = ["deep", "flatt"]
    with pytest.raises(ConfigError, match=r"methods.both, of: .*did you mean 'flat'"):
        Plan(config)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"method": "concat"}, "methods.both: name two methods or more, whose vectors it joins, under `of`"),
        ({"method": "resnet50", "weights": None, "of": ["deep", "flat"]}, "`of` is for `method: concat` alone."),
        ({"method": "concat", "of": ["deep", "flatt"]}, "methods.both, of: .*did you mean 'flat'"),
        ({"method": "concat", "of": ["deep", "mine"]}, "mine is no frozen network"),
        ({"method": "concat", "of": ["deep", "both"]}, "both is no frozen network"),
        ({"method": "concat", "of": ["deep"]}, "methods.both: name two methods or more"),
    ],
)
def test_what_cannot_be_joined_is_refused(config, given, said):
    config["methods"]["both"] = given
    with pytest.raises(ConfigError, match=said):
        Plan(config)
