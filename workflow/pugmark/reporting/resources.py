"""What jobs asked for against what they used, per rule and method, and what to ask for instead, in words."""

import math
from pathlib import Path
from statistics import fmean

from pugmark.progress import logs, records
from pugmark.reporting import summary

NEAR, FAR, SHORT = 0.85, 0.25, 0.1
IDLE_GPU = 30  # per cent
TELLING = 1.0  # minutes; what ends sooner is start-up, which says little of what a larger batch needs


def rows(benchmarks, logs_folder):
    """[{"rule", "method", "jobs", "hours", "memory", "runtime", "threads", "gpu", "advice"}] in the stages' order.

    memory (MB), runtime (minutes), threads: {"asked", "used", "share", "near"}, used being the most of any job, for
    threads the mean; None where it was not measured. gpu: {"asked", "told", "names", "mb", "utilisation"}, told being
    how many jobs said what they used. advice: [(urgent, sentence)].
    """
    groups = {}
    for record in records.read(benchmarks):
        groups.setdefault((record.rule, records.method(record.wildcards)), []).append(record)
    order = sorted(groups, key=lambda key: (summary.ORDER.index(key[0]), key[1]))
    return [_row(*key, groups[key], _told(key[0], groups[key], logs_folder)) for key in order]


def _told(rule, jobs, folder):
    """What the jobs say of themselves at the end of their logs."""
    runs = {job.wildcards.get("run") for job in jobs}
    paths = sorted(Path(folder, rule).rglob("*.log"))
    paths = [path for path in paths if runs == {None} or not runs.isdisjoint([path.stem, path.parent.name])]
    return [used for used in map(logs.used, paths) if used]


def _row(rule, method, jobs, told):
    asked = {name: [job.resources[name] for job in jobs if name in job.resources] for name in ("mem_mb", "runtime")}
    peaks = [job.peak_mb for job in jobs] + [used["peak_rss_mb"] for used in told]
    row = {
        "rule": rule,
        "method": method,
        "jobs": len(jobs),
        "hours": sum(job.seconds for job in jobs) / 3600,
        "memory": _against(asked["mem_mb"], peaks),
        "runtime": _against(asked["runtime"], [job.seconds / 60 for job in jobs]),
        "threads": _against([job.threads for job in jobs], [_busy(jobs)]) | {"near": False},
        "gpu": _gpu(jobs, told),
    }
    return row | {"advice": [*_memory(row), *_runtime(row), *_threads(row), *_on_gpu(row)]}


def _against(asked, used):
    """Asked: what a first attempt asks for, which is the least of all."""
    asked, used = min(asked, default=None), max((value for value in used if value is not None), default=None)
    share = used / asked if asked and used is not None else None
    return {"asked": asked, "used": used, "share": share, "near": share is not None and share > NEAR}


def _busy(jobs):
    """Mean number of busy cores, long jobs counting more; None where none was looked at."""
    looked = [job for job in jobs if job.cores is not None]
    return sum(job.cores * job.seconds for job in looked) / sum(job.seconds for job in looked) if looked else None


def _gpu(jobs, told):
    held = [used for used in told if used.get("gpu")]
    rates = [used["gpu_utilisation"] for used in held if used.get("gpu_utilisation") is not None]
    return {
        "asked": max(int(job.resources.get("gpu", 0)) for job in jobs),
        "told": len(told),
        "names": sorted({used["gpu"] for used in held}),
        "mb": max((used["gpu_mb"] for used in held), default=None),
        "utilisation": fmean(rates) if rates else None,
    }


def _telling(row):
    return row["runtime"]["used"] >= TELLING


def _memory(row):
    memory = row["memory"]
    if memory["share"] is None:
        return
    enough = max(1000, 500 * math.ceil(1.5 * memory["used"] / 500))
    if memory["near"]:
        yield True, f"Memory came to {100 * memory['share']:.0f} % of what was asked for: set mem_mb={enough}."
    elif _telling(row) and memory["share"] < FAR and enough < memory["asked"]:
        yield (
            False,
            f"Uses {100 * memory['share']:.0f} % of its memory: mem_mb={enough} is enough for batches of this size.",
        )


def _runtime(row):
    runtime = row["runtime"]
    if runtime["share"] is None:
        return
    enough = max(10, 10 * math.ceil(0.3 * runtime["used"]))
    if runtime["near"]:
        yield True, f"The longest job took {100 * runtime['share']:.0f} % of its time limit: set runtime={enough}."
    elif _telling(row) and runtime["share"] < SHORT and enough < runtime["asked"]:
        yield (
            False,
            f"The longest job took {100 * runtime['share']:.0f} % of its time limit: runtime={enough} starts sooner.",
        )


def _threads(row):
    threads = row["threads"]
    if threads["share"] is None or not _telling(row):
        return
    if threads["share"] > 1 / NEAR:
        yield True, f"Keeps {threads['used']:.1f} cores busy: ask for {math.ceil(threads['used'])} threads."
    elif threads["asked"] > 1 and threads["share"] < 0.5:
        yield (
            False,
            f"Keeps {threads['used']:.1f} of {threads['asked']} threads busy: --set-threads with fewer would do.",
        )


def _on_gpu(row):
    gpu = row["gpu"]
    if gpu["asked"] and gpu["told"] and not gpu["names"]:
        yield True, "Asked for a GPU and used none: it ran on the processor. Set gpu=0, or see why torch found no GPU."
    if gpu["utilisation"] is not None and gpu["utilisation"] < IDLE_GPU:
        yield (
            False,
            f"The GPU was busy {gpu['utilisation']:.0f} % of the time: it waits for pictures; try more threads.",
        )
