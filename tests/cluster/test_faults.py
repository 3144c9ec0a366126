"""What goes wrong on clusters while a training runs: each fault ends in the model that an undisturbed run makes."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cluster.lab import Lab, said, until
from cluster.runs import NETWORK, TINY, Project, documented, granted

pytestmark = pytest.mark.cluster
TRAIN = ("--until", "train")
LIMIT = 480  # seconds, many times what a quiet machine takes


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), accounting=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A project in which only the training is left to do, and the bytes of its model."""
    config = {**TINY, "methods": {"network": {**NETWORK, "epochs": 4}}}
    project = Project(tmp_path_factory.mktemp("prepared") / "project", config)
    project.here("--until", "split")
    undisturbed = copy(project, "undisturbed")
    undisturbed.here(*TRAIN)
    return project, model(undisturbed)


@pytest.fixture
def training(lab, prepared, request):
    """A submitted training that has written a checkpoint and stands still; afterwards its model is checked."""
    project, expected = prepared
    training = Training(lab, copy(project, request.node.name))
    try:
        yield training
        assert training.run.wait(LIMIT) == 0, (training.project.folder / "said.log").read_text()
        assert model(training.project) == expected
        assert "going on after epoch" in training.log() or not training.disturbed
    finally:
        training.run.kill()
        said("scancel", "--user=root")


def copy(project, name):
    """The project as it is, in a folder of another name beside it."""
    place = project.folder.parent / name
    shutil.copytree(project.folder, place)
    return Project(place, (project.folder / "config.yaml").read_text())


def model(project):
    return next(project.results.glob("drawn/models/*/*/model.pt")).read_bytes()


