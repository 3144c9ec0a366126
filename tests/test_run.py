"""What a user reads during a run of which one job fails, and before the run that goes on."""

import re

import pytest
from project import Project


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What was printed by a run with a broken batch, and by the dry run after the repair."""
    made = Project(tmp_path_factory.mktemp("run"))
    made.config["collections"] = {"folder": made.config["collections"]["folder"] | {"methods": ["random"]}}
    made.config["methods"] = {"random": {}}
    made.photographs("day 1")
    made.photographs("day 2")
    labels = made.folder / "media" / "day 2" / "labels.csv"
    whole = labels.read_text()
    labels.write_text(whole.replace("path,", "file,", 1))
    failed = made.run(check=False)
    labels.write_text(whole)
    return failed, made.run("-n")


def test_each_finished_job_tells_its_counts(printed):
    assert re.search(r"^ingest folder/day 1: \d+ images, ", printed[0], re.M)
    assert re.search(r"^crop folder/day 1: \d+ crops$", printed[0], re.M)


def test_failed_jobs_are_told_at_the_end(printed):
    end = printed[0][printed[0].index("1 job failed:") :]
    assert "ingest folder/day 2" in end and "results/logs/ingest/folder/day 2.log" in end
    assert "no column path" in end and "give the same command again" in end


def test_the_plan_knows_what_was_measured_and_says_what_was_not(printed):
    assert "Expected time: not measured yet" in printed[0]
    plan = printed[1][printed[1].index("Expected from what earlier jobs took") :]
    lines = {line.split()[0]: line.split() for line in plan.splitlines() if line.strip()}
    assert lines["detect"][1] == "1" and lines["detect"][2] != "not"
    assert lines["evaluate"][2:4] == ["not", "measured"]
    assert "of a kind that was not measured yet" in plan
