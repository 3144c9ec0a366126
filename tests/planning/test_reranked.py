"""Re-ranked runs: which there are, what the jobs are told, and what is refused."""

import copy
import json

import pytest
from planning.cats import cats

from pugmark.planning import report
from pugmark.planning.configuration import ConfigError
from pugmark.planning.plan import Plan
from pugmark.planning.settings import Settings


@pytest.fixture
def config(tmp_path):
    return cats(tmp_path) | {"rerank": {"local": {"methods": ["pixels", "mine"], "ratio": 0.7}}}


def test_a_run_of_each_seed_of_the_methods_that_are_named(config):
    plan = Plan(config)
    assert [run.name for run in plan.reranked("cats")] == [
        "pixels-s1+local", "pixels-s2+local", "mine-s1+local", "mine-s2+local"
    ]  # fmt: skip
    assert "pixels-s1+local" not in {run.name for run in plan.runs("cats")}
    assert plan.run("cats", "mine-s2+local").name == "mine-s2"
    assert plan.reranking("cats", "mine-s2") is None


def test_the_evaluation_is_told_the_re_ranker_and_keeps_the_family_of_the_method(config):
    settings = Settings(Plan(config))
    told = json.loads(settings.evaluate("cats", "mine-s2+local"))
    assert told["method"] == "mine+local" and told["family"] == "supervised" and told["seed"] == 2
    assert told["rerank"]["name"] == "local" and told["rerank"]["shortlist"] == 50
    assert told["rerank"]["params"]["ratio"] == 0.7 and told["rerank"]["params"]["most"] == 256
    assert "rerank" not in json.loads(settings.evaluate("cats", "mine-s2"))
    assert settings.evaluate_code("cats", "mine-s2") != settings.evaluate_code("cats", "mine-s2+local")


def test_key_points_depend_on_their_own_settings_alone(config):
    before = Settings(Plan(copy.deepcopy(config))).keypoints("local")
    assert json.loads(before).keys() == {"features", "side", "most"}
    config["rerank"]["local"]["ratio"] = 0.6
    config["methods"]["mine"]["epochs"] = 4
    assert Settings(Plan(copy.deepcopy(config))).keypoints("local") == before
    config["rerank"]["local"]["side"] = 300
    assert json.loads(Settings(Plan(config)).keypoints("local"))["side"] == 300


def test_only_a_re_ranker_that_reads_key_points_asks_for_them(config):
    config["rerank"] = {"k_reciprocal": {"methods": ["pixels"]}}
    assert not any(run.points for run in Plan(copy.deepcopy(config)).reranked("cats"))
    config["rerank"]["local"] = {"methods": ["pixels"]}
    assert [run.points for run in Plan(config).reranked("cats")] == [None, None, "local", "local"]


def test_the_report_is_told_of_it_as_of_a_run_without_a_model(config):
    told = json.loads(report.settings(Plan(config)))
    (found,) = [run for run in told["collections"]["cats"]["runs"] if run["run"] == "pixels-s1+local"]
    assert found == {
        "run": "pixels-s1+local",
        "method": "pixels+local",
        "name": "pixels+local",
        "seed": 1,
        "family": "re-ranked",
        "train_on": "cats",
        "model": None,
        "settings": {"ratio": 0.7, "shortlist": 50},
    }
    assert told["methods"]["pixels+local"]["title"] == "Pixels, re-ranked: Local key points"


def test_fusion_reads_further_runs_of_the_same_seed(config):
    config["rerank"] = {"fusion": {"methods": ["mine"], "with": ["mine", "pixels"]}}
    plan = Plan(config)
    (first, second) = plan.reranked("cats")
    assert [run.name for run in first.reads] == ["mine-s1", "pixels-s1"]
    assert [run.name for run in plan.read_by("cats", "mine-s2+fusion")] == ["mine-s2", "pixels-s2"]
    assert [run.name for run in plan.read_by("cats", "mine-s2")] == ["mine-s2"]
    assert second.settings["with"] == ["pixels-s2"] and second.changes["with"] == "pixels" and second.learns
    assert json.loads(Settings(plan).evaluate("cats", "mine-s2+fusion"))["rerank"]["with"] == ["pixels-s2"]


