"""How many processor cores a job may keep busy."""

import os


def granted():
    """OMP_NUM_THREADS, which Snakemake sets to the rule's threads, but no more than the process may run on.

    Without it, all of the latter; a node that does not keep jobs apart shows each of them all of its cores.
    """
    allowed = len(os.sched_getaffinity(0))
    return max(1, min(int(os.environ.get("OMP_NUM_THREADS") or allowed), allowed))
