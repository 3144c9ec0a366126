# What rules are given, worked out from the wildcards. The logic is the plan's (`pugmark.planning`).

import functools
import hashlib

from pugmark.identity import ledger, said
from snakemake.io import report as in_report

# For obtain.smk


def drawn(wildcards):
    """The folder that `synthesise` draws, as an input; a real batch is no rule's output."""
    if PLAN.is_drawn(wildcards.collection):
        return PLAN.folder(wildcards.collection, wildcards.batch)
    return []


def media_listing(wildcards):
    return PLAN.listing(wildcards.collection, wildcards.batch).media


def boxes_file(wildcards):
    """The file of boxes outside the batch that the detector reads, as an input."""
    return PLAN.boxes_file(wildcards.collection, wildcards.batch) or []


def frames_file(wildcards):
    """The same, where it says which frames of videos to read."""
    named = PLAN.frames_named_by(wildcards.collection, wildcards.batch)
    return boxes_file(wildcards) if named else []


# For prepare.smk


def boxes_to_learn(file):
    """Input function: a table of every batch of the collections that a detector learns from."""

    def files(wildcards):
        sources = PLAN.config["detectors"][wildcards.detector]["learn_from"]
        return [path for name in sources for path in batch_files(name, file)]

    return files


def teaching_batches(wildcards, input):
    """The tables and the folder of each batch that the detector learns from, as options of the stage."""
    sources = PLAN.config["detectors"][wildcards.detector]["learn_from"]
    folders = [
        PLAN.folder(name, batch) for name in sources for batch in PLAN.batches(name)
    ]
    batches = zip(input.media, input.detections, folders, strict=True)
    return [word for batch in batches for word in ("--batch", *batch)]


def detector_settings(wildcards):
    """The settings of today, which only today's version may be made with."""
    if wildcards.version != PLAN.detectors.version(wildcards.detector):
        raise WorkflowError(
            f"Detector {wildcards.detector} of version {wildcards.version} is of other settings or code."
        )
    return PLAN.detectors.settings(wildcards.detector)


def detector_files(wildcards):
    """The weights of the collection's detector. One that was trained here is taken as it lies there."""
    weights = PLAN.detect_weights(wildcards.collection)
    trained = [name for name in weights if name in PLAN.config["detectors"]]
    finished = all(map(PLAN.detectors.is_trained, trained))
    mark = before_update if trained and finished else ancient
    return [mark(path) for path in weights.values()]


def labels_apart(wildcards):
    """The labels that are kept apart from the batch, as an input: those of a drawn one are the folder of its truth."""
    file = PLAN.labels_file(wildcards.collection, wildcards.batch)
    return os.path.dirname(file) if PLAN.is_drawn(wildcards.collection) else file or []


def labels_argument(wildcards):
    file = PLAN.labels_file(wildcards.collection, wildcards.batch)
    return [f"--labels-file={file}"] if file else []


# For learn.smk


def run_of(wildcards):
    return PLAN.run(wildcards.collection, wildcards.run)


def per_batch(file):
    """Input function: one file of every batch of the collection."""

    return lambda wildcards: batch_files(wildcards.collection, file)


def batch_files(collection, file):
    folder = f"{RESULTS}/{collection}/batches"
    return [f"{folder}/{batch}/{file}" for batch in PLAN.batches(collection)]


def training_is_asked_for():
    """Whether the user said `--forcerun train` or `--forceall`."""
    asked = workflow.dag_settings
    return asked.forceall or "train" in asked.forcerun


def teaching_split(wildcards):
    """The split that says who teaches; a control learns nothing, and so waits for no batch.

    Snakemake passes over a forced job whose inputs are all ancient while one of them is still to be made.
    """
    split = f"{RESULTS}/{wildcards.collection}/split.parquet"
    if not run_of(wildcards).learns:
        return []
    return split if training_is_asked_for() else ancient(split)


def training_settings(wildcards):
    """The settings of today, which only today's version may be made with."""
    run = run_of(wildcards)
    if wildcards.version != PLAN.models.version(run):
        raise WorkflowError(
            f"Model {wildcards.version} of {run.name} is of other settings or code; now it is {PLAN.models.version(run)}."
        )
    return PLAN.models.training(run)


def gpu_to_train(wildcards):
    """1 where a network is trained; a control's only lays its weights by."""
    return int(run_of(wildcards).learns and run_of(wildcards).network)


# For recognise.smk


def model_file(name):
    """Input function: a file of the run's model.

    A finished one is taken as it lies there. Snakemake asks nothing of a job below one that is to run, so a training
    in the graph, with the split above it, would hide from it what else has changed for the features.
    """

    return lambda wildcards: file_of_model(run_of(wildcards), name)


def file_of_model(run, name):
    path = f"{PLAN.models.folder(run)}/{name}"
    finished = PLAN.models.is_trained(run) and not training_is_asked_for()
    return before_update(path) if finished else path


def run_features(wildcards):
    """The features of the run; of a re-ranked one, those of all runs that it reads."""
    return features_in(wildcards.collection, wildcards)


def features_in(collection, wildcards):
    files = [f"features/{run.name}.parquet" for run in PLAN.read_by(**wildcards)]
    return [path for file in files for path in batch_files(collection, file)]


def truth_for_oracle(wildcards):
    """The names, as an input of the one method that is shown them when it embeds."""
    sees = run_of(wildcards).facts["SEES_TRUTH"]
    return f"{BATCH}/labels.parquet".format(**wildcards) if sees else []


