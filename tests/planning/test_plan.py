"""What the configuration amounts to: batches, runs, and what is left out."""

import copy

import pytest
import yaml
from places import ROOT
from planning.cats import cats

from pugmark.planning.configuration import ConfigError
from pugmark.planning.manifest import Manifest
from pugmark.planning.plan import Plan


@pytest.fixture
def config(tmp_path):
    return cats(tmp_path)


def test_the_default_configuration_is_complete_and_valid():
    plan = Plan(yaml.safe_load((ROOT / "config.yaml").read_text()))
    assert plan.batches("demo") == ["batch_01", "batch_02", "batch_03", "batch_04"]
    assert {run.method for run in plan.runs("demo")} >= {"oracle", "random", "pixels"}


def test_every_matching_folder_is_a_batch_and_files_are_not(config, tmp_path):
    (tmp_path / "media" / "notes.txt").touch()
    assert Plan(config).batches("cats") == ["2024-05", "2024-06"]


def test_defaults_are_filled_in_and_overrides_win_per_collection(config):
    config["crop"] = {"padding": 0.2}
    config["collections"]["cats"]["crop"] = {"min_side": 64}
    crop = Plan(config).collections["cats"]["crop"]
    assert crop == {"padding": 0.2, "min_side": 64, "min_confidence": 0, "jpeg_quality": 95}


def test_a_run_per_method_and_seed_with_complete_parameters(config):
    runs = {run.name: run for run in Plan(config).runs("cats")}
    assert sorted(runs) == ["mine-s1", "mine-s2", "pixels-s1", "pixels-s2", "random-s1", "random-s2"]
    assert runs["mine-s2"].params["epochs"] == 3 and "backbone" in runs["mine-s2"].params


def test_models_of_another_collection_are_used_where_asked(config):
    config["collections"]["kittens"] = {**config["collections"]["cats"], "train_on": "cats"}
    assert {run.source for run in Plan(config).runs("kittens")} == {"cats"}


def test_a_file_beside_the_ledgers_that_is_no_csv_is_told(config, tmp_path):
    config["collections"]["cats"]["ledger"] = str(tmp_path / "answers")
    (tmp_path / "answers").mkdir()
    for name in ("Ana.csv", ".hidden", "notes.xlsx"):
        (tmp_path / "answers" / name).write_text("")
    assert Plan(config).left_out == [
        f"{tmp_path}/answers/notes.xlsx holds no answers that can be read: only CSV files do. Save it as CSV."
    ]


def test_what_is_left_out_is_said_with_its_reason(config):
    config["collections"]["cats"]["labels"] = "none"
    assert Plan(config).left_out == ["mine is left out of cats: it needs named individuals (labels: none)."]


def test_a_tracker_is_left_out_where_each_picture_is_one_box(config):
    config["methods"] = {"sort": {}, "pixels": {}}
    (said,) = Plan(copy.deepcopy(config)).left_out
    assert said == (
        "sort is left out of cats: it needs boxes to follow from frame to frame (`detect: {name: whole}` makes each "
        "picture one box)."
    )
    config["collections"]["cats"]["detect"] = {"name": "motion"}
    assert Plan(config).left_out == []


def test_a_grouping_that_was_asked_for_and_lacks_the_head_count_is_said(config):
    config["cluster"] = {"algorithms": {"kmeans": {}, "kmeans_per_frame": {}}}
    said = "kmeans_per_frame is left out of cats: it needs the number of individuals (`individuals:`)."
    assert said in Plan(copy.deepcopy(config)).left_out
    config["collections"]["cats"]["individuals"] = 3
    assert said not in Plan(config).left_out


def test_a_study_that_every_collections_own_list_passes_over_is_said(config):
    config["studies"] = {"sizes": {"method": "pixels", "grid": {"height": [16, 24]}}}
    assert not any("sizes" in said for said in Plan(copy.deepcopy(config)).left_out)
    config["collections"]["cats"]["methods"] = ["pixels"]
    (said,) = Plan(copy.deepcopy(config)).left_out
    assert "Study sizes runs nowhere" in said and "`collections: [cats]`" in said
    config["studies"]["sizes"]["collections"] = ["cats"]
    assert Plan(config).left_out == []


def test_supervised_methods_are_left_out_where_nothing_is_named_and_refused_where_asked_for(config):
    config["collections"]["cats"]["labels"] = "none"
    assert "mine" not in {run.label for run in Plan(config).runs("cats")}
    config["collections"]["cats"]["methods"] = ["mine"]
    with pytest.raises(ConfigError, match="mine needs named individuals"):
        Plan(config)


def test_the_oracle_is_left_out_where_nothing_is_named(config):
    config["methods"] = {"oracle": {}, "pixels": {}}
    config["collections"]["cats"]["labels"] = "none"
    plan = Plan(config)
    assert {run.label for run in plan.runs("cats")} == {"pixels"}
    assert plan.left_out == ["oracle is left out of cats: it needs named individuals (labels: none)."]


