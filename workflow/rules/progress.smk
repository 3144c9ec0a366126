# What the user is told of the plan, of each finished job, and of failed ones.

from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

from pugmark.progress import slurm
from pugmark.progress.handler import Progress

# Of the long stages only: a file per job costs inodes.
BENCHMARKS = f"{RESULTS}/benchmarks"


def planned_jobs():
    """(rule, wildcards, whether its duration is recorded) of every job that is to run."""
    for job in workflow.dag.needrun_jobs():
        if job.rule.name != "all":
            yield job.rule.name, job.wildcards_dict, job.rule.benchmark is not None


# Jobs on a cluster parse this file as well: one process speaks of the workflow run, the one that the user started.
if workflow.is_main_process:
    attempts.forget()
    slurm.attend(ExecutorPluginRegistry().plugins)
    PROGRESS = Progress(logger, planned_jobs, BENCHMARKS, Quietness.PROGRESS)


onerror:
    PROGRESS.failures()
