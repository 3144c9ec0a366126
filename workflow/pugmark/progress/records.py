"""What finished jobs used: Snakemake's benchmark files, one JSON line per job, in `rule/collection/.../*.jsonl`.

They are read at the start of every workflow run, so this imports nothing heavy.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Record:
    """One finished job.

    seconds: wall time. peak_mb: peak resident memory. cores: mean number of busy processor cores. The latter two are
    None if the job ended before it was measured. resources: what it asked for (mem_mb, runtime in minutes, gpu, ...).
    """

    rule: str
    wildcards: dict
    seconds: float
    peak_mb: float | None
    cores: float | None
    threads: int
    resources: dict

    @property
    def kind(self):
        return kind(self.rule, self.wildcards)

    @property
    def log(self):
        """Path of the job's log, relative to the folder of logs."""
        known = [self.wildcards[name] for name in ("collection", "batch", "run", "version") if name in self.wildcards]
        return "/".join([self.rule, *known]) + ".log"


def kind(rule, wildcards):
    """(rule, collection, method), '' for an absent one: jobs that take about as long, whatever their seed and batch."""
    return rule, wildcards.get("collection", ""), method(wildcards)


def method(wildcards):
    """The run without its seed, or '' for a job that serves all methods."""
    return re.sub(r"-s\d+$", "", wildcards.get("run", ""))


def study(method):
    """The study of a method that is a cell (STUDY.CELL); else the method itself."""
    return method.partition(".")[0]


def span(minutes):
    """A duration as text, in a unit that suits it."""
    if minutes < 1:
        return f"{60 * minutes:.0f} s"
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 60 / 24:.1f} days"


def read(folder, most=None):
    """Yield the records below `folder`: at most `most` of each folder, spread evenly over its sorted names."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        names = sorted(name for name in names if name.endswith(".jsonl"))
        step = -(-len(names) // most) if most and names else 1
        for name in names[::step]:
            yield from of_file(Path(parent, name))


def of_file(path):
    """The records of one file; none if it is absent, cut off, or written without `--benchmark-extended`."""
    try:
        lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
    except (FileNotFoundError, ValueError):
        return []
    return [_record(line) for line in lines if "rule_name" in line]


def _record(line):
    load = _number(line["mean_load"])
    return Record(
        rule=line["rule_name"],
        wildcards=line["wildcards"],
        seconds=float(line["s"]),
        peak_mb=_number(line["max_rss"]),
        cores=None if load is None else load / 100,
        threads=int(line["threads"]),
        resources=line["resources"],
    )


def _number(value):
    return None if value == "NA" else float(value)
