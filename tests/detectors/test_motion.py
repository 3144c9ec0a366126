"""Background subtraction finds what comes and goes, in changing light, station by station."""

import cv2
import numpy as np
import pytest
from detections import media

from pugmark.detectors import motion
from pugmark.stages import detect


def view(seed, left=None, gain=1.0, colour=True, size=(120, 160)):
    """A textured scene in some light with fresh noise and, where `left` is given, a bright animal of 40 x 30 pixels."""
    scene = cv2.resize(np.random.default_rng(1).integers(60, 140, (12, 16, 3), np.uint8), (160, 120)).astype(float)
    scene = scene * [1.2, 1.0, 0.7] if colour else np.repeat(scene.mean(axis=2, keepdims=True), 3, axis=2)
    if left is not None:
        scene[50:80, left : left + 40] = 230 if not colour else (200, 30, 30)
    noise = np.random.default_rng(seed).normal(0, 3, (120, 160, 1))
    return cv2.resize(np.clip(scene * gain + noise, 0, 255).astype(np.uint8), size[::-1])


def shoot(folder, views):
    for name, image in views.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        cv2.imwrite(str(folder / name), image[..., ::-1])
    return media(*views)


@pytest.mark.parametrize("colour", [True, False])
def test_motion_finds_what_comes_and_goes_in_changing_light(tmp_path, colour):
    views = {f"{n}.png": view(n, gain=0.8 + 0.05 * n, colour=colour) for n in range(7)}
    views |= {"left.png": view(20, 10, 0.8, colour), "right.png": view(21, 100, 1.1, colour, size=(240, 320))}
    found, counts = detect.detect(shoot(tmp_path, views), tmp_path, {"name": "motion"})
    assert list(found["media_id"]) == ["m7", "m8"] and set(found["label"]) == {"animal"}
    np.testing.assert_allclose(found["x"], [10 / 160, 100 / 160], atol=0.02)
    np.testing.assert_allclose(found[["y", "w", "h"]], [[50 / 120, 40 / 160, 30 / 120]] * 2, atol=0.03)
    assert found["confidence"].between(0.3, 1).all()
    assert counts["images and frames"] == 9


def test_motion_knows_each_station_and_light_apart(tmp_path):
    views = {f"S1/{n}.png": view(n) for n in range(4)}
    views |= {f"S2/{n}.png": 255 - view(n) for n in range(4)}
    views |= {f"S1/night{n}.png": view(n, colour=False) for n in range(2)}
    rows = shoot(tmp_path, views).assign(station=[path[:2] for path in views])
    found, counts = detect.detect(rows, tmp_path, {"name": "motion"})
    assert found.empty and counts["media in groups too small for a background"] == 2


def test_the_sample_is_bounded_and_the_same_each_time(tmp_path):
    rows = shoot(tmp_path, {f"{n:02}.png": view(n) for n in range(12)})
    settings = motion.DEFAULTS | {"sample": 4}
    (first,), (second,) = (motion._samples(rows, tmp_path, settings).values() for _ in range(2))
    assert len(first) == 4 and all((one == two).all() for one, two in zip(first, second, strict=True))
    (other,) = motion._samples(rows, tmp_path, settings | {"seed": 2}).values()
    assert any((one != two).any() for one, two in zip(first, other, strict=True))


def test_light_is_corrected_exactly():
    middle = view(0).astype(np.float32)
    np.testing.assert_allclose(motion.to_light_of(middle, middle * 0.5 + 20), middle, atol=0.01)
    assert np.isfinite(motion.to_light_of(middle, np.zeros_like(middle))).all()
