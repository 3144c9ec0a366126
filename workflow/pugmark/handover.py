"""What the process that starts a run hands to its jobs, each of which reads the workflow anew, maybe hours later.

Through the environment, which every executor passes on: the batch folders that were found and who they were said to
show, and the folders of weights. So a batch that is copied in, or a name that is corrected, while a job waits in the
queue does not change what that job was submitted for.
"""

import base64
import json
import os
import zlib

VARIABLE = "PUGMARK_FOUND"
# Linux takes no longer string in an environment (128 KiB, with the name). Beyond some ten thousand batches every job
# looks for itself.
LONGEST = 120_000


def give(plan):
    """Put what `plan` found, and where it looks for weights, into the environment of the jobs to come."""
    for collection in {run.source for name in plan.collections for run in plan.runs(name) if run.learns_names}:
        plan.names(collection)
    packed = base64.b64encode(zlib.compress(json.dumps(plan.found).encode(), 9)).decode()
    if len(packed) <= LONGEST:
        os.environ[VARIABLE] = packed
    os.environ["PUGMARK_WEIGHTS"] = os.pathsep.join(dict.fromkeys(plan.manifest.folders()))


def received():
    """What `give` put into the environment in the process that began the run; None there."""
    packed = os.environ.get(VARIABLE)
    return json.loads(zlib.decompress(base64.b64decode(packed))) if packed else None
