"""What runs again and what does not, on the real DAG. `project` is finished, so what is planned is a consequence."""

import re
import shutil

import pytest
from project import NAMES, ONCE, PER_RUN, checkout

from pugmark import tables
from pugmark.identity import ledger

# Runs: 5 on the drawn collection (two batches), 4 on the folder (one batch).
EVERY_RUN = 9
# A model, its features in three batches, and what is made of them, for a method that both collections run.
ONE_METHOD = {"train": 2, "embed": 3, "cluster": 2, "evaluate": 2, "report": 1}


@pytest.fixture
def aside(project):
    """`project`, whose media, configuration and checkout are put back afterwards."""
    config, media, workflow = project.config, project.folder / "media", project.checkout / "workflow"
    project.config = {**config, "collections": {**config["collections"]}, "methods": {**config["methods"]}}
    saved = project.folder / "saved"
    shutil.copytree(media, saved)
    shutil.copytree(workflow, project.folder / "saved workflow")
    yield project
    project.config = config
    for place, copy in ((media, saved), (workflow, project.folder / "saved workflow")):
        shutil.rmtree(place)
        copy.rename(place)


def test_nothing_changed_nothing_runs(project):
    assert "Nothing to be done" in project.run("-n")


def test_touching_everything_runs_nothing(aside):
    for folder in (aside.folder / "media", aside.checkout):
        for path in folder.rglob("*"):
            path.touch()
    assert aside.planned() == {}


def test_other_threads_and_resources_run_nothing(project):
    assert project.planned("--set-threads", "train=1", "--set-resources", "detect:mem_mb=9000", "--cores", "1") == {}


def test_another_checkout_of_the_same_code_runs_nothing(aside, tmp_path):
    aside.checkout, before = checkout(tmp_path), aside.checkout
    assert aside.planned() == {}
    aside.checkout = before


def test_another_place_for_the_weights_runs_nothing(project, tmp_path):
    assert project.planned(PUGMARK_WEIGHTS=str(tmp_path)) == {}


def test_a_new_batch_costs_its_own_jobs_and_the_aggregates_and_no_training(aside):
    aside.photographs("day 2")
    aggregates = {"split": 1, "cluster": 4, "evaluate": 4, "report": 1}
    assert aside.planned() == dict.fromkeys((*ONCE, "encounter", *NAMES), 1) | {"embed": 4} | aggregates


def test_a_changed_file_inside_an_old_batch_costs_that_batch_and_no_training(aside):
    picture = next((aside.folder / "media" / "day 1").glob("*.JPG"))
    picture.write_bytes(picture.read_bytes() + b"\0")
    aggregates = {"split": 1, "cluster": 4, "evaluate": 4, "report": 1}
    assert aside.planned() == dict.fromkeys((*ONCE, "encounter", *NAMES), 1) | {"embed": 4} | aggregates


def test_a_removed_batch_costs_the_aggregates(aside):
    aside.photographs("day 2")
    aside.run()
    shutil.rmtree(aside.folder / "media" / "day 2")
    assert aside.planned() == {"split": 1, "cluster": 4, "evaluate": 4, "report": 1} | dict.fromkeys(NAMES, 1)
    aside.run()
    assert aside.planned() == {}


def test_one_more_method_runs_its_own_jobs(aside):
    aside.config["methods"]["noise"] = {"method": "random"}
    folder = aside.config["collections"]["folder"]
    aside.config["collections"]["folder"] = folder | {"methods": [*folder["methods"], "noise"]}
    assert aside.planned() == ONE_METHOD


def test_one_more_collection_runs_its_own_jobs(aside):
    aside.config["collections"]["copy"] = dict(aside.config["collections"]["folder"])
    once = dict.fromkeys((*ONCE, "split", "report", "encounter", *NAMES), 1)
    assert aside.planned() == once | dict.fromkeys(PER_RUN, 4)


def test_a_setting_of_one_method_reruns_that_method(aside):
    aside.config["methods"]["pixels"] = {"height": 16}
    assert aside.planned() == ONE_METHOD


def test_a_setting_and_a_batch_at_once_retrain_that_method(aside):
    aside.photographs("day 2")
    aside.config["methods"]["pixels"] = {"height": 16}
    assert aside.planned()["train"] == 2


@pytest.mark.parametrize(
    "file, run, expected",
    [
        ("methods/pixels.py", "pixels-s1", ONE_METHOD),
        ("learning/classification.py", "supervised-s1", ONE_METHOD | dict.fromkeys(NAMES, 1)),
        ("learning/pairs.py", "video-s1", {"train": 1, "embed": 2, "cluster": 1, "evaluate": 1, "report": 1}),
    ],
)
def test_an_edit_reruns_exactly_the_methods_that_use_the_file(aside, file, run, expected):
    with open(aside.checkout / "workflow" / "pugmark" / file, "a") as module:
        module.write("# edited\n")
    said = aside.run("-n", "--quiet", "host")
    assert aside.planned() == expected
    assert set(re.findall(r"/models/([^/]+)/[0-9a-f]{12}/model.pt", said)) == {run}


