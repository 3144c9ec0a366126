"""A small project beside a checkout, and Snakemake's own commands on it."""

import json
import os
import re
import shutil
import subprocess

import yaml
from places import ROOT

from pugmark import tables
from pugmark.stages import synthesise

SMALL = {"backbone": "timm/resnet10t", "weights": None, "epochs": 1, "height": 32, "width": 32}
CONFIG = {
    "results": "results",
    "collections": {
        "drawn": {"synthetic": {"seed": 3, "batches": 2, "individuals": 4}, "individuals": 4},
        "folder": {
            "batches": "media/*",
            "labels": "sidecar",
            "detect": {"name": "whole"},
            "methods": ["oracle", "random", "pixels", "supervised"],
        },
    },
    "detect": {"name": "motion"},
    "methods": {
        "oracle": {},
        "random": {},
        "pixels": {},
        "supervised": {"method": "resnet50", "batch": 8, **SMALL},
        "video": {"method": "video_pairs", **SMALL},
    },
    "evaluate": {"resamples": 50},
    "identify": {"run": []},
}
ONCE = ("ingest", "detect", "mask", "crop", "label")
# What a change of features or names makes of the names, where a run decides them: on the folder, not on videos.
NAMES = ("match", "calibrate", "identify", "decide", "review", "export")
PER_RUN = ("train", "embed", "cluster", "evaluate")


class Project:
    """A working directory with a configuration of its own. checkout: where the workflow lies."""

    def __init__(self, folder, checkout=ROOT, config=CONFIG):
        self.folder, self.checkout = folder, checkout
        self.config = json.loads(json.dumps(config))

    def run(self, *options, check=True, **environment):
        """What Snakemake says with these `options`."""
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self.config))
        command = [ROOT / ".venv/bin/snakemake", "-s", self.checkout / "Snakefile", "--directory", self.folder]
        command += ["--configfile", self.folder / "config.yaml", "--cores", "2", *options]
        # Compiled modules are kept, whatever the shell says: they save every job seconds.
        surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        surroundings |= {"OMP_NUM_THREADS": "1", **environment}
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=surroundings)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self, *options, **environment):
        """{rule: number of jobs} that a run would start now."""
        return jobs(self.run("-n", "--quiet", "host", *options, **environment))

    def metric(self, collection, run, metric, protocol="all"):
        table = tables.read(self.folder / f"results/{collection}/runs/{run}/metrics.parquet", "metrics")
        return table.set_index(["protocol", "metric"]).loc[(protocol, metric), "value"]

    def photographs(self, batch):
        """A user's batch: a few pictures of a drawn survey in a folder, with labels.csv; other ones in each batch."""
        if not (self.folder / "survey").exists():
            synthesise.synthesise(self.folder / "survey", self.folder / "truth", 1, {"seed": 5, "individuals": 3})
        labels = (self.folder / "truth" / "labels.csv").read_text().splitlines()
        target = self.folder / "media" / batch
        target.mkdir(parents=True)
        rows = ["path,individual,station"]
        for line in labels[1:30:2] if batch == "day 1" else labels[2:20:3]:
            path, individual = line.split(",")[:2]
            name = path.replace("/", " ")
            if not (target / name).exists():
                shutil.copy(self.folder / "survey" / path, target / name)
                rows.append(f"{name},{individual},{path.split('/')[0]}")
        (target / "labels.csv").write_text("\n".join(rows) + "\n")
        return target


def jobs(said):
    """{rule: number of jobs} of the table that Snakemake prints."""
    table = re.search(r"^Job stats:\n.*?\n-.*?\n(.*?)^total", said, re.M | re.S)
    counts = dict(line.split() for line in table[1].splitlines()) if table else {}
    return {rule: int(n) for rule, n in counts.items() if rule != "all"}


def checkout(folder):
    """A copy of the workflow that tests may edit."""
    for name in ("workflow", "profiles", "envs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    for name in ("Snakefile", "config.yaml"):
        shutil.copyfile(ROOT / name, folder / name)
    return folder
