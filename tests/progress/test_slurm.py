"""Snakemake's SLURM plugin with `Patience` before it, on a cluster played by commands of a few lines.

No SLURM is needed; tests/cluster has the real one.
"""

import os
import subprocess

import pytest
import yaml
from places import ROOT

CONFIG = {
    "results": "results",
    "collections": {"drawn": {"synthetic": {"seed": 3, "batches": 1, "individuals": 2, "sequences": 2}}},
    "detect": {"name": "motion"},
    "methods": {"pixels": {}},
}
ANSWERS = {
    # Slower than the thread that asks for the jobs, as a controller that is about to restart.
    "scontrol": 'sleep 1; [ "$1" = ping ] && echo "Slurmctld(primary) at c is UP" || echo "MinJobAge = 3600 sec"',
    "sinfo": "echo cpu*",
    "squeue": 'for job in "$PLAYED"/job_*; do echo "${job##*_}|$(cat "$job")"; done',
    "sbatch": 'echo FAILED > "$PLAYED/job_7"; echo 7',
    **dict.fromkeys(("sacct", "sacctmgr", "sshare", "scancel"), "true"),
}


@pytest.fixture
def submit(tmp_path):
    """A function: runs Snakemake on the played cluster, with other answers of its commands; what is said."""

    def run(*options, **answers):
        for name, text in {**ANSWERS, **answers}.items():
            command = tmp_path / "bin" / name
            command.parent.mkdir(exist_ok=True)
            command.write_text(f"#!/bin/sh\n{text}\n")
            command.chmod(0o755)
        (tmp_path / "played").mkdir()
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(CONFIG))
        words = [ROOT / ".venv/bin/snakemake", "-s", ROOT / "Snakefile", "--directory", tmp_path]
        words += ["--profile", ROOT / "profiles/slurm", "--retries", "0"]
        words += ["--slurm-init-seconds-before-status-checks", "1", "--until", "synthesise", *options]
        paths = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path), "PLAYED": f"{tmp_path}/played"}
        done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **paths}, timeout=240)
        assert done.returncode == 1
        return (done.stdout + done.stderr).partition("1 job failed:")[2]

    return run


def test_a_job_that_fails_while_the_controller_is_slow_is_seen_to(submit):
    assert "synthesise drawn/batch_01\n    It wrote no log" in submit()


def test_a_group_whose_submission_fails_ends_the_run_with_slurms_words(submit):
    said = submit("--groups", "synthesise=batch", sinfo="echo 'slurm_load_partitions: not reachable' >&2; exit 1")
    assert "It never started. SLURM refused it: Failed to run sinfo" in said and "not reachable" in said
