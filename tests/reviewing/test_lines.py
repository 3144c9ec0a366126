"""Match lines join the same points of an animal in two pictures."""

import io

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pugmark import tables
from pugmark.reviewing import lines

SHAPE = (240, 320)


def coat(seed):
    """A spotted coat, uint8 of SHAPE and three channels."""
    spots = np.random.default_rng(seed).random((SHAPE[0] // 8, SHAPE[1] // 8)).astype(np.float32)
    grey = np.clip(cv2.resize(spots, SHAPE[::-1], interpolation=cv2.INTER_CUBIC), 0, 1)
    return np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """(crops with their batch, folder): a coat, the same one moved by 32 and 24 pixels and cropped, and another."""
    folder, first = tmp_path_factory.mktemp("lines"), coat(1)
    pictures = {"a": first, "moved": first[24:, 32:], "other": coat(2)}
    whole = tables.definitions()["crops"]["columns"]
    rows = []
    for name, pixels in pictures.items():
        held = io.BytesIO()
        Image.fromarray(pixels).save(held, "PNG")
        facts = {"crop_id": name, "image": held.getvalue(), "mask": None, "width": pixels.shape[1]}
        facts |= {"height": pixels.shape[0], "media_id": name, "path": name, "sequence": "s", "touches_border": False}
        rows.append({column: 0 for column in whole} | {"infrared": False, "station": None, "timestamp": None} | facts)
    (folder / "b").mkdir()
    tables.write(folder / "b/crops.parquet", "crops", rows, "crop")
    return pd.DataFrame({"crop_id": list(pictures), "batch": "b"}), folder


def test_lines_join_the_points_that_moved(crops):
    found = lines.between([("a", "moved"), ("a", "other")], *crops)
    ends = np.array(found["a moved"]).reshape(-1, 4) / 1000
    assert 10 <= len(ends) <= lines.MOST
    one, other = ends[:, :2] * (320, 240), ends[:, 2:] * (288, 216)
    assert np.abs(one - other - (32, 24)).max() < 4
    assert found["a other"] == []


def test_pairs_are_the_first_pictures_of_the_first_questions(monkeypatch):
    encounters = {name: {"crops": [[f"{name}{at}", "m"] for at in range(3)]} for name in "abc"}
    asked = [["a", "b", "Bo", 0.5, "doubt"], ["c", "b", "Bo", 0.5, "doubt"]]
    assert lines.wanted(asked, encounters)[:4] == [("a0", "b0"), ("a0", "b1"), ("a1", "b0"), ("a1", "b1")]
    monkeypatch.setattr(lines, "FIRST", 1)
    assert (
        len(lines.wanted(asked, encounters)) == 4
        and lines.between([], pd.DataFrame(columns=["crop_id", "batch"]), None) == {}
    )
