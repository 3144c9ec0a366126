import gc
import os
import sys

from snakemake.exceptions import WorkflowError
from snakemake.io import report as in_report

# The jobs of a thousand batches are millions of objects that live to the end: searching them for garbage as often as
# Python does takes a fifth of the time of `snakemake -n`.
gc.set_threshold(100_000, 50, 50)

# Rules call `python -m pugmark.<stage>`: the package is found in every job, local or on a cluster, and the interpreter
# is the one that runs Snakemake unless a software deployment puts another first.
_package = os.path.join(workflow.basedir, "workflow")
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [_package, os.environ.get("PYTHONPATH")])
)
os.environ["PATH"] = os.pathsep.join(
    [os.path.dirname(sys.executable), os.environ["PATH"]]
)
sys.path.insert(0, _package)


envvars:
    "PATH",
    "PYTHONPATH",


from pugmark.configuration import ConfigError
from pugmark.methods import MethodError
from pugmark.plan import Plan, canonical, code

try:
    PLAN = Plan(config)
except (ConfigError, MethodError) as error:
    raise WorkflowError(str(error)) from None

RESULTS = PLAN.results
BATCH = f"{RESULTS}/{{collection}}/batches/{{batch}}"
RUN = f"{RESULTS}/{{collection}}/runs/{{run}}"
MODEL = f"{RESULTS}/{{collection}}/models/{{run}}/{{version}}"
LOGS = f"{RESULTS}/logs"


wildcard_constraints:
    collection="|".join(map(re.escape, PLAN.collections)),
    batch="[^/]+",
    run="[^/]+",
    version="[0-9a-f]{12}",
    checksum="[0-9a-f]{8}",


def batch_folder(wildcards):
    return PLAN.folders[wildcards.collection][wildcards.batch]


def drawn(wildcards):
    """The folder that `synthesise` draws, as an input; a real batch is no output of any rule."""
    return (
        batch_folder(wildcards)
        if "synthetic" in PLAN.collections[wildcards.collection]
        else []
    )


def drawn_truth(wildcards):
    """The folder of the drawn survey's true labels, as an input."""
    synthetic = "synthetic" in PLAN.collections[wildcards.collection]
    return (
        f"{RESULTS}/{wildcards.collection}/truth/{wildcards.batch}" if synthetic else []
    )


def separate_labels(wildcards):
    """The labels that a user keeps apart from the batch, as an input."""
    return (
        []
        if drawn_truth(wildcards)
        else PLAN.labels_file(wildcards.collection, wildcards.batch) or []
    )


def media_listing(wildcards):
    return PLAN.listing(wildcards.collection, wildcards.batch)


def label_listing(wildcards):
    return PLAN.listing(wildcards.collection, wildcards.batch, "labels")


def labels_argument(wildcards):
    file = PLAN.labels_file(wildcards.collection, wildcards.batch)
    return ["--labels-file", file] if file else []


def settings_of(section, **more):
    """Input function: the settings of one stage as JSON, with values that depend on the collection."""

    def settings(wildcards):
        extra = {key: value(wildcards.collection) for key, value in more.items()}
        return PLAN.settings(wildcards.collection, section, **extra)

    return settings


def detector_settings(wildcards):
    name, more = wildcards.collection, {}
    settings = PLAN.collections[name]["detect"]
    if settings["name"] == "boxes":
        more["labels"] = PLAN.sidecar(name)
    if "file" in settings and settings["file"]:
        more["file"] = settings["file"].format(batch=wildcards.batch)
    return PLAN.settings(
        name, "detect", **more, manifest=PLAN.manifest.facts(PLAN.detect_weights(name))
    )


def mask_settings(wildcards):
    """Without `fill`, which is applied when a crop is read: another grey level cuts no mask anew."""
    name = wildcards.collection
    settings = {
        key: value
        for key, value in PLAN.collections[name]["mask"].items()
        if key != "fill"
    }
    return canonical(
        {**settings, "manifest": PLAN.manifest.facts(PLAN.mask_weights(name))}
    )


def detector_sidecar(wildcards):
    """The file of boxes that the detector reads outside the batch, if any."""
    file = PLAN.collections[wildcards.collection]["detect"].get("file")
    return [file.format(batch=wildcards.batch)] if file else []


