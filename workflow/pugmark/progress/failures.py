"""Why a job failed: one sentence, and the lines of its logs that show it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from pugmark.progress import logs
from pugmark.runtime import disk

MOST_LINES = 10
# What the plugin says of a job that SLURM did not take, and of one that it took.
REFUSED = re.compile(r"(?:SLURM sbatch failed\. The error message was '|submission failed with exception: )(.*)", re.S)
STATE = re.compile(r"SLURM status is: '(\w+)'")
CAUSES = {
    "OUT_OF_MEMORY": "memory",
    "TIMEOUT": "time",
    "DEADLINE": "time",
    "CANCELLED": "cancelled",
    "PREEMPTED": "preempted",
    "NODE_FAIL": "node",
    "BOOT_FAIL": "node",
    "FORGOTTEN": "forgotten",
}
# States that say nothing against the job itself.
SPOILED = ("PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "FORGOTTEN")
# SLURM's own lines, where the state says less: a job over its memory may be FAILED or CANCELLED.
SLURM = re.compile(r"slurmstepd\S*: error")
SAYS = {
    "memory": re.compile(r"oom.kill|exceeded .*memory limit|out.of.memory handler", re.I),
    "time": re.compile(r"due to time limit", re.I),
    "preempted": re.compile(r"due to preemption", re.I),
    "node": re.compile(r"due to node failure", re.I),
}
DISK = re.compile(r"No space left on device|Disk quota exceeded|the disk is full|quota of space")
SENTENCES = {
    "memory": "Out of memory: it had {mem_mb} MB. Give it more, as in `--set-resources {rule}:mem_mb=16000`.",
    "time": "Over its time limit of {runtime} min. Give it more, as in `--set-resources {rule}:runtime=2d`.",
    "cancelled": "Cancelled, by you or an administrator (`scancel`).",
    "preempted": "A more urgent job took its place, and SLURM did not start it again.",
    "node": "Its node failed.",
    "forgotten": "SLURM has no record of it any more, and its results are not there.",
    "disk": "The disk is full, or its quota used up: free space where the results and `.snakemake` are.",
    "unwritten": "It wrote no log: it was stopped before it could say why.",
    "stopped": "The log ends without an error: the job was stopped (out of memory or time, cancelled).",
    "waiting": "It did not start: another job of its group failed first.",
}


@dataclass
class Failure:
    """A failed job, as it was announced and as its end was told.

    name: rule and wildcards. written: those of its logs that this attempt wrote. places: all its logs, also unwritten.
    message: what the executor says. theirs: the cluster's logs. asked: {"mem_mb", "runtime"}. grouped: whether it was
    submitted together with others.
    """

    rule: str
    name: str
    written: list
    places: list
    message: str = ""
    theirs: list = field(default_factory=list)
    asked: dict = field(default_factory=dict)
    grouped: bool = False

    def __post_init__(self):
        """Find the cause while the logs and the disk are as the job has left them."""
        self.shown = [(path, logs.tail(path)) for path in self.written]
        self.slurm = [line for path in self.theirs for line in logs.tail(path) if SLURM.match(line)]
        self.cause = self._cause()

    def _cause(self):
        if REFUSED.search(self.message) or self.message.startswith("Part of failed array"):
            return "refused"
        if said := next((cause for cause, words in SAYS.items() if any(map(words.search, self.slurm))), None):
            return said
        if known := CAUSES.get(state_of(self.message)):
            return known
        lines = [line for _, tail in self.shown for line in tail]
        if any(map(DISK.search, lines)) or any(DISK.search(line) for path in self.theirs for line in logs.tail(path)):
            return "disk"
        if not lines:
            return "disk" if _full(self.places) else "waiting" if self.grouped else "unwritten"
        return "stopped" if any(logs.stopped(path) for path in self.written) else "error"

    def told(self):
        """The failure as text of several lines, the last one empty."""
        lines = [self.name]
        if sentence := self._sentence():
            lines.append(f"    {sentence}")
        for path, tail in self.shown:
            lines += [f"    log: {path}", *(f"    | {line}" for line in tail[-MOST_LINES:])]
        if self.cause not in ("refused", "waiting"):
            lines += [f"    cluster's log: {path}" for path in self.theirs]
            lines += [f"    | {line}" for line in self.slurm[-MOST_LINES:]]
        return "\n".join([*lines, ""])

    def _sentence(self):
        if self.cause == "refused":
            found = REFUSED.search(self.message)
            words = found[1].partition("'.\n")[0] if found else self.message
            return f"It never started. SLURM refused it: {' '.join(words.split())}"
        asked = {"mem_mb": "?", "runtime": "?", **self.asked}
        return SENTENCES.get(self.cause, "").format(rule=self.rule, **asked)


def state_of(message):
    """SLURM's word for how a job ended, None where the message tells none."""
    found = STATE.search(message)
    return found and found[1]


def _full(paths):
    """Whether a folder of these files takes no more."""
    try:
        for path in paths:
            disk.check(Path(path).parent)
    except disk.DiskError:
        return True
    return False
