"""Snakemake's events as its executors send them, and what is said on them."""

import logging

import pytest

from pugmark.progress.handler import Progress
from pugmark.runtime import attempts

STAMP = "2026-11-21 06:06:06,721"


class Heard(logging.Handler):
    """What a logger plugin would print."""

    def __init__(self):
        super().__init__()
        self.lines, self.quietness = [], []

    def emit(self, record):
        if not hasattr(record, "event"):
            self.lines.append(record.getMessage())
            self.quietness.append(getattr(record, "quietness", None))


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.delenv(attempts.VARIABLE, raising=False)
    yield Run(tmp_path)
    attempts.forget()


class Run:
    """Sends events through a logger of its own, as Snakemake does."""

    def __init__(self, folder):
        self.folder, self.heard = folder, Heard()
        self.logger = logging.Logger("snakemake of the test", logging.INFO)
        self.logger.addHandler(self.heard)
        self.progress = Progress(self.logger, self.planned, folder / "benchmarks", "progress")

    def planned(self):
        return [("detect", {"collection": "demo", "batch": "b1"}, True)]

    def start(self, jobid=1, rule="detect", log="", **wildcards):
        path = self.folder / f"{jobid}.log"
        wildcards = wildcards or {"collection": "demo", "batch": "b1"}
        asked = {"mem_mb": 4000, "runtime": 60, "gpu": 1}
        event = {"rule_name": rule, "wildcards": wildcards, "benchmark": None, "resources": asked}
        self.send("job_info", jobid=jobid, log=[str(path)], **event)
        if log is not None:
            path.write_text(log)
        return str(path)

    def fail(self, jobid=1, path="", message=None, more=()):
        event = dict(jobid=jobid, rule_name="detect", log=[path, *more], rule_msg=message)
        self.send("job_error", **event)

    def send(self, event, **more):
        self.logger.info("", extra={"event": event, **more})

    def end(self):
        self.progress.failures()
        return "\n".join(self.heard.lines)


def test_a_finished_job_tells_its_counts_as_quietly_as_progress(run):
    run.start(log=f"{STAMP} pugmark.stages.detect INFO: 118 animal, 0 person\n")
    run.send("job_finished", job_id=1)
    assert run.heard.lines == ["detect demo/b1: 118 animal"]
    assert run.heard.quietness == ["progress"]


def test_checksums_are_not_part_of_a_jobs_name(run):
    run.start(rule="train", log=None, collection="demo", run="x-s1", version="ab12")
    run.send("job_finished", job_id=1)
    assert run.heard.lines == ["train demo/x-s1: finished"]


def test_a_failed_job_is_told_again_at_the_end(run):
    lines = "\n".join(f"line {at}" for at in range(30))
    path = run.start(log=f"{lines}\nValueError: broken\n")
    run.fail(path=path)
    said = run.end()
    assert "1 job failed:" in said and "detect demo/b1" in said and path in said
    assert "line 29" in said and "ValueError: broken" in said and "line 20\n" not in said
    assert "give the same command again" in said and "stopped" not in said.replace("where it stopped", "")


def test_a_failed_job_that_succeeds_when_tried_again_is_not_told(run):
    run.fail(path=run.start(log="ValueError: x\n"))
    run.start(log=f"{STAMP} pugmark.stages.detect INFO: 3 animal\n")
    run.send("job_finished", job_id=1)
    assert "failed" not in run.end()


def test_a_job_killed_on_a_cluster_points_to_the_clusters_log(run):
    path = run.start(log=None)
    reason = (
        "SLURM-job '12' failed, SLURM status is: 'OUT_OF_MEMORY'. For further error details see the cluster/cloud log"
    )
    theirs = run.folder / "12.log"
    theirs.write_text("Building DAG of jobs...\nslurmstepd: error: Detected 1 oom_kill event in StepId=12.batch.\n")
    run.fail(path=path, message=reason, more=[str(theirs), None])
    said = run.end()
    assert "Out of memory: it had 4000 MB" in said and "`--set-resources detect:mem_mb=" in said
    assert f"cluster's log: {theirs}\n    | slurmstepd: error: Detected 1 oom_kill" in said
    assert "Building DAG" not in said and "None" not in said and "wrote no log" not in said