def test_a_run_beside_that_lacks_the_seed_gives_its_first(config):
    config["methods"]["pixels"] = {"seeds": [7]}
    config["rerank"] = {"fusion": {"methods": ["mine"], "with": ["pixels"]}}
    assert [run.beside[0].name for run in Plan(config).reranked("cats")] == ["pixels-s7", "pixels-s7"]


def test_key_points_are_found_once_for_all_that_read_them(config):
    config["rerank"]["fusion"] = {"methods": ["pixels"]}
    assert json.loads(Settings(Plan(copy.deepcopy(config))).keypoints("local"))["side"] == 512
    config["rerank"]["fusion"]["side"] = 256
    with pytest.raises(ConfigError, match=r"^rerank.fusion: side is 256, and 512 under rerank.local: key points are"):
        Plan(config)


def test_key_points_that_nobody_reads_are_refused_in_words(config):
    config["rerank"] = {}
    with pytest.raises(ConfigError, match="No re-ranker reads these key points: name local, fusion"):
        Settings(Plan(config)).keypoints("local")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"local": {"methods": ["pixels"], "with": ["mine"]}},
            "rerank.local.with: local reads no other runs: leave it out.",
        ),
        (
            {"fusion": {"methods": ["pixels"], "with": ["mien"]}},
            "rerank.fusion.with: Unknown method 'mien': did you mean 'mine'?",
        ),
        ({"locl": {"methods": ["pixels"]}}, "rerank.locl: Unknown re-ranker 'locl': did you mean 'local'?"),
        ({"local": {"methods": ["pixles"]}}, "rerank.local.methods: Unknown method 'pixles': did you mean 'pixels'?"),
        (
            {"local": {"methods": ["pixels"], "raito": 1}},
            "rerank.local: Unknown setting of re-ranker local 'raito': did you mean 'ratio'?",
        ),
        ({"local": {}}, "rerank.local lacks `methods`"),
        ({"local": {"methods": ["pixels"], "side": 8}}, "rerank.local: side of re-ranker local is 8: write"),
        ({"local": {"methods": ["pixels"], "shortlist": 0}}, "rerank.local.shortlist is 0: write a whole number"),
    ],
)
def test_what_cannot_be_is_one_sentence(config, given, said):
    with pytest.raises(ConfigError) as error:
        Plan(config | {"rerank": given})
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


def test_learned_key_points_are_a_table_of_their_own_and_ask_for_their_files(config, tmp_path):
    config["rerank"]["lightglue"] = {"methods": ["pixels"]}
    own = {"sha256": "a" * 64, "licence": "mine"}
    files = {f"{one}-{two}": own for one, two in (("aliked", "n16"), ("aliked", "lightglue"), ("disk", "depth"))}
    config["weights"] = {"folder": str(tmp_path), "download": False, "files": files}
    with pytest.raises(ConfigError, match=r"rerank.lightglue: aliked-n16.pth \(aliked-n16\) is not in "):
        Plan(copy.deepcopy(config))
    for name in ("aliked-n16", "aliked_lightglue", "depth-save"):
        (tmp_path / f"{name}.pth").touch()
    plan = Plan(copy.deepcopy(config))
    settings = Settings(plan)
    assert [run.points for run in plan.reranked("cats") if run.base.label == "pixels"][-1] == "lightglue"
    told = json.loads(settings.keypoints("lightglue"))
    assert told["features"] == "aliked" and told["manifest"] == {"aliked-n16": own}
    assert "manifest" not in json.loads(settings.keypoints("local"))
    judged = json.loads(settings.evaluate("cats", "pixels-s1+lightglue"))
    assert list(judged["manifest"]) == list(plan.rerank_weights("cats", "pixels-s1+lightglue")) == ["aliked-lightglue"]
    assert "manifest" not in json.loads(settings.evaluate("cats", "pixels-s1+local"))
    config["rerank"]["lightglue"]["features"] = "disk"  # which has a LightGlue of its own
    with pytest.raises(ConfigError, match=r"rerank.lightglue: nobody has stated the checksum of disk_lightglue.pth"):
        Plan(config)
