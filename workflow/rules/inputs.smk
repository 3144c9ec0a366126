# What the rules are given, worked out from the wildcards: input functions and parameters.


def batch_folder(wildcards):
    return PLAN.folder(wildcards.collection, wildcards.batch)


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
    batch = whole(wildcards.batch)
    return f"{RESULTS}/{wildcards.collection}/truth/{batch}" if synthetic else []


def separate_labels(wildcards):
    """The labels that a user keeps apart from the batch, as an input."""
    return (
        []
        if drawn_truth(wildcards)
        else PLAN.labels_file(wildcards.collection, wildcards.batch) or []
    )


def media_listing(wildcards):
    return PLAN.listing(wildcards.collection, wildcards.batch).media


def label_listing(wildcards):
    return PLAN.listing(wildcards.collection, wildcards.batch).labels


def cache_stamp(wildcards, output):
    """Counts for the shared cache alone, in which all that follows has it in its key: the files' times, and the locked
    packages. What depends on the output is never compared with the run before."""
    return [PLAN.listing(wildcards.collection, wildcards.batch).stamp, LOCK]


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
        more["file"] = settings["file"].format(batch=whole(wildcards.batch))
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
    return [file.format(batch=whole(wildcards.batch))] if file else []


def detector_code(wildcards):
    return code(
        "stages.detect",
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


def teaching_split(wildcards):
    """The split that says who teaches; a control learns nothing, and so waits for no batch."""
    split = f"{RESULTS}/{wildcards.collection}/split.parquet"
    return split if run_of(wildcards).learns else []


def embed_settings(wildcards):
    return canonical(
        {"fill": PLAN.collections[run_of(wildcards).source]["mask"]["fill"]}
    )


def gpu_to_embed(wildcards):
    """1 where the run's method computes with a network, else 0."""
    return int("backbone" in run_of(wildcards).params)


def gpu_to_train(wildcards):
    """1 where a network is trained; a control's only lays its weights by."""
    return int(run_of(wildcards).learns and gpu_to_embed(wildcards))


def embed_code(wildcards):
    return code("stages.embed", f"methods.{run_of(wildcards).method}")


def cluster_settings(wildcards):
    """With the algorithm that the method's vectors are made for, where they are."""
    run = run_of(wildcards)
    individuals = PLAN.collections[wildcards.collection]["individuals"]
    own = run.facts["GROUPING"]
    only = {"algorithms": {own: {}}} if own else {}
    return PLAN.settings(
        wildcards.collection,
        "cluster",
        individuals=individuals,
        seed=run.seed,
        **only,
    )


def explain_settings(wildcards):
    fill = PLAN.collections[run_of(wildcards).source]["mask"]["fill"]
    return canonical({"crops": PLAN.config["explain"]["crops"], "fill": fill})


def explain_code(wildcards):
    return code("stages.explain", f"methods.{run_of(wildcards).method}")


def truth_for_oracle(wildcards):
    return (
        f"{BATCH}/labels.parquet".format(**wildcards)
        if run_of(wildcards).facts["SEES_TRUTH"]
        else []
    )


def model_file(name):
    """Input function: a file of the run's model.

    A finished one is taken as it lies there. Snakemake asks nothing of a job below one that is to run, so a training
    in the graph, with the split above it, would hide from it what else has changed for the features.
    """

    def file(wildcards):
        run = run_of(wildcards)
        path = f"{PLAN.model(run)}/{name}"
        asked = workflow.dag_settings
        wanted = asked.forceall or "train" in asked.forcerun
        return before_update(path) if PLAN.is_trained(run) and not wanted else path

    return file


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


def evaluate_settings(wildcards):
    run = run_of(wildcards)
    return PLAN.settings(
        wildcards.collection,
        "evaluate",
        method=run.label,
        seed=run.seed,
        family=run.facts["FAMILY"],
    )