def test_an_edit_to_the_detector_reruns_from_there_and_trains_nothing(aside):
    with open(aside.checkout / "workflow" / "pugmark" / "detectors" / "whole.py", "a") as module:
        module.write("# edited\n")
    planned = aside.planned()
    assert "train" not in planned and "ingest" not in planned
    assert {rule: planned[rule] for rule in ("detect", "mask", "crop", "label")} == dict.fromkeys(ONCE[1:], 1)


def test_a_corrected_name_reruns_evaluation_and_the_training_of_who_learns_names(aside):
    labels = aside.folder / "media" / "day 1" / "labels.csv"
    lines = labels.read_text().splitlines()
    path, _, station = lines[1].split(",")
    labels.write_text("\n".join([lines[0], f"{path},someone else,{station}", *lines[2:]]) + "\n")
    said, planned = aside.run("-n", "--quiet", "host"), aside.planned()
    again = {"label": 1, "split": 1, "train": 1, "cluster": 4, "evaluate": 4, "report": 1}
    # Of the features those of the retrained model, and of the oracle, which is shown the names.
    assert planned == again | {"embed": 2, "encounter": 1} | dict.fromkeys(NAMES, 1)
    assert set(re.findall(r"/models/([^/]+)/[0-9a-f]{12}/model.pt", said)) == {"supervised-s1", "oracle-s1"}


def test_a_new_row_of_names_reruns_what_a_corrected_name_does(aside):
    labels = aside.folder / "media" / "day 1" / "labels.csv"
    lines = labels.read_text().splitlines()
    labels.write_text("\n".join([*lines, f"{lines[1].split(',')[0]},someone else,", "", ",,"]) + "\n")
    again = {"label": 1, "split": 1, "train": 1, "cluster": 4, "evaluate": 4, "report": 1}
    assert aside.planned() == again | {"embed": 2, "encounter": 1} | dict.fromkeys(NAMES, 1)


def test_a_first_table_of_names_reruns_no_pictures(aside):
    folder = aside.photographs("day 2")
    names = [line.rsplit(",", 1)[0] for line in (folder / "labels.csv").read_text().splitlines()]
    (folder / "labels.csv").unlink()
    aside.run()
    assert aside.planned() == {}
    (folder / "labels.csv").write_text("")
    assert aside.planned() == {}
    (folder / "labels.csv").write_text("\n".join(names) + "\n")
    # The oracle alone is shown the names of the new batch; no model learned from it.
    again = {"label": 1, "split": 1, "embed": 1, "cluster": 4, "evaluate": 4, "report": 1, "encounter": 1}
    assert aside.planned() == again | dict.fromkeys(NAMES, 1)


def test_a_new_batch_trains_nothing_after_a_corrected_name_was_learned(aside):
    labels = aside.folder / "media" / "day 1" / "labels.csv"
    labels.write_text(labels.read_text().replace(",P01,", ",P09,"))
    aside.run()
    assert aside.planned() == {}
    aside.photographs("day 2")
    assert "train" not in aside.planned()
    shutil.rmtree(aside.folder / "media" / "day 2")
    labels.write_text(labels.read_text().replace(",P09,", ",P01,"))
    # The model of the names as they were is still there, and its features are made again in the same run.
    planned = aside.planned()
    assert "train" not in planned and planned["embed"] == 2
    aside.run()
    assert aside.planned() == {}


def test_a_batch_and_an_edit_to_the_features_at_once_make_all_of_them_anew(aside):
    aside.photographs("day 2")
    with open(aside.checkout / "workflow" / "pugmark" / "stages" / "embed.py", "a") as module:
        module.write("# edited\n")
    # Four runs on two batches of the folder, five on two drawn ones.
    assert aside.planned()["embed"] == 18 and "train" not in aside.planned()


def test_a_persons_answers_change_the_names_and_no_features(aside):
    """The way of a person: run, answer, run again, nothing left to do; and take the answer back."""
    answered, home = (
        dict.fromkeys(("identify", "decide", "review", "export", "report"), 1),
        aside.folder / "review/folder",
    )
    before = names(aside)
    one, other = before.drop_duplicates().index[:2]
    line = ledger.Line(ledger.now(), "Ana", other, one, "", "", "same", "", "", "0", "")
    ledger.append(home, line)
    assert aside.planned() == answered
    aside.run()
    assert names(aside)[other] == names(aside)[one] == before[one] != before[other] and aside.planned() == {}
    found = tables.read(aside.folder / "results/folder/changes.parquet", "changes")
    assert set(found["change"]) == {"merged"} and set(found["before"]) == {before[one], before[other]}
    ledger.append(home, line._replace(time=ledger.now(), answer="withdrawn", supersedes=line.time))
    aside.run()
    assert names(aside).equals(before) and aside.planned() == {}
    shutil.rmtree(aside.folder / "review")


def names(project):
    """The name of each encounter of the folder."""
    return tables.read(project.folder / "results/folder/identities.parquet", "identities").set_index("encounter")[
        "individual"
    ]


def test_training_can_be_asked_for(project):
    assert project.planned("--forcerun", "train")["train"] == EVERY_RUN
    assert project.planned("--forceall")["train"] == EVERY_RUN


def test_training_can_be_asked_for_while_the_split_is_still_to_be_made(aside):
    aside.config["split"] = {"train": 0.6}
    assert aside.planned("--forcerun", "train")["train"] == EVERY_RUN
