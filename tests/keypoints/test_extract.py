"""Key points of a crop: where they lie, how many are kept, and that the mask takes them away after they are found."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from pugmark import tables
from pugmark.keypoints import extract, table
from pugmark.masking import rle
from pugmark.stages import keypoints as stage

SETTINGS = {"features": "sift", "side": 256, "most": 40}


def jpeg(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=95)
    return content.getvalue()


def found(picture, mask, settings):
    return extract.of_crop(picture, mask, settings, extract.finder(settings))


@pytest.fixture
def spotted():
    pixels = np.full((120, 200, 3), 120, np.uint8)
    random = np.random.default_rng(0)
    for x, y, radius in zip(
        random.integers(10, 190, 60), random.integers(10, 110, 60), random.integers(3, 8, 60), strict=True
    ):
        cv2.circle(pixels, (int(x), int(y)), int(radius), [int(random.integers(0, 255))] * 3, -1)
    return pixels


@pytest.mark.parametrize(("features", "width"), [("sift", 128), ("orb", 32)])
def test_the_strongest_are_kept_in_shares_of_the_longer_side(spotted, features, width):
    places, descriptors = found(jpeg(spotted), None, SETTINGS | {"features": features})
    assert places.shape == (40, 2) and descriptors.shape == (40, width) and descriptors.dtype == np.uint8
    assert places.min() > 0 and places[:, 0].max() <= 1 and places[:, 1].max() <= 0.6 and places[:, 0].max() > 0.7
    few = found(jpeg(spotted), None, SETTINGS | {"features": features, "most": 10})
    assert np.array_equal(few[0], places[:10]) and np.array_equal(few[1], descriptors[:10])


def test_those_outside_the_mask_are_dropped_and_the_others_stay_as_they_were(spotted):
    inside = np.zeros(spotted.shape[:2], bool)
    inside[:, :100] = True
    many = SETTINGS | {"most": 10_000}
    whole, left = (found(jpeg(spotted), mask, many) for mask in (None, rle.encode(inside)))
    kept = whole[0][:, 0] * 200 < 100
    assert 0 < kept.sum() < len(kept)
    assert np.array_equal(left[0], whole[0][kept]) and np.array_equal(left[1], whole[1][kept])


def test_a_crop_without_structure_has_none():
    places, descriptors = found(jpeg(np.full((60, 60, 3), 90, np.uint8)), None, SETTINGS)
    assert places.shape == (0, 2) and descriptors.shape == (0, 128)


def test_the_table_gives_back_what_was_found(spotted, tmp_path):
    columns = tables.definitions()["crops"]["columns"]
    row = dict.fromkeys(columns, 0) | dict.fromkeys(("station", "timestamp", "mask", "frame_number"))
    row |= {"media_id": "m", "path": "m.jpg", "sequence": "s", "touches_border": False, "infrared": False}
    pictures = {"a": spotted, "b": np.full((60, 60, 3), 90, np.uint8)}
    rows = [row | {"crop_id": name, "image": jpeg(pixels)} for name, pixels in pictures.items()]
    (tmp_path / "day 1" / "keypoints").mkdir(parents=True)
    tables.write(tmp_path / "crops.parquet", "crops", rows, "crop")
    out = tmp_path / "day 1" / "keypoints" / "local.parquet"
    stage.keypoints(tmp_path / "crops.parquet", out, SETTINGS)
    assert tables.provenance(out)["counts"]["crops without key points"] == 1
    split = tables.read(tmp_path / "crops.parquet", "crops", ["crop_id"]).iloc[::-1].assign(batch="day 1")
    kept = table.of_collection(split.reset_index(drop=True), tmp_path, "local", 40)
    places, descriptors = found(jpeg(spotted), None, SETTINGS)
    assert kept.number.tolist() == [0, 40]
    assert np.array_equal(kept.places[1], places) and np.array_equal(kept.descriptors[1], descriptors)
    with pytest.raises(table.KeypointsError, match="lacks key points of 1 crops"):
        table.of_collection(split.assign(crop_id=["a", "z"]).reset_index(drop=True), tmp_path, "local", 40)


def test_the_strongest_comes_first():
    pixels = np.full((128, 256, 3), 120, np.uint8)
    cv2.circle(pixels, (60, 64), 8, [170] * 3, -1)
    cv2.circle(pixels, (190, 64), 8, [250] * 3, -1)
    places, _ = found(jpeg(pixels), None, SETTINGS)
    assert abs(places[0, 0] * 256 - 190) < 4 and (abs(places[:, 0] * 256 - 60) < 4).any()
