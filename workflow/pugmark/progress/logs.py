"""What a stage's log says at its end: the counts, what the job used, or why it failed. Only the end is read."""

import json
import os
import re
from pathlib import Path

END = 16384
LINE = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ \S+ INFO: (?P<said>.*)$")
USED = "used: {"
WARNING, MOST_WARNINGS = "WARNING: ", 3


def counts(path):
    """The counts of the log's last INFO line, without those that are 0, and its warnings, a line each.

    Of a job that was found in the shared cache Snakemake leaves an empty log.
    """
    lines = tail(path)
    said = [found["said"] for found in map(LINE.match, lines) if found]
    if not said:
        return "finished" if lines or not Path(path).exists() else "taken from the shared cache"
    parts = re.split(r"[,;] (?![^{(]*[})])", said[-1])
    told = ", ".join(part for part in parts if not part.startswith("0 ")) or "nothing found"
    warnings = [line[line.index(WARNING) :] for line in lines if WARNING in line]
    return "\n    ".join([told, *warnings[:MOST_WARNINGS]])


def used(path):
    """What the job measured of itself ({"seconds", "peak_rss_mb", "gpu", ...}), or None where the log does not say."""
    for line in reversed(_end(path)):
        if USED in line:
            return json.loads(line[line.index("{") :])
    return None


def tail(path):
    """The last lines, without empty ones and what the job used; none where the log is absent."""
    return [line for line in _end(path) if line.strip() and USED not in line]


def stamp(path):
    """What changes when a log is written anew, None where it is absent. A network file system looks only on opening."""
    try:
        with open(path) as file:
            found = os.fstat(file.fileno())
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def interrupted(path):
    """Whether the job ended because the user stopped the run."""
    return any(line.endswith("interrupted") or line.startswith("KeyboardInterrupt") for line in tail(path)[-1:])


def stopped(path):
    """Whether the log ends amid ordinary work: the job was killed before it could say why."""
    return any(map(LINE.match, tail(path)[-1:]))


def _end(path):
    try:
        with Path(path).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - END))
            return file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
