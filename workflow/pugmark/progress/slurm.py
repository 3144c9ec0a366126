"""What Snakemake's SLURM plugin lacks: it waits for ever where SLURM has given a job up, or cannot be reached.

`attend` puts `Patience` before the plugin's executor, in the process that the user started.
"""

import subprocess
import time
from pathlib import Path

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from pugmark.progress.failures import SPOILED, state_of

PAUSE = 5  # seconds between two questions to a controller that does not answer
GRACE = 120  # seconds for which SLURM must have given a job up: one that it requeues is PREEMPTED for a while, too
MOST_SPOILED = 20  # attempts of one job that the cluster may spoil before they count
FORGOTTEN = "FORGOTTEN"
GIVEN_UP = (None, "PREEMPTED")
ENDED = ("COMPLETED", "BOOT_FAIL", "CANCELLED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "TIMEOUT")


def attend(plugins):
    """plugins: Snakemake's executor plugins by name. Nothing happens where that of SLURM is absent."""
    if found := plugins.get("slurm"):
        found.executor = type("Executor", (Patience, found.executor), {})


class Patience:
    """Goes before the plugin's `Executor`: submits while the controller answers, and ends the wait for lost jobs."""

    def __post_init__(self, *more):
        super().__post_init__(*more)
        self.leaving, self.given_up, self.submitted, self.spoiled = False, {}, {}, {}

    def run_job(self, job):
        self.wait_for_controller()
        try:
            super().run_job(job)
        except Exception as error:
            # The plugin names the rule of a job that it could not submit. A group has none, so the cause stands behind.
            reason = error.__context__ or error
            self._report_job_error_threadsafe(SubmittedJobInfo(job), f"Job submission failed with exception: {reason}")

    def run_array_jobs(self, jobs):
        self.wait_for_controller()
        super().run_array_jobs(jobs)

    def cancel(self):
        self.leaving = True
        super().cancel()

    def wait_for_controller(self):
        if not controller_answers():
            self.logger.warning("SLURM's controller does not answer: jobs are submitted once it does.")
            while not (self.leaving or controller_answers()):
                time.sleep(PAUSE)

    def report_job_submission(self, job_info, *more, **named):
        self.submitted[job_info.external_jobid] = time.time()
        super().report_job_submission(job_info, *more, **named)

    def report_job_error(self, job_info, msg=None, **more):
        """An attempt that the cluster spoiled does not count. A group's event has no message: `said` carries it."""
        job = job_info.job
        if state_of(msg or "") in SPOILED and self.spoiled.get(job, 0) < MOST_SPOILED:
            self.spoiled[job] = self.spoiled.get(job, 0) + 1
            job.attempt -= 1
        if job.is_group():
            more["said"] = msg
        super().report_job_error(job_info, msg=msg, **more)

    async def check_active_jobs(self, active_jobs):
        waiting = [job_info async for job_info in super().check_active_jobs(active_jobs)]
        # The thread that asks begins before `__post_init__` has ended, and dies of any error.
        if not waiting:
            return
        fates = self.fates([job_info.external_jobid for job_info in waiting])
        for job_info in waiting:
            fate = fates.get(job_info.external_jobid)
            if fate is None:
                yield job_info
            elif fate == "COMPLETED" or (fate == FORGOTTEN and self.made(job_info)):
                self.report_job_success(job_info)
            else:
                said = f"SLURM-job '{job_info.external_jobid}' failed, SLURM status is: '{fate}'. "
                self.report_job_error(job_info, msg=said, aux_logs=[str(job_info.aux["slurm_logfile"])])

    def fates(self, ids):
        """{id: state} of those of these jobs that SLURM gave up for good, FORGOTTEN where it has no record of them."""
        # With several clusters, `squeue` speaks of one.
        states = None if self._submitted_job_clusters else in_queue(self.run_uuid)
        if states is None:
            return {}
        now = time.monotonic()
        self.given_up = {id: self.given_up.get(id, now) for id in ids if states.get(id) in GIVEN_UP}
        lost = [id for id, since in self.given_up.items() if now - since >= GRACE]
        known = in_accounts(self.run_uuid) if lost else {}
        return {id: states.get(id) or known.get(id, FORGOTTEN) for id in lost}

    def made(self, job_info):
        """Whether the job has written all its files since it was submitted."""
        since = self.submitted[job_info.external_jobid]
        paths = [Path(path) for path in job_info.job.output]
        return all(path.exists() and path.lstat().st_mtime >= since for path in paths)


def controller_answers():
    """False only where `scontrol ping` says so: of two controllers one is enough."""
    said = _said("scontrol", "ping") or ""
    return "DOWN" not in said or "UP" in said


def in_queue(run):
    """{id: state} of a run's jobs that the controller remembers, None where it does not answer."""
    said = _said("squeue", "--states=all", "--array", "--noheader", "--format=%i|%T", f"--name={run}")
    return None if said is None else _states(said)


def in_accounts(run):
    """{id: state} of a run's ended jobs by SLURM's accounts; empty where it keeps none."""
    said = _said("sacct", "-X", "--parsable2", "--noheader", "--format=JobID,State", f"--name={run}", "-S", "now-7days")
    return {id: state for id, state in _states(said or "").items() if state in (*ENDED, *GIVEN_UP)}


def _states(said):
    rows = [line.split("|") for line in said.splitlines() if "|" in line]
    return {id.strip(): state.split()[0] for id, state in rows}


def _said(*command):
    """What a command prints, None where it fails. `scontrol ping` fails with words on its output."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 or command[0] == "scontrol" else None
