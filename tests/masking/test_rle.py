"""Run-length masks: against counts worked out by hand, and round trips of windows."""

import numpy as np
import pytest

from pugmark.masking import rle

SQUARE = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0]], bool)


def test_counts_are_column_major_runs():
    # Columns of three: 000 011 011 000, so the runs are 4 2 1 2 3. From the third run on COCO stores the difference
    # to the run two before it in base 32 plus 48: 4 2, 1 (the third is still plain), 2-2=0, 3-1=2.
    assert rle.encode(SQUARE) == "42102"


@pytest.mark.parametrize("fraction", [0.0, 0.3, 1.0])
def test_round_trip(fraction):
    mask = np.random.default_rng(0).random((37, 53)) < fraction
    back = rle.decode(rle.encode(mask), 37, 53)
    assert back.dtype == bool
    np.testing.assert_array_equal(back, mask)


def test_crop_is_the_window_and_paste_its_inverse():
    mask = np.random.default_rng(1).random((40, 60)) < 0.5
    box = (7, 3, 31, 22)
    window = rle.decode(rle.crop(rle.encode(mask), 40, 60, box), 19, 24)
    np.testing.assert_array_equal(window, mask[3:22, 7:31])
    whole = rle.paste(window, box, 40, 60)
    np.testing.assert_array_equal(whole[3:22, 7:31], window)
    assert whole.sum() == window.sum()
