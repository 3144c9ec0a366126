"""The real DAG: the embedded survey in a small size, what runs again and what does not, Snakemake's own commands."""

import json
import os
import re
import shutil
import subprocess
import zipfile

import pytest
import yaml
from conftest import ROOT

from pugmark import tables

CONFIG = {
    "results": "results",
    "collections": {
        "drawn": {"synthetic": {"seed": 3, "batches": 2, "individuals": 4}},
        "folder": {"batches": "media/*", "labels": "sidecar", "detect": {"name": "whole"}},
    },
    "detect": {"name": "motion"},
    "methods": {"oracle": {}, "random": {}, "pixels": {}},
    "evaluate": {"resamples": 50},
}


class Project:
    """A working directory with a configuration of its own, beside the checkout."""

    def __init__(self, folder):
        self.folder = folder
        self.config = json.loads(json.dumps(CONFIG))

    def run(self, *options, check=True):
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.config))
        command = [ROOT / ".venv/bin/snakemake", "-s", ROOT / "Snakefile", "--directory", self.folder, "--cores", "2"]
        command += ["--configfile", self.folder / "config.yaml", *options]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=environment())
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self):
        """{rule: number of jobs} that a run would start now."""
        said = self.run("-n", "--quiet", "host")
        table = re.search(r"^Job stats:\n.*?\n-.*?\n(.*?)^total", said, re.M | re.S)
        counts = dict(line.split() for line in table[1].splitlines()) if table else {}
        return {rule: int(n) for rule, n in counts.items() if rule != "all"}

    def metric(self, collection, run, metric, protocol="all"):
        table = tables.read(self.folder / f"results/{collection}/runs/{run}/metrics.parquet", "metrics")
        return table.set_index(["protocol", "metric"]).loc[(protocol, metric), "value"]


