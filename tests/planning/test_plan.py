"""The configuration: defaults, overrides, and one clear sentence for each mistake."""

import copy
import json
import os
import shutil

import pytest
import yaml
from conftest import ROOT

from pugmark.planning import configuration, handover, listing, versions
from pugmark.planning.configuration import ConfigError
from pugmark.planning.manifest import Manifest
from pugmark.planning.plan import Plan, canonical


@pytest.fixture
def config(tmp_path):
    """Two real batch folders and a model without weights."""
    for batch in ("2024-05", "2024-06"):
        (tmp_path / "media" / batch).mkdir(parents=True)
        (tmp_path / "media" / batch / "a.jpg").write_bytes(batch.encode())
    return {
        "results": str(tmp_path / "results"),
        "collections": {"cats": {"batches": f"{tmp_path}/media/*", "detect": {"name": "whole"}}},
        "methods": {"random": {}, "pixels": None, "mine": {"method": "resnet50", "epochs": 3, "weights": None}},
        "seeds": [1, 2],
    }


def test_the_default_configuration_is_complete_and_valid():
    plan = Plan(yaml.safe_load((ROOT / "config.yaml").read_text()))
    assert plan.batches("demo") == ["batch_01", "batch_02", "batch_03"]
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


def test_other_settings_make_another_version_of_the_model_and_no_other_model(config):
    config["collections"]["cats"]["individuals"] = 5

    def versions():
        plan = Plan(copy.deepcopy(config))
        return {run.name: plan.model(run) for run in plan.runs("cats")}

    before = versions()
    assert all(f"/cats/models/{name}/" in path for name, path in before.items())
    config["methods"]["pixels"] = {"height": 16}
    config["collections"]["cats"]["individuals"] = 6
    changed = {name for name, path in versions().items() if path != before[name]}
    assert changed == {"pixels-s1", "pixels-s2"}


def test_a_model_is_finished_with_all_of_its_files_and_no_more_once_one_is_removed(config, tmp_path):
    plan = Plan(config)
    run, names = plan.run("cats", "pixels-s1"), ("model.pt", "trained.parquet", "model.json")
    folder = tmp_path / "results" / "cats" / "models" / "pixels-s1" / plan.version(run)
    folder.mkdir(parents=True)
    for name in names:
        assert not plan.is_trained(run)
        (folder / name).touch()
    assert plan.is_trained(run)
    for name in names:
        (folder / name).rename(folder / "away")
        assert not plan.is_trained(run), name
        (folder / "away").rename(folder / name)


def test_what_is_left_out_is_said_with_its_reason(config):
    config["collections"]["cats"]["labels"] = "none"
    assert Plan(config).left_out == ["mine is left out of cats: it needs named individuals (labels: none)."]


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


MISTAKES = {
    "top level: Unknown key 'detec': did you mean 'detect'?": {"detec": {}},
    "Unknown method 'pixles': did you mean 'pixels'?": {"methods": {"pixles": {}}},
    "Unknown setting of method resnet50 'epoch': did you mean 'epochs'?": {"methods": {"resnet50": {"epoch": 1}}},
    "methods is empty: name at least one.": {"methods": {}},
    "collections is empty: name at least one.": {"collections": {}},
    "Unknown key 'pading': did you mean 'padding'?": {"crop": {"pading": 1}},
    "crop.padding is 'wide': write a number": {"crop": {"padding": "wide"}},
    "seeds is 3: write a list, such as [a, b] (Every method runs once with each).": {"seeds": 3},
    "seeds is empty: name at least one.": {"seeds": []},
    "methods is ['pixels']: write lines of `key: value` (": {"methods": ["pixels"]},
    "collections.x: give either `batches`": {"collections": {"x": {}}},
    "Unknown key 'batch': did you mean 'batches'?": {"collections": {"x": {"batch": "y"}}},
    "no folder matches /nowhere/*": {"collections": {"x": {"batches": "/nowhere/*"}}},
    "mask.policy: Unknown word 'grabcat': did you mean 'grabcut'?": {"mask": {"policy": "grabcat"}},
    "mask: 'isnet' is a required property": {"mask": {"policy": "union_iou", "sam": "sam_vit_b"}},
    "Unknown detector 'wholee': did you mean 'whole'?": {"detect": {"name": "wholee"}},
}


@pytest.mark.parametrize("sentence", MISTAKES)
def test_each_mistake_is_one_clear_sentence(config, sentence):
    changed = copy.deepcopy(config) | MISTAKES[sentence]
    if "detect" in MISTAKES[sentence]:
        del changed["collections"]["cats"]["detect"]
    with pytest.raises(ConfigError) as error:
        Plan(changed)
    assert sentence in str(error.value)


def test_a_mistake_in_a_collections_own_section_names_the_collection(config):
    config["collections"]["cats"]["crop"] = {"padding": "wide"}
    with pytest.raises(ConfigError, match=r"collections\.cats\.crop\.padding is 'wide': write a number"):
        Plan(config)


