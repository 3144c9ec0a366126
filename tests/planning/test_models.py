"""Which model is a run's: a model that learned names is kept while the names that it learned from stand."""

import copy
import json
import os
import shutil

import pytest
from planning.cats import cats

from pugmark.planning import handover, versions
from pugmark.planning.configuration import ConfigError
from pugmark.planning.plan import Plan


@pytest.fixture
def config(tmp_path):
    return cats(tmp_path)


def test_other_settings_make_another_version_of_the_model_and_no_other_model(config):
    config["collections"]["cats"]["individuals"] = 5

    def folders():
        plan = Plan(copy.deepcopy(config))
        return {run.name: plan.models.folder(run) for run in plan.runs("cats")}

    before = folders()
    assert all(f"/cats/models/{name}/" in path for name, path in before.items())
    config["methods"]["pixels"] = {"height": 16}
    config["collections"]["cats"]["individuals"] = 6
    changed = {name for name, path in folders().items() if path != before[name]}
    assert changed == {"pixels-s1", "pixels-s2"}


def test_the_number_of_animals_counts_where_k1_is_derived_from_it(config):
    config["collections"]["cats"]["individuals"] = 5
    config["methods"] = {"spcl": {"weights": None}, "own": {"method": "spcl", "weights": None, "k1": 7}}
    config["methods"]["bound"] = {"method": "spcl", "weights": None, "labels": "identity"}
    plan = Plan(config)
    told = {run.label: plan.models._settings(run)["individuals"] for run in plan.runs("cats")}
    assert told == {"spcl": 5, "own": None, "bound": None}


def test_a_model_is_finished_with_all_of_its_files_and_no_more_once_one_is_removed(config, tmp_path):
    plan = Plan(config)
    run, names = plan.run("cats", "pixels-s1"), ("model.pt", "trained.parquet", "model.json")
    folder = tmp_path / "results" / "cats" / "models" / "pixels-s1" / plan.models.version(run)
    folder.mkdir(parents=True)
    for name in names:
        assert not plan.models.is_trained(run)
        (folder / name).touch()
    assert plan.models.is_trained(run)
    for name in names:
        (folder / name).rename(folder / "away")
        assert not plan.models.is_trained(run), name
        (folder / "away").rename(folder / name)


@pytest.fixture
def named(config, tmp_path):
    for batch in ("2024-05", "2024-06"):
        (tmp_path / "media" / batch / "labels.csv").write_text("path,individual\na.jpg,Ann\n")
    return config


def train(config):
    """{run: version} after pretending that every model was finished."""
    plan = Plan(copy.deepcopy(config))
    for run in plan.runs("cats"):
        os.makedirs(plan.models.folder(run), exist_ok=True)
        versions.keep(json.loads(plan.models.training(run)), plan.models.folder(run))
    return {run.name: plan.models.version(run) for run in plan.runs("cats")}


def current(config):
    plan = Plan(copy.deepcopy(config))
    return {run.name: plan.models.version(run) for run in plan.runs("cats")}


def test_a_new_batch_keeps_every_model(named, tmp_path):
    before = train(named)
    (tmp_path / "media" / "2024-07").mkdir()
    (tmp_path / "media" / "2024-07" / "labels.csv").write_text("path,individual\nb.jpg,Bob\n")
    assert current(named) == before


def test_a_removed_batch_keeps_every_model(named, tmp_path):
    before = train(named)
    shutil.rmtree(tmp_path / "media" / "2024-06")
    assert current(named) == before


def test_a_corrected_name_asks_for_the_models_that_learn_from_names_and_back(named, tmp_path):
    before, labels = train(named), tmp_path / "media" / "2024-05" / "labels.csv"
    labels.write_text("path,individual\na.jpg,Bob\n")
    after = train(named)
    assert {name for name in before if before[name] != after[name]} == {"mine-s1", "mine-s2"}
    labels.write_text("path,individual\na.jpg,Ann\n")
    assert current(named) == before


def test_a_corrected_name_in_a_batch_that_came_later_keeps_the_model(named, tmp_path):
    before = train(named)
    (tmp_path / "media" / "2024-07").mkdir()
    for name in ("Bob", "Cid"):
        (tmp_path / "media" / "2024-07" / "labels.csv").write_text(f"path,individual\nb.jpg,{name}\n")
        assert current(named) == before


