"""`snakemake -n` of 1,000 batches of 1,000 pictures: all to do, nothing to do (goal under 10 s), and one new batch.

    python benchmarks/bench_dry_run.py [--short] [--batches 1000] [--media 1000]

`--short` takes 100 batches of 10 pictures, one repeat and one way of keeping records. Each figure is printed when it is
there.

Pictures and outputs are empty files: a dry run looks at names, sizes, times and settings, not at content. The settings
of every job are recorded by Snakemake's own `--touch --forceall`, in either of the ways that Snakemake keeps them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from pugmark.planning.plan import Plan  # noqa: E402

CONFIG = """\
results: results
collections: {survey: {batches: media/*, labels: none, detect: {name: whole}}}
methods: {random: {}}
identify: {run: [random-s1]}
"""
TABLES = ("media.parquet", "detections.parquet", "detections.json", "masks.parquet", "crops.parquet", "labels.parquet")
TABLES += ("encounters.parquet",)
OF_RUN = ("clusters", "metrics", "queries", "pairs", "calibration", "identities", "individuals", "questions")
DECIDED = ("identities", "individuals", "questions", "pairs", "calibration", "changes", "accuracy")
# Touching a file waits a tenth of a second by default: ten minutes for all.
SNAKEMAKE = (
    "from snakemake.executors import touch; touch.Executor.SLEEPING_TIME = 0; from snakemake.cli import main; main()"
)


def add_batch(folder, number, media):
    """A folder of empty pictures."""
    batch = folder / "media" / f"batch_{number:04}"
    batch.mkdir(parents=True)
    for i in range(media):
        (batch / f"IMG_{i:04}.JPG").touch()


def outputs(folder, batches):
    """Paths of all that the workflow makes."""
    os.chdir(folder)
    plan = Plan(yaml.safe_load(CONFIG))
    model, base = folder / plan.models.folder(plan.runs("survey")[0]), folder / "results" / "survey"
    report, run = folder / "results" / "report", base / "runs" / "random-s1"
    yield from (base / "split.parquet", report / "index.html", model / "model.pt", model / "trained.parquet")
    yield from (run / f"{name}.parquet" for name in OF_RUN)
    yield from (base / f"{name}.parquet" for name in DECIDED)
    yield from (base / folder / "index.html" for folder in ("review", "export"))
    yield from (report / name for name in ("resources.html", "survey/leaderboard.svg", "survey/curves.svg"))
    yield from (report / "survey" / f"{name}.jpg" for name in ("strips", "clusters", "masks", "individuals"))
    for i in range(batches):
        yield from (base / "batches" / f"batch_{i:04}" / name for name in (*TABLES, "features/random-s1.parquet"))


def snakemake(folder, backend, *options):
    """Run Snakemake in `folder`; returns what it printed."""
    command = [sys.executable, "-c", SNAKEMAKE, "-s", ROOT / "Snakefile", "--directory", folder, "--cores", "1"]
    command += ["--configfile", folder / "config.yaml", "--persistence-backend", backend, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def child(folder, backend, expected):
    """One timed dry run, as the last line that `measure` reads; `cpu` includes Snakemake's."""
    start = time.perf_counter()
    said = snakemake(Path(folder), backend, "-n", "--quiet", "host")
    seconds, used = time.perf_counter() - start, os.times()
    assert expected in said, said
    print(json.dumps({"seconds": seconds, "cpu": round(used.children_user + used.children_system, 1)}))


def main():
    if sys.argv[1:2] == ["--child"]:
        return child(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--media", type=int, default=1000)
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args()
    batches, media = (100, 10) if arguments.short else (arguments.batches, arguments.media)
    backends, repeats = (("file",), 1) if arguments.short else (("file", "db"), 3)
    os.environ["PYTHONWARNINGS"] = "ignore"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "config.yaml").write_text(CONFIG)
        for number in range(batches):
            add_batch(folder, number, media)
        dry_runs(folder, "ingest", {"all to do": backends[0]}, repeats)
        for file in outputs(folder, batches):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        for backend in backends:
            snakemake(folder, backend, "--touch", "--forceall", "--quiet", "all")
        dry_runs(folder, "Nothing to be done", {f"nothing to do, {name}": name for name in backends}, repeats)
        add_batch(folder, batches, media)
        dry_runs(folder, "ingest", {f"one new batch, {name}": name for name in backends}, repeats)


def dry_runs(folder, expected, backends, repeats):
    """Print a row for each way of keeping records: {what: backend}."""
    own = [sys.executable, __file__, "--child", str(folder)]
    for what, backend in backends.items():
        measure.compare({what: [*own, backend, expected]}, repeats)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