def test_an_unknown_setting_of_a_detector_is_refused(config):
    config["collections"]["cats"]["detect"] = {"name": "motion", "min_aera": 3}
    with pytest.raises(ConfigError, match="setting of detector motion 'min_aera': did you mean 'min_area'"):
        Plan(config)


def test_missing_weights_name_file_address_and_folder(config, tmp_path, monkeypatch):
    monkeypatch.delenv("PUGMARK_WEIGHTS", raising=False)
    config["methods"] = {"imagenet": {"weights": "resnet50-imagenet"}}
    config["weights"] = {"folder": str(tmp_path)}
    with pytest.raises(ConfigError, match=rf"resnet50-0676ba61.pth is not in {tmp_path}\..*https://.*download: true"):
        Plan(config)
    (tmp_path / "resnet50-0676ba61.pth").touch()
    plan = Plan(config)
    place = f"{plan.results}/weights/0676ba61/resnet50-0676ba61.pth"  # the same wherever they come from
    assert plan.run_weights(plan.runs("cats")[0]) == {"resnet50-imagenet": place}


def test_an_unknown_network_is_refused_where_the_run_starts_and_not_again_by_its_jobs(config):
    config["methods"] = {"imagenet": {"backbone": "resnet19", "weights": None}}
    with pytest.raises(ConfigError, match=r"methods\.imagenet, backbone: torchvision has no network 'resnet19'"):
        Plan(copy.deepcopy(config))
    Plan(config, {"folders": {name: {} for name in config["collections"]}, "names": {}})


