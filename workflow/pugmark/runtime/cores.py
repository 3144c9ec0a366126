"""How many processor cores a job may use."""

import os


def granted():
    """Number of cores: OMP_NUM_THREADS, which Snakemake sets to the rule's threads, or fewer if the process has fewer.

    Without the variable, all cores of the process. A node that does not confine jobs shows each of them all its cores.
    """
    allowed = len(os.sched_getaffinity(0))
    return max(1, min(int(os.environ.get("OMP_NUM_THREADS") or allowed), allowed))
