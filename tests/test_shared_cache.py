"""Snakemake's cache between workflows: a second checkout computes none of the expensive tables anew."""

import hashlib

import pytest
from project import Project

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


def test_without_a_shared_cache_heavy_rules_have_benchmarks(project):
    records = project.folder / "results" / "benchmarks"
    assert {path.relative_to(records).parts[0] for path in records.rglob("*.jsonl")} >= {"detect", "mask", "embed"}
