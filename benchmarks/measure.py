"""Measure commands side by side: each runs as its own process, in turn, and its time and peak memory are tabulated.

A command prints as its last line one JSON object with `seconds`, its own measure of the work without imports and
preparation (see `stopwatch`), and whatever else should be compared. Peak memory is the kernel's, of the whole process.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager


@contextmanager
def stopwatch(**facts):
    """Time the block and print the JSON line that `compare` reads; the block may add to the dict that it is given.

    `cpu` are processor seconds of all threads: on a machine that others use too, the steadier figure.
    """
    start, work = time.perf_counter(), time.process_time()
    yield facts
    seconds, cpu = time.perf_counter() - start, time.process_time() - work
    print(json.dumps({"seconds": seconds, "cpu": round(cpu, 2), **facts}))


def compare(commands, repeats=3):
    """Run {name: argv} alternately `repeats` times, print each run as it ends and then a table, return {name: row}.

    A row has seconds (median), ratio (to the first command's seconds), peak_mb (median), runs, and the last run's other
    facts; a command that dies, for instance out of memory, gets {"failed": the last line of its standard error}.
    """
    runs = {name: [] for name in commands}
    for _ in range(repeats):
        for name, argv in commands.items():
            runs[name].append(_run(argv))
            print(f"{name}: {json.dumps(runs[name][-1])}", file=sys.stderr, flush=True)
    rows = {name: _summary(results) for name, results in runs.items()}
    first = next(iter(rows.values())).get("seconds")
    for row in rows.values():
        if first and "seconds" in row:
            row["ratio"] = row["seconds"] / first
    print(table(rows))
    return rows


def table(rows):
    """The rows of `compare` as aligned text."""
    lines = [f"{'':<24}{'seconds':>10}{'ratio':>8}{'peak MB':>10}  facts"]
    known = {"seconds", "ratio", "peak_mb", "runs"}
    for name, row in rows.items():
        if "failed" in row:
            lines.append(f"{name:<24}{'failed':>10}  {row['failed']}")
            continue
        facts = " ".join(f"{key}={value}" for key, value in row.items() if key not in known)
        ratio = f"{row['ratio']:.2f}" if "ratio" in row else "-"
        lines.append(f"{name:<24}{row['seconds']:>10.2f}{ratio:>8}{row['peak_mb']:>10.0f}  {facts}")
    return "\n".join(lines)


def _run(argv):
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=errors, text=True)
        output = process.stdout.read()
        # wait4 and not wait: only it returns what this one child used.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        last = (errors.read().strip().splitlines() or ["no message"])[-1]
    if process.returncode:
        return {"failed": f"exit status {process.returncode}: {last}"}
    kilobytes = usage.ru_maxrss / 1024 if sys.platform == "darwin" else usage.ru_maxrss
    return json.loads(output.splitlines()[-1]) | {"peak_mb": kilobytes / 1024}


def _summary(results):
    failed = [result for result in results if "failed" in result]
    if failed:
        return failed[0]
    medians = {key: statistics.median(result[key] for result in results) for key in ("seconds", "peak_mb")}
    return results[-1] | medians | {"runs": len(results)}