def test_missing_weights_name_file_address_and_folder(config, tmp_path, monkeypatch):
    monkeypatch.delenv("PUGMARK_WEIGHTS", raising=False)
    config["methods"] = {"imagenet": {"weights": "resnet50-imagenet"}}
    config["weights"] = {"folder": str(tmp_path)}
    with pytest.raises(
        ConfigError,
        match=rf"resnet50-0676ba61.pth \(resnet50-imagenet\) is not in {tmp_path}\..*https://.*download: true",
    ):
        Plan(config)
    (tmp_path / "resnet50-0676ba61.pth").touch()
    plan = Plan(config)
    place = f"{plan.results}/weights/0676ba61/resnet50-0676ba61.pth"  # the same wherever they come from
    assert plan.models.weights(plan.runs("cats")[0]) == {"resnet50-imagenet": place}


def test_an_unknown_network_is_refused_where_the_run_starts_and_not_again_by_its_jobs(config):
    config["methods"] = {"imagenet": {"backbone": "resnet19", "weights": None}}
    with pytest.raises(ConfigError, match=r"methods\.imagenet, backbone: torchvision has no network 'resnet19'"):
        Plan(copy.deepcopy(config))
    Plan(config, {"folders": {name: {} for name in config["collections"]}, "names": {}})


@pytest.mark.parametrize(
    ("sha256", "licence", "has_url"),
    [
        ("f37072fd" + 56 * "0", "BSD-3-Clause", True),
        ("F37072FD" + 56 * "0", "BSD-3-Clause", True),
        (64 * "0", "not stated", False),
    ],
)
def test_another_checksum_is_a_file_of_another_licence_and_place(sha256, licence, has_url):
    own = {"folder": None, "download": False, "files": {"resnet18-imagenet": {"sha256": sha256}}}
    entry = Manifest(own, "results").entries["resnet18-imagenet"]
    assert entry["licence"].startswith(licence) and entry["file"] == "resnet18-f37072fd.pth"
    assert (entry["url"] is not None) == has_url


def test_a_folder_of_pictures_is_told_from_a_folder_of_batches(config, tmp_path):
    (tmp_path / "spring").mkdir()
    (tmp_path / "spring" / "1.jpg").touch()
    config["collections"]["cats"] = {"batches": str(tmp_path / "spring" / "*")}
    with pytest.raises(ConfigError, match=r"only files, such as .*spring/1\.jpg; write the folder that holds them"):
        Plan(config)


def test_folders_of_individuals_are_not_taken_for_batches(config, tmp_path):
    spring = tmp_path / "cows" / "spring"
    (spring / "Ada").mkdir(parents=True)
    (spring / "Ada" / "1.jpg").touch()
    config["collections"]["cats"] = {"batches": str(spring / "*"), "labels": "folders"}
    with pytest.raises(ConfigError, match=rf"If that is an individual, write `batches: {spring}`"):
        Plan(config)
    config["collections"]["cats"]["batches"] = str(tmp_path / "cows" / "*")
    assert Plan(config).folders["cats"] == {"spring": str(spring)}


def test_weights_without_a_checksum_are_refused_before_anything_is_fetched(config):
    config["collections"]["cats"]["detect"] = {"name": "ultralytics", "weights": "megadetector-larch"}
    config["weights"] = {"download": True}
    with pytest.raises(ConfigError, match=r"weights\.files\.megadetector-larch\.sha256"):
        Plan(config)
    config["weights"]["files"] = {"megadetector-larch": {"sha256": "0" * 64}}
    assert Plan(config).detect_weights("cats")["megadetector-larch"].endswith("/weights/00000000/md_v1000.0.0-larch.pt")


def test_missing_weights_are_fetched_where_downloads_are_allowed(config, monkeypatch):
    monkeypatch.delenv("PUGMARK_WEIGHTS", raising=False)
    config["methods"] = {"imagenet": {"weights": "resnet50-imagenet"}}
    config["weights"] = {"download": True}
    plan = Plan(config)
    path = plan.models.weights(plan.runs("cats")[0])["resnet50-imagenet"]
    assert path == f"{plan.results}/weights/0676ba61/resnet50-0676ba61.pth"
    assert plan.manifest.entry(path)["url"].startswith("https://")


def test_a_large_batch_is_known_by_its_shards(config):
    config["collections"]["cats"]["shards"] = {"*-05": 3}
    plan = Plan(config)
    assert plan.batches("cats") == ["2024-05.1of3", "2024-05.2of3", "2024-05.3of3", "2024-06"]
    assert plan.folder("cats", "2024-05.2of3") == plan.folders["cats"]["2024-05"]


def test_a_folder_called_like_a_shard_is_refused(config, tmp_path):
    (tmp_path / "media" / "x.1of2").mkdir()
    with pytest.raises(ConfigError, match=r"rename .*x\.1of2: its name is that of a shard"):
        Plan(config)


def test_a_table_of_stations_must_be_there_and_the_ledger_is_read_where_it_is_named(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config["collections"]["cats"]["stations"] = "stations.csv"
    with pytest.raises(ConfigError, match=r"collections\.cats\.stations: there is no file stations\.csv"):
        Plan(config)
    (tmp_path / "stations.csv").touch()
    plan = Plan(config)
    assert plan.stations("cats") == ["stations.csv"] and plan.ledgers("cats") == []
    (tmp_path / "review/cats").mkdir(parents=True)
    (tmp_path / "review/cats/Ana.csv").touch()
    assert plan.ledgers("cats") == ["review/cats/Ana.csv"]
    config["collections"]["cats"]["ledger"] = "elsewhere"
    assert Plan(config).ledgers("cats") == []
