"""`snakemake --profile slurm` on a real cluster: who ran where, with what, and the same results as here."""

import subprocess

import pytest
import yaml
from conftest import ROOT
from lab import Lab, said
from runs import NETWORK, TINY, Project, granted

pytestmark = pytest.mark.cluster
SMALL = {**TINY, "methods": {"pixels": {}, "network": NETWORK}}


def test_the_demo_without_accounting(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), accounting=False) as lab:
        same_on_the_cluster(lab, tmp_path_factory.mktemp("demo"), (ROOT / "config.yaml").read_text())


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), accounting=True) as lab:
        yield lab


def test_a_small_survey_with_accounting(lab, tmp_path):
    same_on_the_cluster(lab, tmp_path, SMALL)


def same_on_the_cluster(lab, folder, config):
    """Every job goes through SLURM with what its rule states, and the results are those of a run on this machine."""
    reference, project = Project(folder / "here", config), Project(folder / "there", config)
    reference.here()
    project.submit()
    jobs, stated = lab.jobs(), project.requests()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    assert {job["Comment"]: granted(job) for job in jobs} == stated and len(jobs) == len(stated)
    assert any(request.gpu for request in stated.values())
    ours, theirs = reference.files(), project.files()
    assert [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)] == []
