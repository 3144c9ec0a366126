"""A full disk, a used-up quota, a read-only folder, a limit on files: each is one sentence, and nothing is left over.

The file systems are real: a small tmpfs, btrfs with a quota in a file, a read-only bind mount.
"""

import os
import re
import resource
import shutil
import subprocess
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from faults.kill_sweep import command, environment
from PIL import Image
from places import ROOT

from pugmark import tables
from pugmark.learning import checkpoint
from pugmark.runtime import disk

SMALL = ROOT / "tests" / "faults" / "small.yaml"
LIMIT = 1 << 20


def mounted(target, *options):
    """Mount on the folder `target`, or skip the test."""
    done = subprocess.run(["mount", *options, target], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")


@contextmanager
def full(folder):
    """A tmpfs of `LIMIT` bytes."""
    mounted(folder, "-t", "tmpfs", "-o", f"size={LIMIT}", "tmpfs")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def quota(folder):
    """btrfs in a file, its quota `LIMIT` bytes."""
    if not shutil.which("mkfs.btrfs"):
        pytest.skip("no mkfs.btrfs: install Debian's package btrfs-progs for a file system with a quota")
    image = folder.parent / "image"
    with open(image, "wb") as file:
        file.truncate(128 << 20)
    subprocess.run(["mkfs.btrfs", "--quiet", image], check=True, capture_output=True)
    mounted(folder, "-o", "loop", image)
    try:
        subprocess.run(["btrfs", "quota", "enable", folder], check=True)
        subprocess.run(["btrfs", "qgroup", "limit", str(LIMIT), folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def read_only(folder):
    """The folder bound to itself without the right to write: root is held by no permission bits."""
    mounted(folder, "--bind", folder)
    try:
        mounted(folder, "-o", "remount,bind,ro")
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def limited(folder):
    """No file larger than `LIMIT`, as by `ulimit -f`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def write_table(path):
    vectors = np.random.default_rng(0).normal(size=(2000, 512)).astype(np.float32)
    tables.write(path, "features", {"crop_id": [str(i) for i in range(2000)], "feature": list(vectors)}, "embed")


def write_model(path):
    checkpoint.save(path, {"state": {"weights": torch.zeros(1 << 20)}})


def write_picture(path):
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), np.uint8)
    with disk.replacing(path) as partial:
        Image.fromarray(noise).save(partial, "JPEG", quality=95)


FAULTS = {
    full: "the disk is full",
    quota: "the quota of space or of files is used up",
    read_only: "the file system is mounted read-only",
    limited: "it is larger than a file may be here",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_refused_file_is_told_in_words_and_leaves_nothing(fault, tmp_path):
    folder = tmp_path / "mount"
    folder.mkdir()
    with fault(folder):
        for write in (write_table, write_model, write_picture):
            with pytest.raises(disk.DiskError) as told:
                write(folder / "file")
            assert FAULTS[fault] in str(told.value) and str(folder / "file") in str(told.value)
            assert os.listdir(folder) == []


def test_a_refused_file_leaves_the_one_before(tmp_path):
    (tmp_path / "file").write_text("before")
    with limited(tmp_path), pytest.raises(disk.DiskError):
        write_model(tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"] and (tmp_path / "file").read_text() == "before"


def snakemake(folder, *more):
    """Exit status and all that a run says."""
    done = subprocess.run(command(folder, SMALL, *more), capture_output=True, text=True, env=environment(), timeout=600)
    return done.returncode, done.stdout + done.stderr


def test_a_disk_that_fills_during_training_is_told_and_with_more_space_the_run_goes_on(tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    mounted(results, "-t", "tmpfs", "-o", "size=8m", "tmpfs")
    try:
        status, said = snakemake(tmp_path, "--until", "train")
        assert status == 1 and "Traceback" not in said
        sentence = re.search(r"Cannot write (\S+checkpoint\.pt) in the folder (\S+): the disk is full", said)
        assert (tmp_path / sentence[1]).parent == results.parent / os.path.relpath(sentence[2], tmp_path)
        log = next(results.glob("logs/train/demo/*/*.log"))
        assert sentence[0] in log.read_text() and "Traceback" not in log.read_text()
        assert not [path for path in results.rglob(".*") if path.name != ".snakemake_timestamp"]
        mounted(results, "-o", "remount,size=200m")
        status, said = snakemake(tmp_path, "--until", "train")
        assert status == 0 and "ingest demo" not in said and "train demo" in said
    finally:
        subprocess.run(["umount", results], check=True)


def test_a_read_only_results_folder_is_told_before_the_first_job(tmp_path):
    (tmp_path / "results").mkdir()
    with read_only(tmp_path / "results"):
        status, said = snakemake(tmp_path)
        assert status == 1 and "Traceback" not in said and "synthesise demo" not in said
        assert f"Cannot write in {tmp_path}/results: the file system is mounted read-only. Make it writable" in said


@pytest.mark.parametrize("name", ["", "results", ".snakemake"])
def test_a_full_folder_is_told_in_one_sentence_before_anything_is_locked(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    with full(folder):
        (folder / "filler").write_bytes(bytes(LIMIT - 32768))
        status, said = snakemake(tmp_path)
        assert status == 1 and said.splitlines()[-1].startswith("Cannot write in "), said
        assert f"{folder}" in said and "the disk is full" in said and "Error" not in said and "Traceback" not in said
        assert ("--directory" in said) == (name != "results") and ("`results:`" in said) == (name == "results")
        assert not list(tmp_path.glob(".snakemake/locks/*"))
        assert snakemake(tmp_path, "-n")[0] == 0
