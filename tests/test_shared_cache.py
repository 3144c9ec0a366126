"""Snakemake's cache between workflows: a second checkout computes none of the expensive tables anew."""

import hashlib
import os
from pathlib import Path

import pytest
from faults.test_disks import read_only
from project import Project, checkout

CACHED = ("detections.parquet", "detections.json", "masks.parquet", "crops.parquet", "features/frozen-s1.parquet")
LOGS = ("detect/folder/day 1.log", "mask/folder/day 1.log", "crop/folder/day 1.log", "embed/folder/day 1/frozen-s1.log")


@pytest.fixture(scope="module")
def shared_group(tmp_path_factory):
    """What two colleagues share: a survey, a folder of weights, a cache."""
    folder = tmp_path_factory.mktemp("group")
    for name in ("cache", "weights"):
        (folder / name).mkdir()
    return folder


def network(path, seed):
    """A file of random ResNet-18 weights as torchvision lays them out; its checksum."""
    import torch
    import torchvision

    torch.manual_seed(seed)
    torch.save(torchvision.models.resnet18().state_dict(), path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def colleague(folder, group, checksum):
    made = Project(folder)
    entry = {"file": "net.pth", "sha256": checksum, "licence": "none"}
    made.config |= {
        "collections": {
            "folder": {
                "batches": f"{group}/media/*",
                "labels": "sidecar",
                "detect": {"name": "whole"},
                "mask": {"policy": "grabcut"},
            }
        },
        "methods": {
            "frozen": {"method": "imagenet", "backbone": "resnet18", "weights": "net", "height": 32, "width": 32}
        },
        "weights": {"folder": f"{group}/weights", "files": {"net": entry}},
    }
    return made


def test_a_second_checkout_computes_nothing_anew_and_another_weight_file_misses(shared_group, tmp_path):
    checksum = network(shared_group / "weights" / "net.pth", 1)
    Project(shared_group).photographs("day 1")
    cache = {"SNAKEMAKE_OUTPUT_CACHE": str(shared_group / "cache")}
    projects = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        projects.append(colleague(tmp_path / name, shared_group, checksum))
        projects[-1].run("--cache", **cache)
    first, second = (made.folder / "results" for made in projects)
    for table in CACHED:
        mine, theirs = (results / "folder/batches/day 1" / table for results in (first, second))
        assert mine.readlink() == theirs.readlink()
    for log in LOGS:  # of a job that was found in the cache Snakemake leaves an empty one
        assert (first / "logs" / log).read_text() and not (second / "logs" / log).read_text()
    assert projects[1].planned("--cache", **cache) == {}

    (tmp_path / "third").mkdir()
    third = colleague(tmp_path / "third", shared_group, network(shared_group / "weights" / "net.pth", 2))
    third.run("--cache", **cache)
    found = third.folder / "results"
    assert (found / "logs" / LOGS[3]).read_text() and not (found / "logs" / LOGS[0]).read_text()
    other = found / "folder/batches/day 1/features/frozen-s1.parquet"
    assert other.read_bytes() != (first / "folder/batches/day 1/features/frozen-s1.parquet").read_bytes()


@pytest.fixture(scope="module")
def shared(shared_group, tmp_path_factory):
    """A colleague's project whose results lie in the cache; options of Snakemake, and the environment that names it."""
    folder = tmp_path_factory.mktemp("colleague")
    made = colleague(folder, shared_group, network(shared_group / "weights" / "net.pth", 3))
    cache = {"SNAKEMAKE_OUTPUT_CACHE": str(shared_group / "shared")}
    (shared_group / "shared").mkdir()
    if not (shared_group / "media").exists():
        Project(shared_group).photographs("day 1")
    made.run("--until", "embed", "--cache", **cache)
    return made, cache


def entries(folder):
    return [(folder / "results/folder/batches/day 1" / table).readlink() for table in CACHED]


def test_a_job_on_a_cluster_finds_what_a_run_here_has_made(shared, shared_group, tmp_path):
    """Such a job knows no rule but its own: one invocation for each, as the executors make it."""
    second, (first, cache) = (
        colleague(tmp_path, shared_group, shared[0].config["weights"]["files"]["net"]["sha256"]),
        shared,
    )
    second.run("--until", "train", "ingest")
    made = {"detect": CACHED[0], "mask": CACHED[2], "crop": CACHED[3], "embed": CACHED[4]}
    for rule, table in made.items():
        target = f"results/folder/batches/day 1/{table}"
        second.run(target, "--allowed-rules", rule, "--cache", *made, **cache)
    assert entries(second.folder) == entries(first.folder)


def test_other_packages_find_nothing(shared, shared_group, tmp_path):
    (first, cache), other = shared, checkout(tmp_path / "checkout")
    with open(other / "envs" / "requirements.txt", "a") as lock:
        lock.write("# another version\n")
    (tmp_path / "project").mkdir()
    third = colleague(tmp_path / "project", shared_group, first.config["weights"]["files"]["net"]["sha256"])
    third.checkout = other
    third.run("--until", "embed", "--cache", **cache)
    assert not set(entries(third.folder)) & set(entries(first.folder))


def test_the_same_pictures_copied_later_are_the_same(shared, tmp_path):
    """They count by content, not by the time of writing."""
    first, cache = shared
    for path in Path(first.config["collections"]["folder"]["batches"]).parent.rglob("*.*"):
        os.utime(path, (1, 1))
    second = colleague(tmp_path, Path(cache["SNAKEMAKE_OUTPUT_CACHE"]).parent, None)
    second.config = first.config
    second.run("--until", "embed", "--cache", **cache)
    assert entries(second.folder) == entries(first.folder)


@pytest.mark.parametrize("absent", [True, False])
def test_who_may_not_write_to_the_cache_is_told_before_any_work(tmp_path, absent):
    project, folder = Project(tmp_path), tmp_path / "cache"
    del project.config["collections"]["folder"]
    if absent:
        said = project.run("-n", check=False, SNAKEMAKE_OUTPUT_CACHE=str(folder))
        assert f"{folder}, which is no folder: make it once for the group" in said
    else:
        folder.mkdir()
        with read_only(folder):
            said = project.run("-n", check=False, SNAKEMAKE_OUTPUT_CACHE=str(folder))
        assert f"{folder}, where you may not read and write: ask its owner" in said
    assert "Traceback" not in said


def test_without_a_shared_cache_heavy_rules_have_benchmarks(project):
    records = project.folder / "results" / "benchmarks"
    assert {path.relative_to(records).parts[0] for path in records.rglob("*.jsonl")} >= {"detect", "mask", "embed"}
