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

    memory (MB) and runtime (minutes): {"asked", "used", "share", "near", "most"} of the job that came closest to its
    limit, most being what any job used; threads the same of the means; None where it was not measured. gpu: {"asked",
    "told", "names", "mb", "utilisation"}, told being how many jobs said what they used. advice: [(urgent, sentence)].
    """
    groups = {}
    for record in records.read(benchmarks):
        used = logs.used(Path(logs_folder, record.log)) or {}
        groups.setdefault((record.rule, records.method(record.wildcards)), []).append((record, used))
    order = sorted(groups, key=lambda key: (summary.order(key[0]), key[1]))
    return [_row(*key, groups[key]) for key in order]


def trainings(benchmarks, logs_folder):
    """{folder of the model below the results: {"seconds", "mb", "gpu"}} of the trainings that were measured.

    mb: peak memory, on a GPU where `gpu` is its name, else of the process, None if unknown.
    """
    found = {}
    for record in records.read(Path(benchmarks, "train")):
        used = logs.used(Path(logs_folder, record.log)) or {}
        on_gpu = used.get("gpu")
        mb = used["gpu_mb"] if on_gpu else _peak(record, used)
        collection, run, version = (record.wildcards.get(name, "") for name in ("collection", "run", "version"))
        found[f"{collection}/models/{run}/{version}"] = {"seconds": record.seconds, "mb": mb, "gpu": on_gpu}
    return found


def _row(rule, method, jobs):
    finished, told = [record for record, _ in jobs], [used for _, used in jobs if used]
    row = {
        "rule": rule,
        "method": method,
        "jobs": len(jobs),
        "hours": sum(record.seconds for record in finished) / 3600,
        "memory": _closest([(record.resources.get("mem_mb"), _peak(record, used)) for record, used in jobs]),
        "runtime": _closest([(record.resources.get("runtime"), record.seconds / 60) for record in finished]),
        "threads": _closest([(min(record.threads for record in finished), _busy(finished))]) | {"near": False},
        "gpu": _gpu(finished, told),
    }
    return row | {"advice": [*_memory(row), *_runtime(row), *_threads(row), *_on_gpu(row)]}


def _closest(pairs):
    """Of (asked, used) pairs the one whose share is the highest."""
    known = [(asked, used) for asked, used in pairs if asked and used is not None]
    if not known:
        return {"asked": next((asked for asked, _ in pairs if asked), None), "used": None, "share": None, "near": False}
    asked, used = max(known, key=lambda pair: pair[1] / pair[0])
    most = max(used for _, used in known)
    return {"asked": asked, "used": used, "share": used / asked, "near": used / asked > NEAR, "most": most}


def _peak(record, used):
    """The sampling that saw more: Snakemake's, each half minute, misses a peak; the job's own leaves out workers."""
    return max((mb for mb in (record.peak_mb, used.get("peak_rss_mb")) if mb is not None), default=None)


def _busy(finished):
    """Mean number of busy cores, long jobs counting more; None where none was looked at."""
    looked = [record for record in finished if record.cores is not None]
    seconds = sum(record.seconds for record in looked)
    return sum(record.cores * record.seconds for record in looked) / seconds if seconds else None


def _gpu(finished, told):
    held = [used for used in told if used.get("gpu")]
    rates = [used["gpu_utilisation"] for used in held if used.get("gpu_utilisation") is not None]
    return {
        "asked": max(int(record.resources.get("gpu", 0)) for record in finished),
        "told": len(told),
        "names": sorted({used["gpu"] for used in held}),
        "mb": max((used["gpu_mb"] for used in held), default=None),
        "utilisation": fmean(rates) if rates else None,
    }


def _telling(row):
    return row["runtime"]["used"] is not None and row["runtime"]["most"] >= TELLING


def _memory(row):
    memory = row["memory"]
    if memory["share"] is None:
        return
    enough = max(1000, 500 * math.ceil(1.5 * memory["most"] / 500))
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
    enough = max(10, 10 * math.ceil(0.3 * runtime["most"]))
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
        yield False, "Asked for a GPU and found none. Where there should be one, see what the log says of it."
    if gpu["utilisation"] is not None and gpu["utilisation"] < IDLE_GPU:
        yield (
            False,
            f"The GPU was busy {gpu['utilisation']:.0f} % of the time: it waits for pictures; try more threads.",
        )