def test_an_edited_record_is_no_models(named, tmp_path):
    before = train(named)
    for record in (tmp_path / "results").rglob(versions.RECORD):
        settings = json.loads(record.read_text())
        versions.keep(settings | {"names": dict(list(settings["names"].items())[:1])}, record.parent)
    assert current(named) == before


def test_of_several_models_that_fit_the_one_that_learned_from_most_batches_is_taken(tmp_path):
    settings, today = {"method": "mine", "names": {}}, {"b1": "x", "b2": "y", "b3": "z"}
    for learned in ({"b1": "x"}, {"b1": "x", "b2": "y"}, {"b2": "y"}):
        made = versions.canonical(settings | {"names": learned})
        folder = tmp_path / versions.version(made, "code")
        folder.mkdir()
        (folder / versions.RECORD).write_text(made)
    found = versions.of_names(settings, "code", today, tmp_path)
    assert json.loads(found)["names"] == {"b1": "x", "b2": "y"}


def test_jobs_know_what_the_run_began_with(named, tmp_path, monkeypatch):
    for variable in (handover.VARIABLE, "PUGMARK_WEIGHTS"):
        monkeypatch.setenv(variable, "")  # and so put back
    assert handover.received() is None
    plan = Plan(copy.deepcopy(named))
    handover.give(plan)
    (tmp_path / "media" / "2024-07").mkdir()
    (tmp_path / "media" / "2024-05" / "labels.csv").write_text("path,individual\na.jpg,Bob\n")
    job = Plan(copy.deepcopy(named), handover.received())
    assert job.batches("cats") == ["2024-05", "2024-06"]
    for run in plan.runs("cats"):
        assert job.models.version(run) == plan.models.version(run)


def test_the_content_of_a_file_of_vectors_makes_the_version_and_jobs_keep_what_the_run_began_with(named, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("path,a\n2024-05/a.jpg,1\n")
    named["methods"] = {"own": {"method": "file", "file": str(own)}, "random": {}}

    def versions_of(found=None):
        plan = Plan(copy.deepcopy(named), found)
        return {run.label: plan.models.version(run) for run in plan.runs("cats")}

    began = Plan(copy.deepcopy(named))
    handover.give(began)
    before = versions_of()
    own.touch()
    assert versions_of() == before
    own.write_text("path,a\n2024-05/a.jpg,2\n")
    after = versions_of()
    assert after["own"] != before["own"] and after["random"] == before["random"]
    assert versions_of(handover.received()) == before


def test_a_file_of_vectors_that_is_not_there_is_one_sentence_before_any_work(named):
    named["methods"]["own"] = {"method": "file", "file": "nowhere.csv"}
    with pytest.raises(ConfigError, match=r"methods.own, file: there is no file nowhere.csv: write the path"):
        Plan(named)


def test_joints_are_part_of_what_a_model_rests_on(tmp_path):
    config = cats(tmp_path)
    for folder in (tmp_path / "media").iterdir():
        (folder / "labels.csv").write_text("path,individual\na.jpg,Ann\n")
    joints = tmp_path / "joints.csv"
    config["methods"] = {"ppgnet": {"weights": None, "part_weights": None}}
    with pytest.raises(ConfigError, match=r"ppgnet, joints: ppgnet needs a file: write the path of a table of joints"):
        Plan(copy.deepcopy(config))
    config["methods"]["ppgnet"]["joints"] = str(joints)
    with pytest.raises(ConfigError, match=r"there is no file .*joints.csv"):
        Plan(copy.deepcopy(config))
    versions = []
    for content in ("a", "b"):
        joints.write_text(content)
        plan = Plan(copy.deepcopy(config))
        versions.append(plan.models.version(plan.runs("cats")[0]))
    assert versions[0] != versions[1]
    config["methods"]["ppgnet"]["part_weights"] = "resnet34-imagenett"
    with pytest.raises(ConfigError, match=r"part_weights: .*did you mean 'resnet34-imagenet'"):
        Plan(config)
