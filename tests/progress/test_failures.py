"""Why a job failed: one cause for what the executor, the cluster's log, the job's own log and its disk say."""

import subprocess

import pytest

from pugmark.progress.failures import Failure

STAMP = "2026-11-21 06:06:06,721"
WORK = f"{STAMP} pugmark.learning.trainer INFO: epoch 3 of 30"


def ended(state):
    return f"SLURM-job '12' failed, SLURM status is: '{state}'. Detailed failure reason unavailable"


def failure(folder, message="", own=None, theirs=None, grouped=False):
    """A failed training whose own log and whose cluster's log hold these lines; None for a log that is absent."""
    files = {"own": own, "12": theirs}
    paths = {name: str(folder / f"{name}.log") for name in files}
    for name, text in files.items():
        if text is not None:
            (folder / f"{name}.log").write_text(text + "\n")
    return Failure(
        rule="train",
        name="train demo/x-s1",
        written=[paths["own"]] if own is not None else [],
        places=[paths["own"]],
        message=message,
        theirs=[paths["12"]] if theirs is not None else [],
        asked={"mem_mb": 4000, "runtime": 720},
        grouped=grouped,
    )


@pytest.mark.parametrize(
    "state, theirs, cause, sentence",
    [
        ("OUT_OF_MEMORY", "", "memory", "Out of memory: it had 4000 MB."),
        ("FAILED", "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=12.batch.", "memory", "Out of memory"),
        ("CANCELLED", "slurmstepd: error: Step 12.0 exceeded memory limit (9 > 4), being killed", "memory", "Out of"),
        ("TIMEOUT", "", "time", "Over its time limit of 720 min."),
        ("DEADLINE", "", "time", "Over its time limit"),
        ("CANCELLED", "slurmstepd: error: *** JOB 12 ON g1 CANCELLED AT 6:06 ***", "cancelled", "Cancelled"),
        ("FAILED", "slurmstepd: error: *** JOB 12 CANCELLED AT 6:06 DUE TO TIME LIMIT ***", "time", "Over its"),
        ("FAILED", "slurmstepd-g1: error: *** JOB 12 CANCELLED AT 6:06 DUE TO PREEMPTION ***", "preempted", "urgent"),
        ("PREEMPTED", "", "preempted", "A more urgent job took its place"),
        ("NODE_FAIL", "", "node", "Its node failed."),
        ("FORGOTTEN", "", "forgotten", "SLURM has no record of it any more"),
        ("FAILED", "/bin/bash: line 1: results/logs/x.log: No space left on device", "disk", "The disk is full"),
        ("FAILED", "oom-kill is a word in our own lines", "stopped", "The log ends without an error"),
    ],
)
def test_what_slurm_says_of_a_job_killed_amid_work(tmp_path, state, theirs, cause, sentence):
    made = failure(tmp_path, ended(state), WORK, theirs)
    assert made.cause == cause and sentence in made.told()


@pytest.mark.parametrize(
    "message, words",
    [
        (
            "SLURM sbatch failed. The error message was 'sbatch: error: QOS'.\n    sbatch call:\n   x\n",
            "sbatch: error: Q",
        ),
        ("Job submission failed with exception: Failed to run sinfo: refused", "Failed to run sinfo: refused"),
        ("Array job submission failed with exception: no", "no"),
        ("Part of failed array sbatch submission (tasks 1-2); see log for details.", "Part of failed array sbatch"),
    ],
)
def test_a_job_that_never_started(tmp_path, message, words):
    made = failure(tmp_path, message)
    assert made.cause == "refused" and f"It never started. SLURM refused it: {words}" in made.told()


@pytest.mark.parametrize(
    "own, grouped, cause",
    [
        ("ValueError: bad", False, "error"),
        ("OSError: [Errno 28] No space left on device", False, "disk"),
        ("Cannot write x in the folder y: the quota of space or of files is used up.", False, "disk"),
        (WORK, False, "stopped"),
        ("", False, "unwritten"),
        (None, False, "unwritten"),
        (None, True, "waiting"),
    ],
)
def test_what_the_jobs_own_log_says(tmp_path, own, grouped, cause):
    assert failure(tmp_path, "", own, grouped=grouped).cause == cause


def test_an_error_of_the_job_needs_no_sentence(tmp_path):
    log = f"    log: {tmp_path}/own.log\n    | ValueError: bad\n"
    assert failure(tmp_path, own="ValueError: bad").told() == f"train demo/x-s1\n{log}"


def test_a_job_that_could_not_write_its_log_on_a_full_disk(tmp_path):
    words = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
    try:
        assert failure(tmp_path, own="").cause == "unwritten"
        with open(tmp_path / "rest", "wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(bytes(4096))
        made = Failure("train", "train x", [str(tmp_path / "own.log")], [str(tmp_path / "own.log")])
        assert made.cause == "disk" and "The disk is full" in made.told()
    finally:
        subprocess.run(["umount", tmp_path], check=True)
