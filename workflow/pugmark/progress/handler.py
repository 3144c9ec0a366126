"""Listens to Snakemake's own events and adds what a user wants to know of a run."""

import logging
import time
from dataclasses import dataclass

from pugmark.progress import forecast, logs, records
from pugmark.progress.failures import Failure
from pugmark.runtime import attempts

MOST_FAILURES = 20
HEX = ("version", "checksum")
AGAIN = "What is finished is kept: give the same command again, and it goes on where it stopped."
REMEDY = f"Remove the cause first. {AGAIN}"


@dataclass(frozen=True)
class Job:
    """What is kept of a job's announcement while it runs.

    logs: {path: what `logs.stamp` said of it then}, by which the log of an earlier attempt is known. asked: resources.
    """

    rule: str
    wildcards: dict
    logs: dict
    benchmark: str | None
    asked: dict

    @property
    def name(self):
        """`detect demo/batch_01`: the rule and what its wildcards say, without checksums."""
        values = [str(value) for name, value in self.wildcards.items() if name not in HEX]
        return f"{self.rule} {'/'.join(values)}".strip()

    def written(self):
        """Those of its logs that were written since it was announced."""
        return [path for path, before in self.logs.items() if logs.stamp(path) not in (None, before)]


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
        self.jobs, self.failed, self.groups, self.forecast = {}, {}, {}, None
        self.start = time.monotonic()
        self.heard = {
            "run_info": self.run_starts,
            "job_info": self.job_starts,
            "job_finished": self.job_finishes,
            "job_error": self.job_fails,
            "group_error": self.group_fails,
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
        asked = {name: value for name, value in event.resources.items() if name in ("mem_mb", "runtime")}
        before = {path: logs.stamp(path) for path in event.log}
        self.jobs[event.jobid] = Job(event.rule_name, event.wildcards, before, event.benchmark, asked)
        self.failed.pop(event.jobid, None)
        self.groups.pop(event.jobid, None)

    def job_finishes(self, event):
        job = self.jobs.pop(event.job_id, None)
        if job is None or not job.logs:
            return
        if self.forecast:
            measured = records.of_file(job.benchmark) if job.benchmark else []
            self.forecast.finish(records.kind(job.rule, job.wildcards), measured[-1] if measured else None)
        self._say(f"{job.name}: {logs.counts(next(iter(job.logs)))}{self._time_left()}")

    def group_fails(self, event):
        """Its members are told to fail right after it, without a word of why."""
        for member in event.job_error_info:
            self.groups[member["jobid"]] = event

    def job_fails(self, event):
        job, group = self.jobs.get(event.jobid), self.groups.get(event.jobid)
        if job is None:
            job = Job(event.rule_name, {}, dict.fromkeys(event.log[:1]), None, {})
        message = getattr(group, "said", None) if group else event.rule_msg
        theirs = [path for path in (group.aux_logs if group else event.log) if path and path not in job.logs]
        failure = Failure(
            rule=job.rule,
            name=job.name,
            written=job.written(),
            places=list(job.logs),
            message=message or "",
            theirs=theirs,
            asked=job.asked,
            grouped=bool(group),
        )
        self.failed[event.jobid] = failure
        attempts.record(job.rule, job.wildcards, failure.cause)

    def failures(self):
        """Tell once more, at the end of the run, which jobs failed and what their logs say."""
        if not self.failed:
            return
        stopped = [failure for failure in self.failed.values() if any(map(logs.interrupted, failure.written))]
        if len(stopped) == len(self.failed):
            names = ", ".join(failure.name for failure in stopped[:MOST_FAILURES])
            self.logger.error(f"\nStopped by you; interrupted: {names}. {AGAIN}\n")
            return
        told = [failure.told() for failure in list(self.failed.values())[:MOST_FAILURES]]
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
