"""The real DAG with stages that only note when they ran: what `--resources gpu=N` lets run at once, on which GPU."""

import json
import os
import shutil
import subprocess

import pytest
import yaml
from places import ROOT

STAGE = """
import json, os, sys, time
from pathlib import Path
from pugmark.runtime import devices

def main():
    stage, words, started = Path(sys.argv[0]).stem, sys.argv[1:], time.time()
    network = stage in ("train", "embed") and "random" not in " ".join(words)
    device = devices.claimed() if network else None
    time.sleep(1 if network else 0)
    for name, _, path in (word.partition("=") for word in words):
        if name in {"--out", "--json", "--trained"}:
            Path(path).write_text("")
    note = {"network": network, "device": device, "started": started, "ended": time.time()}
    Path(os.environ["NOTES"], f"{stage}-{os.getpid()}.json").write_text(json.dumps(note))

if __name__ == "__main__":
    main()
"""
CONFIG = {
    "collections": {"few": {"batches": "media/*", "detect": {"name": "whole"}}},
    "methods": {"network": {"method": "resnet50", "backbone": "timm/test_resnet", "weights": None}, "random": {}},
    "seeds": [1, 2, 3],
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The workflow with stages that only take notes, and a batch."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "Snakefile", folder)
    for part in ("workflow", "envs"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for stage in ("ingest", "detect", "mask", "crop", "label", "split", "train", "embed"):
        (folder / "workflow" / "pugmark" / "stages" / f"{stage}.py").write_text(STAGE)
    (folder / "media" / "day").mkdir(parents=True)
    return folder


def notes(copy, folder, gpus, *options):
    """What the jobs of a run up to `embed` noted, on a machine with these stand-in GPUs."""
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG | {"results": str(folder / "results")}))
    (folder / "notes").mkdir()
    command = [ROOT / ".venv/bin/snakemake", "-s", copy / "Snakefile", "--directory", copy, "--cores", "8"]
    command += ["--configfile", folder / "config.yaml", "--until", "embed", *options]
    clean = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    clean |= {"NOTES": str(folder / "notes"), "TMPDIR": str(folder), "GPUS": gpus}
    clean |= {"PYTHONPATH": str(ROOT / "tests" / "stand_in")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=copy, env=clean)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(path.read_text()) for path in (folder / "notes").iterdir()]


def together(jobs):
    """For each of `jobs`, those that ran when it ended, itself included."""
    return [[other for other in jobs if other["started"] <= job["ended"] <= other["ended"]] for job in jobs]


@pytest.mark.parametrize("number", [1, 2])
def test_no_more_network_jobs_at_once_than_gpus_and_each_on_its_own(copy, tmp_path, number):
    found = notes(copy, tmp_path, "GPU-a=0 GPU-b=0", "--resources", f"gpu={number}")
    jobs = [note for note in found if note["network"]]
    assert len(jobs) == 6 and len(found) > 12
    groups = together(jobs)
    assert max(map(len, groups)) == number
    assert all(len({job["device"] for job in group}) == len(group) for group in groups)
    assert len({job["device"] for job in jobs}) == number
