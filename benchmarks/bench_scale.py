"""The workflow at survey size: 1,000 batches of 1,000 pictures, with the real rules and stages.

    PYTHONPATH=workflow python benchmarks/bench_scale.py [--batches 1000] [--media 1000] [--folder FOLDER]

One batch of tiny frames is drawn by the demo's generator; every batch holds copies of them, told apart by a few bytes
behind the JPEG's end. Boxes and names of a dozen animals are read from a file, the method is `random`. The project
grows to a hundredth, a tenth and all of the batches, and by one more. Goals: `snakemake -n` with nothing to do, all
settings compared, under 10 s; fewer than 20 files per batch under results/ and .snakemake/; memory of no stage growing
with the batches; one more batch at most 1.2 times a batch's share of the whole. 1,000 x 1,000 takes 5 GB of disk and an
hour.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import yaml
from fork_server import serving

from pugmark.stages import synthesise

ROOT = Path(__file__).parents[1]
ANIMALS = 12
NAMES = ("match", "calibrate", "identify", "decide", "review", "export")
AGGREGATES = ("split", "train", "cluster", "evaluate", *NAMES, "report")
STAGES = ("ingest", "detect", "mask", "crop", "label", "encounter", "embed", *AGGREGATES)
CONFIG = {
    "results": "results",
    "collections": {
        "survey": {
            "batches": "media/*",
            "labels": {"file": "truth/named.csv"},
            "detect": {"name": "boxes", "file": "truth/named.csv"},
            "split": {"by": "sequence"},
            "cluster": {"algorithms": {}},
        }
    },
    "crop": {"min_side": 4},
    "methods": {"random": {}},
    "identify": {"run": ["random-s1"]},
}


class Project:
    """A folder with a configuration, in which batches appear."""

    def __init__(self, folder, media):
        self.folder = folder
        (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
        small = {"width": 64, "height": 48, "individuals": 4, "sequences": 2, "burst": 3, "people": 1}
        small["empty"] = max(0, media // small["burst"] - 9)
        synthesise.synthesise(folder / "drawn", folder / "truth", settings=small)
        files = [path for path in (folder / "drawn").rglob("*") if path.is_file()]
        self.files = {path.relative_to(folder / "drawn"): path.read_bytes() for path in files}
        self._name_few()

    def _name_few(self):
        with open(self.folder / "truth" / "labels.csv") as file:
            rows = list(csv.DictReader(file))
        with open(self.folder / "truth" / "named.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows[:: max(1, len(rows) // ANIMALS)][:ANIMALS])

    def grow(self, number):
        """Have `number` batches."""
        for batch in range(len(list((self.folder / "media").glob("*"))), number):
            for path, content in self.files.items():
                target = self.folder / "media" / f"batch_{batch:04}" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content + (b"%d" % batch if path.suffix == ".JPG" else b""))

    def snakemake(self, *options, **environment):
        """Run Snakemake; returns seconds, processor seconds of it without the stages, peak MB, and what it said."""
        command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", self.folder]
        command += ["--configfile", self.folder / "config.yaml", "--cores", "2", "--persistence-backend", "db"]
        start, said = time.perf_counter(), self.folder / "said"
        with open(said, "w") as output:
            done = subprocess.Popen([*command, *options], stdout=output, stderr=output, env=os.environ | environment)
            _, status, usage = os.wait4(done.pid, 0)
            done.returncode = status
        assert not status, said.read_text()[-5000:]
        facts = {"seconds": time.perf_counter() - start, "cpu": usage.ru_utime + usage.ru_stime}
        return facts | {"peak_mb": usage.ru_maxrss / 1024}, said.read_text()

    def dry(self, what, expected):
        facts, said = self.snakemake("-n", "--quiet", "host")
        assert expected in said, said[-5000:]
        print(f"snakemake -n, {what}: {facts['seconds']:.1f} s ({facts['cpu']:.1f} s of processor), "
              f"{facts['peak_mb']:.0f} MB")  # fmt: skip

    def run(self, shell, records):
        """Do what there is to do; returns a row per job."""
        records.unlink(missing_ok=True)
        facts, _ = self.snakemake("--scheduler", "greedy", "--quiet", "all", BASH_ENV=str(shell))
        jobs = pd.DataFrame(map(json.loads, records.read_text().splitlines()))
        jobs["stage"] = jobs["stage"].str.removeprefix("pugmark.stages.")
        own = f"Snakemake {facts['cpu']:.0f} s with the shells it starts, {facts['peak_mb']:.0f} MB"
        print(f"{len(jobs)} jobs, {facts['seconds']:.0f} s; processor: stages {jobs['cpu'].sum():.0f} s, {own}")
        return jobs

    def files_per_batch(self, number):
        for folder in ("results", ".snakemake"):
            files = sum(len(found) for _, _, found in os.walk(self.folder / folder))
            print(f"files under {folder}/: {files}, {files / number:.2f} per batch")


def memory(jobs_of):
    """Print the largest growth of any job of each stage, by number of batches."""
    peaks = {number: (jobs["peak"] - jobs["start"]).groupby(jobs["stage"]).max() for number, jobs in jobs_of.items()}
    shared = max(jobs["start"].max() for jobs in jobs_of.values())
    print(f"peak MB of the stages above the {shared:.0f} MB that libraries take, by number of batches")
    print(pd.DataFrame(peaks).reindex([stage for stage in STAGES if stage in peaks[max(peaks)]]).round(1).to_string())


def increment(last, number, detection):
    """Print what one more batch costs beside a batch's share of a run over all, in processor seconds.

    last: the jobs of the last batch, which load their libraries themselves. Each batch has such jobs of its own, of
    which a detector takes `detection` seconds; those that sum up cost a run over all batches what they cost here.
    """
    seconds = last.groupby("stage")["cpu"].sum().reindex(STAGES).dropna()
    print(f"batch {number}, processor seconds with the libraries' loading")
    print(seconds.round(2).to_string())
    sums = seconds[seconds.index.isin(AGGREGATES)].sum()
    own = seconds.sum() - sums + (detection and detection - seconds["detect"])
    print(f"own jobs {own:.1f} s, {detection or seconds['detect']:.1f} s of them for detection; sums {sums:.1f} s: "
          f"{(own + sums) / (own + sums / number):.2f} of a batch's share")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--media", type=int, default=1000, help="pictures in a batch, about")
    parser.add_argument("--detection", type=float, default=0, help="processor seconds of a detector for one batch")
    parser.add_argument("--folder", type=Path, help="where to put the project and leave it; else a temporary folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        measure(Project(folder.resolve(), arguments.media), arguments.batches, arguments.detection)


def measure(project, number, detection):
    pictures = Counter(path.suffix for path in project.files)[".JPG"]
    print(f"{number} batches of {pictures} pictures with {ANIMALS} named boxes")
    with serving(project.folder, [*(f"stages.{stage}" for stage in STAGES), "methods.random"]) as served:
        jobs_of = {}
        for size in sorted({max(1, number // 100), max(1, number // 10), number}):
            project.grow(size)
            print(f"{size} batches: ", end="")
            jobs_of[size] = project.run(*served)
        project.files_per_batch(number)
        project.dry("nothing to do", "Nothing to be done")
        project.grow(number + 1)
        project.dry("one new batch", "ingest")
    memory(jobs_of)
    with serving(project.folder, []) as served:
        increment(project.run(*served), number + 1, detection)


if __name__ == "__main__":
    main()
