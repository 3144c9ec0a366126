"""Threads of a job that wait do not burn the cores that others could use."""

import os
import subprocess
import sys

import pytest
from places import ROOT


@pytest.mark.parametrize(("given", "found"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_waiting_threads_sleep_unless_the_user_says_otherwise(given, found):
    """As OpenMP itself tells it when torch loads it, in a job that imports what a stage does."""
    env = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    env |= given | {"OMP_DISPLAY_ENV": "TRUE", "PYTHONPATH": str(ROOT / "workflow")}
    job = subprocess.run(
        [sys.executable, "-c", "import pugmark.runtime.cli, torch"], env=env, capture_output=True, text=True, check=True
    )
    assert f"OMP_WAIT_POLICY = '{found}'" in job.stderr