def detector_code(wildcards):
    return code(
        "detect",
        f"detectors.{PLAN.collections[wildcards.collection]['detect']['name']}",
    )


def named(paths):
    """`name=path` words of a stage's --weights."""
    return [f"{name}={path}" for name, path in paths.items()]


def run_of(wildcards):
    return PLAN.run(wildcards.collection, wildcards.run)


def training_settings(wildcards):
    """The settings of today, which only today's version may be made with."""
    run = run_of(wildcards)
    if wildcards.version != PLAN.version(run):
        raise WorkflowError(
            f"Model {wildcards.version} of {run.name} is of other settings or code; now it is {PLAN.version(run)}."
        )
    return PLAN.training(run)


def embed_settings(wildcards):
    return canonical(
        {"fill": PLAN.collections[run_of(wildcards).source]["mask"]["fill"]}
    )


def has_network(wildcards):
    """Whether the run's method computes with a network, and so wants a GPU and more than one thread."""
    return "backbone" in run_of(wildcards).params


def run_threads(wildcards):
    return 2 if has_network(wildcards) else 1


def embed_code(wildcards):
    return code("embed", f"methods.{run_of(wildcards).method}")


def cluster_settings(wildcards):
    individuals = PLAN.collections[wildcards.collection]["individuals"]
    return PLAN.settings(
        wildcards.collection,
        "cluster",
        individuals=individuals,
        seed=run_of(wildcards).seed,
    )


def evaluate_settings(wildcards):
    run = run_of(wildcards)
    return PLAN.settings(
        wildcards.collection,
        "evaluate",
        method=run.label,
        seed=run.seed,
        family=run.facts["FAMILY"],
    )


def truth_for_oracle(wildcards):
    return (
        f"{BATCH}/labels.parquet".format(**wildcards)
        if run_of(wildcards).facts["SEES_TRUTH"]
        else []
    )


def run_model(wildcards):
    return f"{PLAN.model(run_of(wildcards))}/model.pt"


def run_trained(wildcards):
    return f"{PLAN.model(run_of(wildcards))}/trained.parquet"


def per_batch(file):
    """Input function: one file of every batch of the collection."""

    def files(wildcards):
        return expand(
            f"{RESULTS}/{wildcards.collection}/batches/{{batch}}/{file}",
            batch=PLAN.batches(wildcards.collection),
        )

    return files


def run_features(wildcards):
    return per_batch(f"features/{wildcards.run}.parquet")(wildcards)


def report_inputs(wildcards):
    files = []
    for name in PLAN.collections:
        base = f"{RESULTS}/{name}"
        tables = ("media", "detections", "masks", "crops", "labels")
        files += [
            f"{base}/batches/{batch}/{table}.parquet"
            for batch in PLAN.batches(name)
            for table in tables
        ]
        results = ("clusters", "metrics", "queries")
        files += [
            f"{base}/runs/{run.name}/{table}.parquet"
            for run in PLAN.runs(name)
            for table in results
        ]
        files.append(f"{base}/split.parquet")
    return files


def report_pictures():
    """The report's pictures, each with the caption that Snakemake's own report shows."""
    pictures = []
    for name in PLAN.collections:
        for file in (
            "leaderboard.svg",
            "curves.svg",
            "strips.jpg",
            "clusters.jpg",
            "masks.jpg",
        ):
            path, caption = (
                f"{RESULTS}/report/{name}/{file}",
                f"../report/{os.path.splitext(file)[0]}.rst",
            )
            pictures.append(in_report(path, caption=caption, category=name))
    return pictures


def report_settings(wildcards):
    collections, used = {}, {}
    for name, spec in PLAN.collections.items():
        runs = []
        for run in PLAN.runs(name):
            facts = run.facts
            used[run.method] = {
                key.lower(): facts[key]
                for key in ("TITLE", "SOURCE", "FAMILY", "LABELS", "PUBLISHED")
            }
            family = facts["FAMILY"]
            runs.append(
                dict(
                    run=run.name,
                    method=run.method,
                    name=run.label,
                    seed=run.seed,
                    family=family,
                    train_on=run.source,
                    model=os.path.relpath(PLAN.model(run), RESULTS),
                )
            )
        collections[name] = {
            "batches": PLAN.batches(name),
            "runs": runs,
            "detector": spec["detect"]["name"],
        }
    return canonical({"collections": collections, "methods": used})
