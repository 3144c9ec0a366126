import gc
import inspect
import os
import sys

from snakemake import caching
from snakemake.exceptions import WorkflowError

# The jobs of a thousand batches are millions of objects that live to the end: searching them for garbage as often as
# Python does takes a fifth of the time of `snakemake -n`.
gc.freeze()  # what is loaded by now lives to the end as well
gc.set_threshold(100_000, 50, 50)

# Rules call `python -m pugmark.stages.STAGE`: the package is found in every job, local or on a cluster, and the interpreter
# is the one that runs Snakemake unless a software deployment puts another first.
_package = os.path.join(workflow.basedir, "workflow")
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [_package, os.environ.get("PYTHONPATH")])
)
os.environ["PATH"] = os.pathsep.join(
    [os.path.dirname(sys.executable), os.environ["PATH"]]
)
sys.path.insert(0, _package)


from pugmark.methods import MethodError
from pugmark.planning import handover, listing, sharing
from pugmark.planning.configuration import ConfigError, check_repeated
from pugmark.planning.fingerprint import of as code
from pugmark.planning.plan import Plan
from pugmark.planning.settings import Settings
from pugmark.planning.versions import canonical
from pugmark.runtime import attempts, disk

# The process that the user started looks for batches; its jobs, which read this file as well, are handed what it found.
# What is wrong is said before anything is locked, and alone: Snakemake would put a line of this file above an exception.
try:
    starts = workflow.is_main_process and not workflow.output_settings.dryrun
    if starts:
        disk.check(".snakemake", "start in another folder (`snakemake --directory`)")
    if workflow.is_main_process:
        check_repeated(workflow.configfiles)
    PLAN = Plan(config, None if workflow.is_main_process else handover.received())
    if starts:
        disk.check(PLAN.results)
except (ConfigError, MethodError, disk.DiskError) as error:
    sys.exit(str(error))

if workflow.is_main_process:
    handover.give(PLAN)
    for sentence in PLAN.left_out:
        logger.warning(sentence)


envvars:
    "PATH",
    "PYTHONPATH",


SETTINGS = Settings(PLAN)
RESULTS = PLAN.results
BATCH = f"{RESULTS}/{{collection}}/batches/{{batch}}"
# A batch that is no shard of another: a shard's name ends in .1of4.
WHOLE_BATCH = (
    f"{RESULTS}/{{collection}}/batches/{{batch,(?![^/]*\\.[0-9]+of[0-9]+/)[^/]+}}"
)
RUN = f"{RESULTS}/{{collection}}/runs/{{run}}"
MODEL = f"{RESULTS}/{{collection}}/models/{{run}}/{{version}}"
LOGS = f"{RESULTS}/logs"

# Rules whose results depend on inputs, settings, code and packages alone take part in Snakemake's cache between workflows
# where the user names one; `snakemake --cache` then uses it.
SHARED_CACHE = sharing.VARIABLE in os.environ
caching.ProvenanceHashMap = lambda: sharing.Keys(
    listing.file(os.path.join(workflow.basedir, "envs", "requirements.txt"))
)
if SHARED_CACHE and (refusal := sharing.refusal(os.environ[sharing.VARIABLE])):
    sys.exit(refusal)


wildcard_constraints:
    collection="|".join(map(re.escape, PLAN.collections)),
    batch="[^/]+",
    number="[0-9]+",
    shards="[0-9]+",
    run="[^/]+",
    version="[0-9a-f]{12}",
    checksum="[0-9a-f]{8}",


def ask(question):
    """Input or params function: the answer of a method whose arguments are named like wildcards."""
    names = list(inspect.signature(question).parameters)
    return lambda wildcards: question(*(wildcards[name] for name in names))


def named(paths):
    """`name=path` words of a stage's --weights."""
    return [f"{name}={path}" for name, path in paths.items()]


def memory(base, per_input=0):
    """Resource function: MB that grow with each MB of input, and after an attempt that ran out of memory."""

    def mem_mb(wildcards, input, attempt, rulename):
        grown = attempts.growth("memory", rulename, wildcards, attempt)
        return int((base + per_input * input.size_mb) * grown)

    return mem_mb


def minutes(base):
    """Resource function: minutes that grow after an attempt that its time limit ended."""

    def runtime(wildcards, attempt, rulename):
        return base * attempts.growth("time", rulename, wildcards, attempt)

    return runtime
