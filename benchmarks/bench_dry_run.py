"""`snakemake -n` with nothing to be done for 1,000 batches: goal under 10 s.

Every output is an empty file, entered with Snakemake's own `--touch`: a dry run looks at times, settings
and code, not at content. `--touch` records no settings, so comparing them with those of a run before is not measured.
"""

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

from pugmark.plan import Plan  # noqa: E402

BATCHES = 1000
CONFIG = """\
results: results
collections: {survey: {batches: media/*, labels: none, detect: {name: whole}}}
methods: {random: {}}
"""


def prepare(folder):
    """A project of empty results that Snakemake takes for finished."""
    for i in range(BATCHES):
        (folder / "media" / f"batch_{i:04}").mkdir(parents=True)
        (folder / "media" / f"batch_{i:04}" / "a.jpg").touch()
    (folder / "config.yaml").write_text(CONFIG)
    os.chdir(folder)
    plan = Plan(yaml.safe_load(CONFIG))
    model = folder / plan.model(plan.runs("survey")[0])
    base = folder / "results" / "survey"
    report, run = folder / "results" / "report", base / "runs" / "random-s1"
    files = [base / "split.parquet", model / "model.pt", model / "trained.parquet"]
    files += [run / f"{name}.parquet" for name in ("clusters", "metrics", "queries")]
    files += [report / name for name in ("index.html", "resources.html", "survey/leaderboard.svg", "survey/curves.svg")]
    files += [report / "survey" / f"{name}.jpg" for name in ("strips", "clusters", "masks")]
    tables = ("media.parquet", "detections.parquet", "detections.json", "masks.parquet", "crops.parquet")
    for i in range(BATCHES):
        batch = base / "batches" / f"batch_{i:04}"
        files += [batch / name for name in (*tables, "labels.parquet", "features/random-s1.parquet")]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    snakemake(folder, "--touch")


def snakemake(folder, *options):
    """Run Snakemake in `folder`; returns what it printed."""
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder, "--cores", "1"]
    command += ["--configfile", folder / "config.yaml", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True)


def child(folder):
    """One timed dry run, as the last line that `measure` reads."""
    start = time.perf_counter()
    done = snakemake(Path(folder), "-n")
    seconds = time.perf_counter() - start
    assert "Nothing to be done" in done.stdout + done.stderr, done.stdout + done.stderr
    print(json.dumps({"seconds": seconds}))


def main():
    if sys.argv[1:]:
        return child(sys.argv[1])
    os.environ["PYTHONWARNINGS"] = "ignore"
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        measure.compare({f"snakemake -n, {BATCHES} batches": [sys.executable, __file__, folder]}, repeats=3)


if __name__ == "__main__":
    main()