@pytest.mark.parametrize(
    ("sha256", "licence", "has_url"), [("f37072fd" + 56 * "0", "BSD-3-Clause", True), (64 * "0", "not stated", False)]
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
    path = plan.run_weights(plan.runs("cats")[0])["resnet50-imagenet"]
    assert path == f"{plan.results}/weights/0676ba61/resnet50-0676ba61.pth"
    assert plan.manifest.entry(path)["url"].startswith("https://")


def test_the_order_of_keys_changes_no_setting():
    assert canonical({"a": 1, "b": {"c": 2, "d": 3}}) == canonical({"b": {"d": 3, "c": 2}, "a": 1})


def test_every_key_of_the_schema_is_described():
    schema = yaml.safe_load(configuration.SCHEMA.read_text())

    def undescribed(spec, path=""):
        for key, inner in spec.get("properties", {}).items():
            if "$ref" not in inner and "description" not in inner and "properties" not in inner:
                yield f"{path}.{key}"
            yield from undescribed(inner, f"{path}.{key}")

    assert not [*undescribed(schema), *(key for d in schema["$defs"].values() for key in undescribed(d))]


class TestListing:
    """The checksums of a batch folder change when a result would, and at no other time."""

    @pytest.fixture
    def batch(self, tmp_path):
        (tmp_path / "st 1").mkdir()
        (tmp_path / "st 1" / "ä.jpg").write_bytes(b"123")
        (tmp_path / "labels.csv").write_text("path,individual,station\nst 1/ä.jpg,Ann,one\n")
        return tmp_path

    @staticmethod
    def changed(batch, change):
        """The checksums that are others after `change`."""
        before = listing.of(batch)
        change()
        after = listing.of(batch)
        return {kind for kind in ("media", "labels", "names", "stamp") if getattr(before, kind) != getattr(after, kind)}

    def test_touching_changes_the_stamp_alone(self, batch):
        assert self.changed(batch, lambda: os.utime(batch / "st 1" / "ä.jpg", (1, 1))) == {"stamp"}

    @pytest.mark.parametrize("path, content", [("st 1/ä.jpg", b"1234"), ("new.jpg", b""), ("x.json", b"{}")])
    def test_another_file_or_size_names_nobody_anew(self, batch, path, content):
        changed = self.changed(batch, lambda: (batch / path).write_bytes(content))
        assert changed - {"stamp"} == {"media", "labels"} and ("stamp" in changed) == path.endswith("jpg")

    def test_a_corrected_name_changes_labels_and_names(self, batch):
        table = "path,individual,station\nst 1/ä.jpg,Bob,one\n"
        changed = self.changed(batch, lambda: (batch / "labels.csv").write_text(table))
        assert changed - {"stamp"} == {"labels", "names"}

    def test_a_row_without_a_name_changes_no_names(self, batch):
        table = "path,individual,station\nst 1/ä.jpg,Ann,one\nb.jpg,,two\n"
        changed = self.changed(batch, lambda: (batch / "labels.csv").write_text(table))
        assert changed - {"stamp"} == {"media", "labels"}

    def test_a_table_of_boxes_without_a_header_is_names(self, batch):
        (batch / "scenes.csv").write_text("koi,1,2,3,4,scene00001.jpg,952,540\n")
        table = "carp,1,2,3,4,scene00001.jpg,952,540\n"
        assert "names" in self.changed(batch, lambda: (batch / "scenes.csv").write_text(table))

    def test_hidden_files_are_nothing_and_a_broken_link_is_something(self, batch):
        assert self.changed(batch, lambda: (batch / ".DS_Store").write_text("x")) == set()
        assert "media" in self.changed(batch, lambda: (batch / "gone.jpg").symlink_to("nowhere.jpg"))

    def test_a_table_that_is_none_is_left_to_the_stage_that_reads_it(self, batch):
        (batch / "labels.csv").write_text('path,individual\n"' + "x" * 200_000 + '"\n')
        assert listing.of(batch).names


class TestVersions:
    """A model that learned names is kept while the names that it learned from stand."""

    @pytest.fixture
    def named(self, config, tmp_path):
        for batch in ("2024-05", "2024-06"):
            (tmp_path / "media" / batch / "labels.csv").write_text("path,individual\na.jpg,Ann\n")
        return config

    @staticmethod
    def train(config):
        """{run: version} after pretending that every model was finished."""
        plan = Plan(copy.deepcopy(config))
        for run in plan.runs("cats"):
            os.makedirs(plan.model(run), exist_ok=True)
            versions.keep(json.loads(plan.training(run)), plan.model(run))
        return {run.name: plan.version(run) for run in plan.runs("cats")}

    @staticmethod
    def versions(config):
        plan = Plan(copy.deepcopy(config))
        return {run.name: plan.version(run) for run in plan.runs("cats")}

    def test_a_new_batch_keeps_every_model(self, named, tmp_path):
        before = self.train(named)
        (tmp_path / "media" / "2024-07").mkdir()
        (tmp_path / "media" / "2024-07" / "labels.csv").write_text("path,individual\nb.jpg,Bob\n")
        assert self.versions(named) == before

    def test_a_removed_batch_keeps_every_model(self, named, tmp_path):
        before = self.train(named)
        shutil.rmtree(tmp_path / "media" / "2024-06")
        assert self.versions(named) == before

    def test_a_corrected_name_asks_for_the_models_that_learn_from_names_and_back(self, named, tmp_path):
        before, labels = self.train(named), tmp_path / "media" / "2024-05" / "labels.csv"
        labels.write_text("path,individual\na.jpg,Bob\n")
        after = self.train(named)
        assert {name for name in before if before[name] != after[name]} == {"mine-s1", "mine-s2"}
        labels.write_text("path,individual\na.jpg,Ann\n")
        assert self.versions(named) == before

    def test_a_corrected_name_in_a_batch_that_came_later_keeps_the_model(self, named, tmp_path):
        before = self.train(named)
        (tmp_path / "media" / "2024-07").mkdir()
        for name in ("Bob", "Cid"):
            (tmp_path / "media" / "2024-07" / "labels.csv").write_text(f"path,individual\nb.jpg,{name}\n")
            assert self.versions(named) == before

    def test_an_edited_record_is_no_models(self, named, tmp_path):
        before = self.train(named)
        for record in (tmp_path / "results").rglob(versions.RECORD):
            settings = json.loads(record.read_text())
            versions.keep(settings | {"names": dict(list(settings["names"].items())[:1])}, record.parent)
        assert self.versions(named) == before

    def test_jobs_know_what_the_run_began_with(self, named, tmp_path, monkeypatch):
        for variable in (handover.VARIABLE, "PUGMARK_WEIGHTS"):
            monkeypatch.setenv(variable, "")  # and so put back
        assert handover.received() is None
        plan = Plan(copy.deepcopy(named))
        handover.give(plan)
        (tmp_path / "media" / "2024-07").mkdir()
        (tmp_path / "media" / "2024-05" / "labels.csv").write_text("path,individual\na.jpg,Bob\n")
        job = Plan(copy.deepcopy(named), handover.received())
        assert job.batches("cats") == ["2024-05", "2024-06"]
        assert [job.version(run) for run in job.runs("cats")] == [plan.version(run) for run in plan.runs("cats")]


def test_a_large_batch_is_known_by_its_shards(config):
    config["collections"]["cats"]["shards"] = {"*-05": 3}
    plan = Plan(config)
    assert plan.batches("cats") == ["2024-05.1of3", "2024-05.2of3", "2024-05.3of3", "2024-06"]
    assert plan.folder("cats", "2024-05.2of3") == plan.folders["cats"]["2024-05"]


def test_a_folder_called_like_a_shard_is_refused(config, tmp_path):
    (tmp_path / "media" / "x.1of2").mkdir()
    with pytest.raises(ConfigError, match=r"rename .*x\.1of2: its name is that of a shard"):
        Plan(config)


def test_settings_are_canonical_json(config):
    plan = Plan(config)
    assert json.loads(plan.settings("cats", "crop", extra=1)) == {**plan.collections["cats"]["crop"], "extra": 1}