def environment():
    return {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A finished run over a drawn survey and over a folder of photographs with labels.csv."""
    made = Project(tmp_path_factory.mktemp("project"))
    from pugmark import synthesise

    synthesise.synthesise(made.folder / "survey", made.folder / "truth", 1, {"seed": 5, "individuals": 3})
    photographs(made.folder, "day 1")
    made.run()
    return made


def photographs(folder, batch):
    """A user's batch: a few pictures of the drawn survey in a folder, with labels.csv."""
    labels = (folder / "truth" / "labels.csv").read_text().splitlines()
    target = folder / "media" / batch
    target.mkdir(parents=True)
    rows = ["path,individual,station"]
    for line in labels[1:30:2] if batch == "day 1" else labels[2:20:3]:
        path, individual = line.split(",")[:2]
        name = path.replace("/", " ")
        if not (target / name).exists():
            shutil.copy(folder / "survey" / path, target / name)
            rows.append(f"{name},{individual},{path.split('/')[0]}")
    (target / "labels.csv").write_text("\n".join(rows) + "\n")


def test_every_table_and_the_report_are_there(project):
    results = project.folder / "results"
    for collection, batch in (("drawn", "batch_01"), ("drawn", "batch_02"), ("folder", "day 1")):
        for name in ("media", "detections", "masks", "crops", "labels"):
            assert tables.read(results / collection / "batches" / batch / f"{name}.parquet", name) is not None
    assert (results / "report" / "index.html").stat().st_size > 1000


def test_logs_of_the_stages_that_may_use_a_gpu_say_what_they_took(project):
    for stage in ("detect", "mask", "train", "embed"):
        logs = list((project.folder / "results" / "logs" / stage).rglob("*.log"))
        assert logs and all(re.search(r'^used: {"seconds": ', log.read_text(), re.M) for log in logs), stage


def test_the_oracle_is_perfect_and_random_is_not(project):
    assert project.metric("drawn", "oracle-s1", "mAP") == 1.0
    assert project.metric("drawn", "oracle-s1", "rank1") == 1.0
    assert project.metric("drawn", "random-s1", "mAP") < 0.7


def test_nothing_changed_nothing_runs(project):
    assert "Nothing to be done" in project.run("-n")


def test_touching_everything_runs_nothing(project):
    for path in (project.folder / "media").rglob("*"):
        path.touch()
    assert project.planned() == {}


def test_a_new_batch_costs_its_own_jobs_and_the_aggregates(project):
    photographs(project.folder, "day 2")
    try:
        once = ("ingest", "detect", "mask", "crop", "label")
        expected = dict.fromkeys(once, 1) | {"split": 1, "embed": 3, "cluster": 3, "evaluate": 3, "report": 1}
        assert project.planned() == expected
    finally:
        shutil.rmtree(project.folder / "media" / "day 2")


def test_one_more_method_runs_its_own_jobs(project):
    project.config["methods"]["noise"] = {"method": "random"}
    try:
        assert project.planned() == {"train": 2, "embed": 3, "cluster": 2, "evaluate": 2, "report": 1}
    finally:
        del project.config["methods"]["noise"]


def test_one_more_collection_runs_its_own_jobs(project):
    project.config["collections"]["copy"] = dict(project.config["collections"]["folder"])
    try:
        once = dict.fromkeys(("ingest", "detect", "mask", "crop", "label", "split", "report"), 1)
        assert project.planned() == once | dict.fromkeys(("train", "embed", "cluster", "evaluate"), 3)
    finally:
        del project.config["collections"]["copy"]


def test_a_setting_of_one_method_reruns_that_method(project):
    project.config["methods"]["pixels"] = {"height": 16}
    try:
        assert project.planned() == {"train": 2, "embed": 3, "cluster": 2, "evaluate": 2, "report": 1}
    finally:
        project.config["methods"]["pixels"] = {}


def test_a_setting_and_a_batch_at_once_retrain_that_method(project):
    photographs(project.folder, "day 2")
    project.config["methods"]["pixels"] = {"height": 16}
    try:
        assert project.planned()["train"] == 2
    finally:
        shutil.rmtree(project.folder / "media" / "day 2")
        project.config["methods"]["pixels"] = {}


def test_a_corrected_name_reruns_labels_and_evaluation_and_no_detection(project):
    labels = project.folder / "media" / "day 1" / "labels.csv"
    before = labels.read_text()
    lines = before.splitlines()
    path, _, station = lines[1].split(",")
    labels.write_text("\n".join([lines[0], f"{path},someone else,{station}", *lines[2:]]) + "\n")
    try:
        planned = project.planned()
        assert not {"ingest", "detect", "mask", "crop", "train"} & planned.keys()
        assert planned["label"] == 1 and planned["evaluate"] == 3
    finally:
        labels.write_text(before)


def test_snakemakes_own_report_holds_the_figures(project):
    project.run("--report", "report.zip")
    with zipfile.ZipFile(project.folder / "report.zip") as report:
        assert any(name.endswith("report.html") for name in report.namelist())


def test_a_mistake_in_the_configuration_is_one_sentence_before_any_work(project):
    project.config["methods"]["pixles"] = {}
    try:
        said = project.run("-n", check=False)
        assert "Unknown method 'pixles': did you mean 'pixels'?" in said and "Traceback" not in said
    finally:
        del project.config["methods"]["pixles"]


def test_a_batch_with_nothing_readable_goes_all_the_way(tmp_path):
    made = Project(tmp_path)
    made.config["collections"] = {"empty": {"batches": "media/*", "labels": "none", "detect": {"name": "whole"}}}
    made.config["methods"] = {"random": {}}
    (tmp_path / "media" / "nothing").mkdir(parents=True)
    (tmp_path / "media" / "broken").mkdir(parents=True)
    (tmp_path / "media" / "broken" / "a.jpg").write_text("no picture")
    made.run()
    media = tables.read(tmp_path / "results/empty/batches/broken/media.parquet", "media")
    assert media["status"].str.startswith("unreadable").all()
    assert "unreadable" in (tmp_path / "results/report/index.html").read_text()
