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
