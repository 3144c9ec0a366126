"""Calibration of scores, by hand."""

import numpy as np
import pytest

from pugmark.metrics import calibration

COLUMN = np.array([0.1, 0.2, 0.3, 0.4])
SAME = np.array([False, True, False, True])


def test_isotonic_calibration_pools_what_is_out_of_order():
    found = calibration.WAYS["isotonic"](COLUMN, SAME)
    assert found(np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.9])) == pytest.approx([0, 0, 0.5, 0.5, 1, 1])


def test_logistic_calibration_rises_without_steps():
    found = calibration.WAYS["logistic"](COLUMN, SAME)(np.array([-1.0, 0.25, 0.5, 2.0]))
    assert (np.diff(found) > 0).all() and (found > 0).all() and (found < 1).all()
    assert found[1] == pytest.approx(0.5, abs=1e-3)  # half of the pairs are of one animal, around the mean value
