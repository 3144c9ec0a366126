"""Deep pixels as eight bits: every range worked out by hand."""

import cv2
import numpy as np
import pytest
from PIL import Image

from pugmark.formats import pixels

LOWEST, HIGHEST, PHOTOMETRIC = 340, 341, 262


def shown(tmp_path, values, name="a.tif", **options):
    Image.fromarray(np.array([values])).save(tmp_path / name, **options)
    return pixels.read_image(tmp_path / name)[0, :, 1].tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.uint16([0, 1023]), [0, 255]),
        (np.uint16([0, 2048, 4095]), [0, 128, 255]),
        (np.uint16([0, 4096, 16383]), [0, 64, 255]),
        (np.uint16([0, 256 * 77 + 5, 65535]), [0, 77, 255]),
        (np.uint16([0, 77, 200]), [0, 77, 200]),
        (np.float32([0, 0.5, 1]), [0, 127, 255]),
        (np.float32([0, 100, 255]), [0, 100, 255]),
        (np.float32([np.nan, 0, 1, np.inf]), [0, 0, 255, 255]),
        (np.float32([np.nan, np.nan]), [0, 0]),
        (np.uint16([29000, 30000, 31000]), [0, 127, 255]),  # hundredths of a kelvin
        (np.float32([-10, 0, 30]), [0, 63, 255]),  # degrees
        (np.uint16([60000, 60000]), [234, 234]),
        (np.uint16([0, 0]), [0, 0]),
    ],
)
def test_the_range_that_the_values_tell(tmp_path, values, expected):
    assert shown(tmp_path, values) == expected


def test_the_range_that_the_file_states(tmp_path):
    assert shown(tmp_path, np.uint16([0, 1000]), tiffinfo={HIGHEST: 4000}) == [0, 63]
    assert shown(tmp_path, np.float32([20, 30]), tiffinfo={LOWEST: 20.0, HIGHEST: 40.0}) == [0, 127]
    assert shown(tmp_path, np.uint16([0, 4095]), tiffinfo={HIGHEST: 100}) == [0, 255], "a statement that cannot be"


def test_white_may_be_zero(tmp_path):
    assert shown(tmp_path, np.uint16([0, 65535]), tiffinfo={PHOTOMETRIC: 0}) == [255, 0]


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
def test_colour_of_twelve_bits_is_not_black(tmp_path, name):
    colour = np.uint16([[[4095, 2048, 0], [0, 1, 2]]])
    cv2.imwrite(str(tmp_path / name), colour[..., ::-1])
    assert pixels.read_image(tmp_path / name).tolist() == [[[255, 128, 0], [0, 0, 0]]]
    cv2.imwrite(str(tmp_path / name), colour[..., ::-1] * 16)
    assert pixels.read_image(tmp_path / name)[0, 0].tolist() == [255, 128, 0]


def test_a_tiff_that_cannot_be_read_is_refused_by_name(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tif"), np.full((4, 4, 3), 0.5, np.float32))
    with pytest.raises(pixels.UnreadableError, match="floating-point colour: save it with 8 bits"):
        pixels.check_image(tmp_path / "a.tif")
