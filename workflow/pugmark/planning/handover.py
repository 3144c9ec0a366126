"""What the process that the user starts hands to its jobs, which each read the workflow again, perhaps hours later.

It goes through the environment, which every executor passes on: the batch folders that were found, checksums of the
names in them and of files of vectors, and the folders of weights. So a batch that is copied in, or a name that is
corrected, while a job waits in the queue does not change what the job was submitted for.
"""

import base64
import json
import os
import zlib

VARIABLE = "PUGMARK_FOUND"
# Linux limits a variable to 128 KiB, its name included. Above some ten thousand batches each job looks for itself.
LONGEST = 120_000


def give(plan):
    """Put what `plan` found, and where it looks for weights, into the environment of the jobs."""
    for collection in {run.source for name in plan.collections for run in plan.runs(name) if run.learns_names}:
        plan.names(collection)
    for file in {run.file for name in plan.collections for run in plan.runs(name) if run.file}:
        plan.content(file)
    packed = base64.b64encode(zlib.compress(json.dumps(plan.found).encode(), 9)).decode()
    os.environ[VARIABLE] = packed if len(packed) <= LONGEST else ""
    os.environ["PUGMARK_WEIGHTS"] = os.pathsep.join(dict.fromkeys(plan.manifest.folders()))


def received():
    """What the process that the user started handed over; None if that was too long.

    Not for that process itself: its environment may still hold what an earlier workflow run left.
    """
    packed = os.environ.get(VARIABLE)
    return json.loads(zlib.decompress(base64.b64decode(packed))) if packed else None
