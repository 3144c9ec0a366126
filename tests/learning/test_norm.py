"""Unit norm, and what it may not need."""

import subprocess
import sys

import numpy as np
import pytest
from places import ROOT

from pugmark.learning import norm


def test_unit_rows_even_of_nothing():
    found = norm.unit([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(found, [[0.6, 0.8], [0.5**0.5, 0.5**0.5]], rtol=1e-6)


@pytest.mark.parametrize("method", ["oracle", "random", "pixels"])
def test_controls_start_without_the_libraries_of_networks(method):
    """Each batch has a job of each control, and importing these takes longer than its work."""
    code = (
        f"import sys, pugmark.methods.{method}; sys.exit(bool({{'torch', 'torchvision', 'timm'}} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow").returncode == 0
