"""Listens to Snakemake's own events and adds what a user wants to know of a run."""

import logging
import time
from dataclasses import dataclass

from pugmark.progress import forecast, logs, records

MOST_FAILURES, MOST_LINES = 20, 10
HEX = ("version", "checksum")
AGAIN = "What is finished is kept: give the same command again, and it goes on where it stopped."
REMEDY = f"Remove the cause first. {AGAIN}"


@dataclass(frozen=True)
class Job:
    """What is kept of a job's announcement while it runs."""

    rule: str
    wildcards: dict
    logs: tuple
    benchmark: str | None

    @property
    def name(self):
        """`detect demo/batch_01`: the rule and what its wildcards say, without checksums."""
        values = [str(value) for name, value in self.wildcards.items() if name not in HEX]
        return f"{self.rule} {'/'.join(values)}".strip()


class Progress(logging.Handler):
    """Attached to Snakemake's logger in the main process, where the events of every executor arrive.

    It speaks through the same logger, so its lines reach whatever prints or stores Snakemake's own, under any logger
    plugin, and `--quiet` silences them too. planned: a function that gives the jobs as `forecast.Forecast` takes them;
    folder: where the benchmark files lie; quietness: what its lines count as for `--quiet`.
    """

    def __init__(self, logger, planned, folder, quietness):
        super().__init__()
        self.logger, self.planned, self.folder = logger, planned, folder
        self.extra = {"quietness": quietness}
        self.jobs, self.failed, self.forecast = {}, {}, None
        self.start = time.monotonic()
        self.heard = {
            "run_info": self.run_starts,
            "job_info": self.job_starts,
            "job_finished": self.job_finishes,
            "job_error": self.job_fails,
        }
        logger.addHandler(self)

    def emit(self, record):
        react = self.heard.get(getattr(record, "event", None))
        if react:
            try:
                react(record)
            except Exception:
                # As every logging handler does: told on stderr, and the run goes on.
                self.handleError(record)

    def run_starts(self, event):
        """Print what the planned jobs will take; a dry run announces them twice, before and after listing them."""
        if self.forecast is None:
            self.forecast = forecast.Forecast(self.planned(), records.read(self.folder, forecast.MOST))
            self.start = time.monotonic()
        self._say(forecast.table(self.forecast, list(event.stats)))

    def job_starts(self, event):
        self.jobs[event.jobid] = Job(event.rule_name, event.wildcards, tuple(event.log), event.benchmark)
        self.failed.pop(event.jobid, None)

    def job_finishes(self, event):
        job = self.jobs.pop(event.job_id, None)
        if job is None or not job.logs:
            return
        if self.forecast:
            measured = records.of_file(job.benchmark) if job.benchmark else []
            self.forecast.finish(records.kind(job.rule, job.wildcards), measured[-1] if measured else None)
        self._say(f"{job.name}: {logs.counts(job.logs[0])}{self._time_left()}")

    def job_fails(self, event):
        self.failed[event.jobid] = (self.jobs.get(event.jobid), event)

    def failures(self):
        """Tell once more, at the end of the run, which jobs failed and what their logs say."""
        if not self.failed:
            return
        stopped = [job for job, _ in self.failed.values() if job and any(map(logs.interrupted, job.logs))]
        if len(stopped) == len(self.failed):
            names = ", ".join(job.name for job in stopped[:MOST_FAILURES])
            self.logger.error(f"\nStopped by you; interrupted: {names}. {AGAIN}\n")
            return
        told = [_failure(job, event) for job, event in list(self.failed.values())[:MOST_FAILURES]]
        if len(self.failed) > MOST_FAILURES:
            told.append(f"and {len(self.failed) - MOST_FAILURES} more, told above and in the log of the run.\n")
        head = "1 job failed:" if len(self.failed) == 1 else f"{len(self.failed)} jobs failed:"
        self.logger.error("\n".join(["", head, "", *told, REMEDY, ""]))

    def _time_left(self):
        share = self.forecast.share_left() if self.forecast else None
        if not share:
            return ""
        minutes = (time.monotonic() - self.start) * share / 60
        return f" (about {records.span(minutes)} left)" if minutes >= 1 else " (less than a minute left)"

    def _say(self, text):
        if text:
            self.logger.info(text, extra=self.extra)


def _failure(job, event):
    """What is known of a failed job: its own log's end, then what the cluster says."""
    own = job.logs if job else event.log[:1]
    lines = [job.name if job else event.rule_name]
    for path in own:
        end = logs.tail(path)
        lines += [f"    log: {path}", *(f"    | {line}" for line in end[-MOST_LINES:])]
        if not end:
            lines.append("    The log is empty or absent: the job was stopped before it could say why.")
        elif logs.stopped(path):
            lines.append("    The log ends without an error: the job was stopped (out of memory or time, cancelled).")
    message = (event.rule_msg or "").partition("For further error details")[0].strip()
    lines += [f"    {message}"] if message else []
    lines += [f"    cluster's log: {path}" for path in event.log if path and path not in own]
    return "\n".join([*lines, ""])