class Training:
    """A run of one job, the training. `disturbed` says whether it must go on from its checkpoint."""

    def __init__(self, lab, project, *options):
        self.project, self.disturbed = project, True
        before = {job["JobId"] for job in lab.jobs()}
        self.run = project.start(*TRAIN, *options)
        until(lambda: list(project.results.glob("drawn/models/*/*/checkpoint.pt")), "a checkpoint", LIMIT)
        self.signal(signal.SIGSTOP)
        self.jobs = lambda: [job for job in lab.jobs() if job["JobId"] not in before]
        self.id = self.jobs()[0]["JobId"]

    def processes(self):
        """Ids of the stage's processes in this project's folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                ours = os.readlink(process / "cwd") == str(self.project.folder)
                if ours and b"-m\0pugmark.stages.train\0" in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
        return found

    def signal(self, how):
        for process in self.processes():
            os.kill(process, how)

    def states(self):
        return [job["JobState"] for job in self.jobs()]

    def log(self):
        return next(self.project.results.glob("logs/train/**/*.log")).read_text()


def test_a_cancelled_job_is_tried_again(training):
    said("scancel", training.id)
    assert training.run.wait(LIMIT) == 0
    assert training.states() == ["CANCELLED", "COMPLETED"]


def test_a_job_over_its_time_goes_on_with_more(training):
    said("scontrol", "update", f"JobId={training.id}", "TimeLimit=1")
    assert training.run.wait(LIMIT) == 0
    assert training.states() == ["TIMEOUT", "COMPLETED"]
    first, second = map(granted, training.jobs())
    assert second.runtime == 24 * 60 and second.mem_mb == first.mem_mb


def test_a_node_that_restarts_costs_one_requeue(training, lab):
    node = training.jobs()[0]["NodeList"]
    lab.kill_node(node)
    lab.start_node(node)
    assert training.run.wait(LIMIT) == 0
    assert training.states() == ["COMPLETED"] and training.jobs()[0]["Restarts"] == "1"


def test_a_node_that_stays_down_is_replaced_by_another(training, lab):
    node = training.jobs()[0]["NodeList"]
    lab.kill_node(node)
    try:
        assert training.run.wait(LIMIT) == 0
        assert training.states() == ["COMPLETED"] and training.jobs()[0]["NodeList"] != node
    finally:
        lab.start_node(node)


def test_a_job_gives_way_to_a_more_urgent_one(training, lab):
    said("sbatch", "--partition=urgent", "--nodes=2", "--gpus-per-node=2", "--output=/dev/null", "--wrap=sleep 5")
    assert training.run.wait(LIMIT) == 0
    assert training.jobs()[0]["Restarts"] == "1"


def test_a_job_that_slurm_preempts_for_good_is_submitted_again_with_the_same_request(training, lab):
    said("scontrol", "update", f"JobId={training.id}", "Requeue=0")
    said("sbatch", "--partition=urgent", "--nodes=2", "--gpus-per-node=2", "--output=/dev/null", "--wrap=sleep 5")
    assert training.run.wait(LIMIT) == 0
    first, second = (job for job in training.jobs() if job.get("Comment", "").startswith("rule_train"))
    assert (first["JobState"], second["JobState"]) == ("PREEMPTED", "COMPLETED")
    assert granted(first) == granted(second)


def test_the_controller_is_away_while_the_job_ends(training, lab):
    training.disturbed = False
    lab.kill("slurmctld")
    training.signal(signal.SIGCONT)
    time.sleep(20)
    lab.start_controller()
    assert training.run.wait(LIMIT) == 0
    assert training.states() == ["COMPLETED"]


def test_accounting_is_away_while_the_job_ends(training, lab):
    training.disturbed = False
    lab.kill("slurmdbd")
    training.signal(signal.SIGCONT)
    time.sleep(20)
    lab.start_accounting()
    assert training.run.wait(LIMIT) == 0
    assert training.states() == ["COMPLETED"]


def test_snakemake_is_killed(training):
    """The recovery that profiles/README.md documents: no job goes on beside its second start."""
    training.run.kill()
    training.run.wait()
    assert training.states() == ["RUNNING"]
    cancel = documented("profiles/README.md", "squeue --me --noheader")[0]
    subprocess.run(cancel, shell=True, check=True, cwd=training.project.folder)
    until(lambda: not training.processes(), "the end of the cancelled job")
    training.project.here("--unlock")
    training.run = training.project.start(*TRAIN)
    assert training.run.wait(LIMIT) == 0
    assert training.states() == ["CANCELLED", "COMPLETED"]


def test_ctrl_c_cancels_and_the_same_command_goes_on(training):
    training.run.send_signal(signal.SIGINT)
    assert training.run.wait(LIMIT) != 0
    until(lambda: not training.processes(), "the end of the cancelled job")
    training.run = training.project.start(*TRAIN)
    assert training.run.wait(LIMIT) == 0
    assert training.states() == ["CANCELLED", "COMPLETED"]


def test_a_job_over_its_memory_is_tried_with_more(lab, prepared):
    project, expected = copy(prepared[0], "memory"), prepared[1]
    before = len(lab.jobs())
    project.submit(*TRAIN, "--set-resources", "train:mem_mb=300 * attempt ** 3")
    first, second = lab.jobs()[before:]
    assert first["JobState"] in ("OUT_OF_MEMORY", "FAILED") and second["JobState"] == "COMPLETED"
    assert "mem=300M" in first["TRES"] and "mem=2400M" in second["TRES"]
    assert first["TimeLimit"] == second["TimeLimit"]
    assert model(project) == expected


def test_the_controller_is_away_when_groups_are_submitted(lab, tmp_path):
    project = Project(tmp_path / "grouped", TINY)
    groups = ("--groups", "crop=batch", "label=batch")
    project.submit("--until", "mask")
    lab.kill("slurmctld")
    run = project.start("--until", "label", *groups)
    try:
        until(lambda: "controller does not answer" in (project.folder / "said.log").read_text(), "a word", LIMIT)
        lab.start_controller()
        assert run.wait(LIMIT) == 0, (project.folder / "said.log").read_text()
    finally:
        run.kill()
    assert list(project.results.glob("drawn/batches/*/labels.parquet"))