def test_a_job_that_slurm_refused_quotes_it_and_not_the_log_of_an_earlier_run(run):
    run.start(log=f"{STAMP} pugmark.stages.detect INFO: 118 animal\n")
    run.send("job_finished", job_id=1)
    path = run.start(log=None)
    call = "    sbatch call:\n        sbatch --parsable --wrap='python -m snakemake'\n"
    run.fail(path=path, message=f"SLURM sbatch failed. The error message was 'sbatch: error: Invalid qos'.\n{call}")
    said = run.end().partition("1 job failed")[2]
    assert "It never started. SLURM refused it: sbatch: error: Invalid qos\n" in said
    assert "118 animal" not in said and path not in said and "--wrap" not in said


def test_a_second_attempt_that_writes_nothing_does_not_quote_the_first(run):
    run.fail(path=run.start(log="ValueError: of the first attempt\n"))
    run.fail(path=run.start(log=None))
    said = run.end()
    assert "of the first attempt" not in said and "It wrote no log" in said


def test_a_group_that_fails_tells_of_each_member(run):
    """As Snakemake does it: the group's event, then one without a message for each member."""
    paths = [run.start(1, "crop", "ValueError: broken\n"), run.start(2, "label", None)]
    members = [{"jobid": 1}, {"jobid": 2}]
    run.send("group_error", job_error_info=members, aux_logs=["/x/12.log"], said="SLURM-job '12' failed")
    for jobid, path in enumerate(paths, 1):
        run.fail(jobid, path)
    said = run.end()
    assert "crop demo/b1\n" in said and "| ValueError: broken" in said and "cluster's log: /x/12.log" in said
    assert "label demo/b1\n    It did not start: another job of its group failed first.\n" in said


def test_a_group_that_slurm_refused_says_so(run):
    path = run.start(log=None)
    refusal = "Job submission failed with exception: Failed to run sinfo"
    run.send("group_error", groupid="batch", job_error_info=[{"jobid": 1}], aux_logs=[], said=refusal)
    run.fail(path=path)
    assert "It never started. SLURM refused it: Failed to run sinfo\n" in run.end()


def test_a_log_that_ends_amid_work_is_said_to(run):
    run.fail(path=run.start(log=f"{STAMP} pugmark.learning.trainer INFO: epoch 3 of 30\n"))
    assert "ends without an error" in run.end()


def test_who_stops_a_run_is_told_so_and_not_of_failures(run):
    run.fail(1, run.start(1, log=f"{STAMP} pugmark ERROR: interrupted\n"))
    said = run.end()
    assert "Stopped by you; interrupted: detect demo/b1." in said and "failed" not in said


def test_many_failures_are_cut(run):
    for jobid in range(50):
        run.fail(jobid, run.start(jobid, log="ValueError: x\n", collection="demo", batch=f"b{jobid}"))
    said = run.end()
    assert "50 jobs failed" in said and "and 30 more" in said and said.count("ValueError") == 20


def test_the_plan_is_told_whenever_snakemake_tells_its_own(run):
    for _ in range(2):
        run.send("run_info", stats={"detect": 1, "total": 1})
    assert [line.startswith("Expected time: not measured yet") for line in run.heard.lines] == [True, True]


def test_a_fault_of_its_own_does_not_end_the_run(run, capsys):
    run.progress.planned = lambda: 1 / 0
    run.send("run_info", stats={})
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_what_an_attempt_died_of_is_noted_for_the_next(run):
    reason = "SLURM-job '12' failed, SLURM status is: 'TIMEOUT'. "
    run.fail(path=run.start(), message=reason)
    job = ("detect", {"collection": "demo", "batch": "b1"})
    assert attempts.growth("time", *job, attempt=2) == 2 and attempts.growth("memory", *job, attempt=2) == 1
