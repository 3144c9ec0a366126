"""What earlier attempts of a job died of, so that a new one asks for more only of what was short.

Kept in the environment, which every executor passes on: a job on a cluster works its request out anew.
"""

import json
import os

VARIABLE = "PUGMARK_ATTEMPTS"
# Linux takes no longer string in an environment (128 KiB, with the name): the oldest notes go first.
LONGEST = 120_000
CURES = {"memory": ("memory", "stopped"), "time": ("time", "stopped")}


def record(rule, wildcards, cause):
    """Note that an attempt of this job ended of `cause`, a word of `progress.failures`."""
    ended, name = _ended(), _name(rule, wildcards)
    ended[name] = [*ended.pop(name, []), cause]
    while len(text := json.dumps(ended)) > LONGEST:
        del ended[next(iter(ended))]
    os.environ[VARIABLE] = text


def forget():
    """For the process that the user started, whose environment may hold what an earlier run has left there."""
    os.environ.pop(VARIABLE, None)


def growth(what, rule, wildcards, attempt):
    """How many times as much of `what` ("memory" or "time") this attempt needs, the first being attempt 1.

    An attempt whose end nobody recorded may have been short of both.
    """
    ended = _ended().get(_name(rule, wildcards), [])
    return max(1, attempt - sum(cause not in CURES[what] for cause in ended))


def _ended():
    return json.loads(os.environ.get(VARIABLE, "{}"))


def _name(rule, wildcards):
    return " ".join([rule, *(f"{key}={value}" for key, value in sorted(wildcards.items()))])
