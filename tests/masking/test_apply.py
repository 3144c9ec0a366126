"""Masks applied when a crop is read."""

import io

import numpy as np
import pytest
from masking import scenes
from PIL import Image

from pugmark.masking import apply, rle

ANIMAL = scenes.disc()
PIXELS = scenes.photograph(ANIMAL)


@pytest.fixture(scope="module")
def stored():
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "JPEG", quality=95)
    return buffer.getvalue(), np.asarray(Image.open(buffer))


def test_masked_is_the_original_inside_and_white_outside():
    original = PIXELS.copy()
    result = apply.masked(PIXELS, ANIMAL)
    assert result.shape == PIXELS.shape and result.dtype == np.uint8
    np.testing.assert_array_equal(result[ANIMAL], PIXELS[ANIMAL])
    assert (result[~ANIMAL] == 255).all()
    np.testing.assert_array_equal(PIXELS, original)


def test_load_crop_applies_the_mask_after_decoding(stored):
    encoded, decoded = stored
    result = apply.load_crop(encoded, rle.encode(ANIMAL), 255)
    np.testing.assert_array_equal(result[ANIMAL], decoded[ANIMAL])
    assert (result[~ANIMAL] == 255).all()
    assert (apply.load_crop(encoded, rle.encode(ANIMAL), 0)[~ANIMAL] == 0).all()


@pytest.mark.parametrize(("mask", "fill"), [(None, 255), (rle.encode(ANIMAL), None)])
def test_load_crop_leaves_the_background_without_mask_or_fill(stored, mask, fill):
    encoded, decoded = stored
    np.testing.assert_array_equal(apply.load_crop(encoded, mask, fill), decoded)


@pytest.mark.parametrize(("asked", "scale"), [((1, 1), 8), ((24, 24), 4), ((50, 70), 2), ((99, 200), 1), (None, 1)])
def test_decoding_stops_at_the_least_size_that_is_needed(asked, scale):
    """A JPEG of 120 x 200 pixels, left half black, right half white, of which the mask is the right one."""
    pixels = np.zeros((120, 200, 3), np.uint8)
    pixels[:, 104:] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    found, mask = apply.decoded(buffer.getvalue(), rle.encode(pixels[..., 0] > 0), asked)
    assert found.shape == (120 // scale, 200 // scale, 3) and mask.shape == found.shape[:2]
    np.testing.assert_array_equal(mask, found[..., 0] > 127)
    assert asked is None or (found.shape[0] >= min(asked[0], 120) and found.shape[1] >= min(asked[1], 200))
    assert (apply.load_crop(buffer.getvalue(), rle.encode(pixels[..., 0] > 0), 77, asked)[~mask] == 77).all()


def test_a_mask_is_read_in_the_middle_of_each_block():
    """From column 99 on: of the block of columns 96 to 103 the middle, 100, is inside; its first column is not."""
    buffer, mask = io.BytesIO(), np.zeros((80, 200), bool)
    Image.new("RGB", (200, 80)).save(buffer, "JPEG")
    mask[:, 99:] = True
    found = apply.decoded(buffer.getvalue(), rle.encode(mask), (10, 25))[1]
    assert found.shape == (10, 25) and found[0].tolist() == [False] * 12 + [True] * 13


def test_what_is_no_jpeg_is_decoded_whole():
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG")
    np.testing.assert_array_equal(apply.decoded(buffer.getvalue(), None, (8, 8))[0], PIXELS)
