"""The shared cache of a group: which jobs make the same, and whether this user may take part."""

import hashlib
import json
import os

VARIABLE = "SNAKEMAKE_OUTPUT_CACHE"


class Keys:
    """Names the entries of Snakemake's cache between workflows, in place of its own `ProvenanceHashMap`.

    That one knows an input by the jobs that made it, if they are in the graph. A job on a cluster knows no other job,
    and so would name its entry otherwise than a run on one machine. Here every input counts by content.
    """

    def __init__(self, packages):
        """packages: checksum of the locked packages."""
        self.packages = packages

    async def get_provenance_hash(self, job):
        """The name of what `job` makes. A folder among its inputs counts by the tables that were read from it."""
        files = [file for file in job.input if not os.path.isdir(file)]
        contents = sorted([await file.checksum(force=True) for file in files])
        made_of = [self.packages, job.rule.shellcmd, list(job.params._allitems()), contents]
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def refusal(folder):
    """What is wrong with the folder of the shared cache, in a sentence; None where this user may take part."""
    if not os.path.isdir(folder):
        return f"{VARIABLE} names {folder}, which is no folder: make it once for the group, or unset the variable."
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return (
            f"{VARIABLE} names {folder}, where you may not read and write: ask its owner to let you into its group, or "
            "unset the variable to compute everything yourself."
        )
    return None
