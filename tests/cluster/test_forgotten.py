"""Jobs that SLURM has forgotten while Snakemake stood still, on a cluster without accounts of them."""

import signal

import pytest
from cluster.lab import Lab, said, until
from cluster.runs import TINY, Project

pytestmark = pytest.mark.cluster
LIMIT = 900  # seconds; the plugin asks ever more seldom while nothing ends, so minutes pass on a quiet machine, too


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab"), accounting=False, memory=12) as lab:
        yield lab


@pytest.fixture
def asleep(lab, tmp_path):
    """A run of one job, which is in the queue; Snakemake is stopped as by a suspended login session.

    One job alone, because Snakemake looks after a forgotten one only every few minutes.
    """
    project = Project(tmp_path / "project", TINY)
    run = project.start("--until", "synthesise")
    until(lambda: "submitted with SLURM jobid" in (project.folder / "said.log").read_text(), "a job", LIMIT)
    run.send_signal(signal.SIGSTOP)
    yield project, run
    run.kill()
    said("scancel", "--user=root")


def test_a_job_that_ended_well_and_was_forgotten_is_done(lab, asleep):
    project, run = asleep
    until(lambda: list(project.results.glob("drawn/truth/*/labels.csv")), "the drawn batch", LIMIT)
    until(lambda: not lab.jobs(), "SLURM's forgetting", LIMIT)
    run.send_signal(signal.SIGCONT)
    assert run.wait(LIMIT) == 0, (project.folder / "said.log").read_text()
    assert "Error in rule" not in (project.folder / "said.log").read_text()


def test_a_job_that_was_cancelled_and_forgotten_is_submitted_again(lab, asleep):
    project, run = asleep
    said("scancel", "--user=root")
    until(lambda: not lab.jobs(), "SLURM's forgetting", LIMIT)
    run.send_signal(signal.SIGCONT)
    assert run.wait(LIMIT) == 0, (project.folder / "said.log").read_text()
    assert "status is: 'FORGOTTEN'" in (project.folder / "said.log").read_text()
