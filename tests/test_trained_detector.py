"""The real DAG around a detector that the workflow trains: who waits for it, and what a finished one leaves to do."""

import subprocess

import pytest
import yaml
from places import ROOT


@pytest.fixture
def planned(tmp_path):
    """A function that returns what `snakemake -n` prints, for a collection whose detector learns from another."""
    for batch in ("a", "b"):
        (tmp_path / "media" / batch).mkdir(parents=True)
        (tmp_path / "media" / batch / "1.jpg").touch()
    (tmp_path / "start.pt").touch()
    config = {
        "results": str(tmp_path / "results"),
        "collections": {
            "drawn": {"batches": f"{tmp_path}/media/*", "detect": {"name": "boxes"}},
            "survey": {"batches": f"{tmp_path}/media/a", "detect": {"name": "ultralytics", "weights": "mine"}},
        },
        "detectors": {"mine": {"learn_from": ["drawn"], "start": "start"}},
        "methods": {"random": {}},
        "weights": {"folder": str(tmp_path), "files": {"start": {"file": "start.pt", "sha256": "a" * 64}}},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))

    def plan():
        command = [
            ROOT / ".venv/bin/snakemake",
            "-n",
            "-s",
            ROOT / "Snakefile",
            "--configfile",
            tmp_path / "config.yaml",
            "-d",
            tmp_path,
        ]
        found = subprocess.run([*command, "--quiet", "host"], capture_output=True, text=True, cwd=tmp_path)
        assert found.returncode == 0, found.stderr
        return found.stdout + found.stderr

    return plan


def test_a_survey_waits_for_its_detector_until_that_is_trained(planned, tmp_path):
    said = planned()
    assert "train_detector" in said
    version = said.split("detectors/mine/")[1].split("/")[0]
    model = tmp_path / "results/detectors/mine" / version / "model.pt"
    model.parent.mkdir(parents=True)
    model.touch()
    again = planned()
    assert "train_detector" not in again
    assert "detect" in again
