"""GrabCut from a box: what it finds on drawn animals, and what it does with boxes that are odd."""

import numpy as np
import pytest
from masking import scenes

from pugmark.masking.grabcut import grabcut

WHOLE = (0, 0, scenes.WIDTH, scenes.HEIGHT)


def overlap(found, truth):
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize("box", [(34, 19, 87, 72), (30, 16, 91, 75), (36, 21, 85, 70)])
def test_an_animal_is_found_in_a_detectors_box(box):
    animal = scenes.disc()
    left, top, right, bottom = box
    found = grabcut(scenes.photograph(animal), box)
    assert found.shape == (bottom - top, right - left)
    assert overlap(found, animal[top:bottom, left:right]) > 0.95


def test_an_animal_that_fills_a_cropped_photograph_is_found():
    animal = scenes.disc(90, 90, (45, 45), 44)
    assert overlap(grabcut(scenes.photograph(animal), (0, 0, 90, 90)), animal) > 0.95


def test_a_cropped_photograph_keeps_too_much_rather_than_a_part_of_the_animal():
    animal = scenes.disc(radius=30, centre=(85, 50))
    assert (grabcut(scenes.photograph(animal), WHOLE) & animal).sum() > 0.97 * animal.sum()


def test_a_pattern_inside_the_animal_is_not_cut_out():
    animal, blaze = scenes.disc(), scenes.disc(centre=(80, 45), radius=3)
    pixels = scenes.photograph(animal)
    pixels[blaze] = [40, 110, 50]  # as the background
    assert grabcut(pixels, (34, 19, 87, 72))[blaze[19:72, 34:87]].all()


def test_large_boxes_are_shrunk_and_return_in_their_own_size():
    animal = scenes.disc(1200, 1600, (800, 600), 300)
    found = grabcut(scenes.photograph(animal), (480, 285, 1121, 917))
    assert found.shape == (632, 641)
    assert overlap(found, animal[285:917, 480:1121]) > 0.93


def test_equal_pixels_give_equal_masks():
    pixels = scenes.photograph(scenes.disc(), seed=4)
    first = grabcut(pixels, (34, 19, 87, 72))
    grabcut(scenes.photograph(scenes.disc(), seed=5), WHOLE)
    np.testing.assert_array_equal(grabcut(pixels, (34, 19, 87, 72)), first)


@pytest.mark.parametrize("box", [(10, 10, 11, 11), (0, 0, 120, 7), (0, 0, 7, 90)])
def test_a_sliver_has_no_mask(box):
    assert grabcut(scenes.photograph(scenes.disc()), box) is None


@pytest.mark.parametrize("box", [(0, 0, 8, 8), (0, 0, 120, 8), (112, 82, 120, 90), WHOLE])
def test_odd_boxes_and_flat_pictures_are_no_error(box):
    for pixels in (np.zeros((90, 120, 3), np.uint8), scenes.photograph(scenes.disc())):
        assert grabcut(pixels, box).any()
