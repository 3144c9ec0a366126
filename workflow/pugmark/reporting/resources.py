"""What jobs asked for, what they used and what to ask for instead, for each rule and method."""

import math
from pathlib import Path
from statistics import fmean

from pugmark.progress import logs, records
from pugmark.reporting import summary

NEAR, FAR, SHORT = 0.85, 0.25, 0.1
IDLE_GPU = 30  # per cent
TELLING = 1.0  # minutes; shorter jobs are mostly start-up and say little about a larger batch


def rows(benchmarks, logs_folder):
    """[{"rule", "method", "jobs", "hours", "memory", "runtime", "threads", "gpu", "advice"}] in the stages' order.

    memory (MB) and runtime (minutes): {"asked", "used", "share", "near", "most"} of the job that came closest to its
    limit; "most" is the highest use of any job. threads: the same for the mean. None where nothing was measured.
    gpu: {"asked", "told", "names", "mb", "utilisation"}; "told" is the number of jobs that reported their use.
    advice: [(urgent, sentence)].
    """
    groups = {}
    for record in records.read(benchmarks):
        used = logs.used(Path(logs_folder, record.log)) or {}
        groups.setdefault((record.rule, records.method(record.wildcards)), []).append((record, used))
    order = sorted(groups, key=lambda key: (summary.order(key[0]), key[1]))
    return [_row(*key, groups[key]) for key in order]


def trainings(benchmarks, logs_folder):
    """{model folder below the results: {"seconds", "mb", "gpu"}} of the trainings that were measured.

    gpu: name of the GPU, None if none was used. mb: peak memory of that GPU, else of the process; None if unknown.
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
    """The (asked, used) pair with the highest share, and the highest use of all."""
    known = [(asked, used) for asked, used in pairs if asked and used is not None]
    if not known:
        return {"asked": next((asked for asked, _ in pairs if asked), None), "used": None, "share": None, "near": False}
    asked, used = max(known, key=lambda pair: pair[1] / pair[0])
    most = max(used for _, used in known)
    return {"asked": asked, "used": used, "share": used / asked, "near": used / asked > NEAR, "most": most}


def _peak(record, used):
    """The higher of two peaks: Snakemake samples each half minute and misses some; the job itself omits its workers."""
    return max((mb for mb in (record.peak_mb, used.get("peak_rss_mb")) if mb is not None), default=None)


def _busy(finished):
    """Mean number of busy cores, weighted by the length of the jobs; None where none was measured."""
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
        yield True, f"Used {100 * memory['share']:.0f} % of the memory that it asked for: set mem_mb={enough}."
    elif _telling(row) and memory["share"] < FAR and enough < memory["asked"]:
        yield (
            False,
            f"Used {100 * memory['share']:.0f} % of its memory: mem_mb={enough} is enough for batches of this size.",
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
            f"The longest job took {100 * runtime['share']:.0f} % of its time limit: "
            f"with runtime={enough} jobs start sooner.",
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
            f"Keeps {threads['used']:.1f} of {threads['asked']} threads busy: ask for fewer with --set-threads.",
        )


def _on_gpu(row):
    gpu = row["gpu"]
    if gpu["asked"] and gpu["told"] and not gpu["names"]:
        yield False, "Asked for a GPU and found none: if the machine has one, see the job's log for the reason."
    if gpu["utilisation"] is not None and gpu["utilisation"] < IDLE_GPU:
        yield (
            False,
            f"The GPU was busy {gpu['utilisation']:.0f} % of the time and waited for pictures: try more threads.",
        )
