"""`snakemake --profile slurm` on a real cluster: who ran where, with what, and the same results as here."""

import re

import pytest
import yaml
from cluster.lab import Lab
from cluster.runs import NETWORK, TINY, Project, granted
from places import ROOT

from pugmark.stages import synthesise

pytestmark = pytest.mark.cluster
SMALL = {**TINY, "methods": {"pixels": {}, "network": NETWORK}}


def smaller_demo():
    """The embedded demo with all its rules and methods, of fewer pictures and epochs."""
    demo = yaml.safe_load((ROOT / "config.yaml").read_text())
    demo["collections"]["demo"]["synthetic"] = {**TINY["collections"]["drawn"]["synthetic"], "batches": 2}
    demo["collections"]["demo"]["identify"]["withhold"] = []  # or too few crops would be left to learn from
    demo["methods"]["small_supervised"]["epochs"] = 3
    return demo


def test_the_demo_without_accounting(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), accounting=False) as lab:
        same_on_the_cluster(lab, tmp_path_factory.mktemp("demo"), smaller_demo())


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), accounting=True) as lab:
        yield lab


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the small survey lies; the tests of its sites follow one another."""
    return tmp_path_factory.mktemp("small")


def site_files(home, block):
    """The site's own profile as profiles/README.md shows it, with its YAML block of that number."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "profiles/README.md").read_text(), re.S)
    place = home / ".config/snakemake/site"
    place.mkdir(parents=True, exist_ok=True)
    (place / "profile.yaml").write_text(blocks[block])
    (place / "partitions.yaml").write_text(blocks[1])


def test_a_small_survey_with_accounting_and_a_profile_of_the_site(lab, folder):
    site_files(folder / "home", 0)
    same_on_the_cluster(lab, folder, SMALL, profiles=("slurm", "site"))
    for job in lab.jobs():
        assert job["Account"] == "zoology"
        assert job["Partition"] == ("cpu" if job["JOB_GRES"] == "(null)" else "gpu")
        assert job["Partition"] == "cpu" or job["TresPerJob"] == "gres:gpu:h100:1"


def test_a_site_that_knows_gres_alone(lab, folder):
    site_files(folder / "home", 2)
    before = len(lab.jobs())
    Project(folder / "there", SMALL).submit("--until", "train", "--forcerun", "train", profiles=("slurm", "site"))
    asked = [(job.get("TresPerNode"), job.get("TresPerJob")) for job in lab.jobs()[before:]]
    assert sorted(asked, key=str) == [("gres:gpu:1", None), (None, None)]


def test_groups_cut_submissions_and_ask_for_no_more_than_their_limits(lab, folder):
    survey = {"drawn": {"synthetic": {**TINY["collections"]["drawn"]["synthetic"], "batches": 3}}}
    project = Project(folder / "grouped", {**TINY, "collections": survey})
    project.here("--until", "synthesise")
    site_files(folder / "home", 3)
    before = len(lab.jobs())
    project.submit("--until", "crop", "label", profiles=("slurm", "site"))
    jobs = {job["Comment"].split("_")[1]: granted(job) for job in lab.jobs()[before:]}
    asked = {name: (job.threads, job.runtime, job.gpu) for name, job in jobs.items()}
    assert asked == {"read": (3, 5, 0), "detect": (4, 20, 0), "mask": (4, 20, 0), "cut": (3, 7, 0)}
    assert all(6000 <= job.mem_mb < 6100 for job in jobs.values())
    assert len(lab.jobs()) == before + 4


def test_a_run_on_the_cluster_finds_in_the_shared_cache_what_a_run_here_has_made(lab, folder):
    cache = folder / "cache"
    cache.mkdir()
    synthesise.synthesise(folder / "survey" / "day", folder / "truth", 1, {"seed": 3, "individuals": 2, "sequences": 2})
    config = {**TINY, "collections": {"folder": {"batches": f"{folder}/survey/*", "labels": "none"}}}
    tables, said = [], []
    for name in ("first", "second"):
        project = Project(folder / name, config)
        project.environment["SNAKEMAKE_OUTPUT_CACHE"] = str(cache)
        run = project.here if name == "first" else project.submit
        run("--until", "detect", "--cache", "detect")
        tables.append((project.results / "folder/batches/day/detections.parquet").readlink())
        said.append((project.results / "logs/detect/folder/day.log").read_text())
    assert tables[0] == tables[1] and tables[0].parent == cache
    assert said[0] and not said[1]


def same_on_the_cluster(lab, folder, config, profiles=("slurm",)):
    """Every job goes through SLURM with what its rule states, and the results are those of a run on this machine."""
    reference, project = Project(folder / "here", config), Project(folder / "there", config)
    reference.here()
    project.submit(profiles=profiles)
    jobs, stated = lab.jobs(), project.requests()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    assert {job["Comment"]: granted(job) for job in jobs} == stated and len(jobs) == len(stated)
    assert any(request.gpu for request in stated.values())
    ours, theirs = reference.files(), project.files()
    assert [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)] == []
