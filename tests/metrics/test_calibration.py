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


def test_the_expected_calibration_error_by_hand():
    # In the bin from .2: .2 and .28, one of two is the same, so .26 apart. In that from .9: .9 and 1, both, so .05.
    found = calibration.ece(np.array([0.2, 0.28, 0.9, 1.0]), np.array([True, False, True, True]))
    assert found == pytest.approx((2 * 0.26 + 2 * 0.05) / 4)
    assert calibration.ece(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False])) == 0


def test_bins_have_one_width_and_hold_both_ends():
    assert calibration.bins([0.0, 0.09, 0.1, 0.55, 0.99, 1.0]).tolist() == [0, 0, 1, 5, 9, 9]