def joined_features(wildcards):
    """The features that the run lays side by side, of this batch."""
    runs = PLAN.joined(wildcards.collection, wildcards.run)
    folder = f"{BATCH}/features".format(**wildcards)
    return [f"{folder}/{run.name}.parquet" for run in runs]


def gpu_to_embed(wildcards):
    """1 where the run's method computes with a network, else 0."""
    return int(run_of(wildcards).network)


# For identify.smk


@functools.cache
def swapped(collection):
    """Checksum of what people agree was swapped in the collection's videos; empty where nothing was."""
    try:
        found, _ = said.swaps(ledger.read(PLAN.ledgers(collection))[0])
    except (OSError, ValueError) as error:
        raise WorkflowError(str(error))
    return hashlib.sha256(canonical(found).encode()).hexdigest()[:16] if found else ""


def swaps(wildcards):
    """The same, for the batches that hold videos."""
    name, batch = wildcards.collection, wildcards.batch
    videos = PLAN.is_drawn(name) or PLAN.listing(name, batch).videos
    return swapped(name) if videos else ""


def cosines_option(wildcards):
    """The run whose features give the scores, as an option of the stage; none where a re-ranker gives them."""
    reranked = PLAN.reranking(wildcards.collection, wildcards.run)
    return [] if reranked else [f"--run={run_of(wildcards).name}"]


def deciding(file):
    """Input function: a file of every run that may decide."""

    def files(wildcards):
        runs = [run.name for run in PLAN.deciders(wildcards.collection)]
        return expand(f"{RESULTS}/{wildcards.collection}/runs/{{run}}/{file}", run=runs)

    return files


def deciding_trained(wildcards):
    """What the runs that may decide have learned from."""
    names = [run.name for run in PLAN.deciders(wildcards.collection)]
    read = [PLAN.read_by(wildcards.collection, name) for name in names]
    once = {run.name: run for runs in read for run in runs}
    return [file_of_model(run, "trained.parquet") for run in once.values()]


# For assess.smk


def run_clusters(wildcards):
    """The clusters of the run, if it has any; a re-ranked one has none."""
    clustered = [run.name for run in PLAN.clustered(wildcards.collection)]
    own = f"{RUN}/clusters.parquet".format(**wildcards)
    return own if wildcards.run in clustered else []


def run_trained(wildcards):
    """What each of the runs that are read has learned from."""
    return [file_of_model(run, "trained.parquet") for run in PLAN.read_by(**wildcards)]


def run_keypoints(wildcards):
    """The key points that the re-ranker of the run reads, if it reads any."""
    return keypoints_in(wildcards.collection, wildcards)


def keypoints_in(collection, wildcards):
    anew = PLAN.reranking(**wildcards)
    reads = anew and anew.points
    return batch_files(collection, f"keypoints/{anew.points}.parquet") if reads else []


def run_teachers(wildcards):
    """What the run's re-ranker is fitted on, where that lies in another collection: its split first."""
    anew, source = PLAN.reranking(**wildcards), run_of(wildcards).source
    if not (anew and anew.learns) or source == wildcards.collection:
        return []
    split = f"{RESULTS}/{source}/split.parquet"
    return [split, *features_in(source, wildcards), *keypoints_in(source, wildcards)]


def teachers_option(wildcards, input):
    """The folder of the collection whose training part the re-ranker is fitted on, as an option of the stage."""
    folder = f"{RESULTS}/{run_of(wildcards).source}"
    return [f"--teachers={folder}"] if input.teachers else []


PICTURES = (
    "individuals.jpg",
    "leaderboard.svg",
    "curves.svg",
    "strips.jpg",
    "clusters.jpg",
    "masks.jpg",
)
DECIDED = (
    "identities",
    "individuals",
    "questions",
    "pairs",
    "calibration",
    "changes",
    "accuracy",
)


def report_inputs(wildcards):
    files = []
    for name in PLAN.collections:
        base = f"{RESULTS}/{name}"
        for table in ("media", "detections", "masks", "crops", "labels"):
            files += batch_files(name, f"{table}.parquet")
        files += expand(
            f"{base}/runs/{{run}}/{{table}}.parquet",
            run=[run.name for run in PLAN.runs(name)],
            table=("metrics", "queries"),
        )
        files += expand(
            f"{base}/runs/{{run}}/clusters.parquet",
            run=[run.name for run in PLAN.clustered(name)],
        )
        files += expand(
            f"{base}/runs/{{run}}/{{table}}.parquet",
            run=[run.name for run in PLAN.reranked(name)],
            table=("metrics", "queries"),
        )
        files += expand(
            f"{base}/runs/{{run}}/{{file}}",
            run=[run.name for run in PLAN.explained(name)],
            file=("gradcam.jpg", "layout.parquet"),
        )
        if PLAN.deciders(name):
            files += batch_files(name, "encounters.parquet")
            files += [f"{base}/{table}.parquet" for table in DECIDED]
            files += [f"{base}/review", f"{base}/export"]
        files.append(f"{base}/split.parquet")
    return files


def pictured(path, caption, category):
    """A file of the report that Snakemake's own report shows as well."""
    return in_report(
        f"{RESULTS}/report/{path}",
        caption=f"../report/{caption}.rst",
        category=category,
    )


def report_pictures():
    for name in PLAN.collections:
        for file in PICTURES:
            yield pictured(f"{name}/{file}", os.path.splitext(file)[0], name)
        for run in PLAN.explained(name):
            yield pictured(f"{name}/gradcam-{run.name}.jpg", "gradcam", name)


def report_studies():
    """The page of each study."""
    for name in PLAN.config["studies"]:
        yield pictured(f"studies/{name}.html", "study", "Studies")
