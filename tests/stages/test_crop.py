"""The crop stage: pixels, masks and quality of the crops, and what is dropped."""

import io
import json

import numpy as np
import pytest
from masking import scenes
from PIL import Image

from pugmark import tables
from pugmark.masking import rle
from pugmark.masking.apply import load_crop
from pugmark.stages import crop

ANIMAL = scenes.disc()
PIXELS = scenes.photograph(ANIMAL)
BOX = (36 / 120, 21 / 90, 48 / 120, 48 / 90)
LEFT, TOP, RIGHT, BOTTOM = PADDED = (33, 18, 87, 72)  # 2.4 pixels on each side, rounded outwards


def masked(detection, whole=None):
    row = {"height": 90, "width": 120, "rle": None, "area_fraction": 1.0, "policy": "grabcut"}
    row |= {"detection_id": detection["detection_id"], "mask_source": "unmasked"}
    return row if whole is None else row | {"rle": rle.encode(whole), "mask_source": "grabcut"}


def run(folder, media, detections, masks, **settings):
    for name, rows in (("media", media), ("detections", detections), ("masks", masks)):
        tables.write(folder / f"{name}.parquet", name, rows, "test")
    inputs = [f"--{name}={folder}/{name}.parquet" for name in ("media", "detections", "masks")]
    out = folder / "crops.parquet"
    crop.main([f"--batch={folder}", *inputs, f"--out={out}", f"--settings={json.dumps(settings)}"])
    return tables.read_arrow(out, "crops").to_pylist(), tables.provenance(out)["counts"]


@pytest.fixture
def one(tmp_path):
    """A picture of one animal and its detection."""
    scenes.save(tmp_path / "one.png", PIXELS)
    return tmp_path, scenes.medium("one", station="S1"), scenes.detection("one", 0, *BOX)


def test_a_crop_is_the_padded_box_as_jpeg(one):
    folder, medium, found = one
    (row,), counts = run(folder, [medium], [found], [masked(found)])
    assert (row["width"], row["height"]) == (54, 54)
    decoded = Image.open(io.BytesIO(row["image"]))
    assert decoded.format == "JPEG" and decoded.mode == "RGB" and decoded.size == (54, 54)
    shifted = {(x, y): PIXELS[TOP + y : BOTTOM + y, LEFT + x : RIGHT + x] for x in (-1, 0, 1) for y in (-1, 0, 1)}
    distance = {shift: np.abs(np.asarray(decoded).astype(int) - window).mean() for shift, window in shifted.items()}
    assert min(distance, key=distance.get) == (0, 0) and distance[0, 0] < 8
    assert (row["crop_id"], row["media_id"], row["path"], row["station"]) == ("one-d00", "one", "one.png", "S1")
    assert (row["x"], row["y"], row["w"], row["h"]) == BOX
    assert row["area"] == 48 * 48 and row["frame_number"] is None and row["timestamp"] is None
    assert not row["touches_border"] and not row["infrared"] and row["mask"] is None
    assert counts == {"crops": 1, "dropped": {}}


def test_the_mask_is_in_the_crops_frame_and_whitens_what_is_outside(one):
    folder, medium, found = one
    (row,), _ = run(folder, [medium], [found], [masked(found, ANIMAL)], jpeg_quality=100)
    inside = ANIMAL[TOP:BOTTOM, LEFT:RIGHT]
    np.testing.assert_array_equal(rle.decode(row["mask"], 54, 54), inside)
    loaded = load_crop(row["image"], row["mask"], 255)
    assert (loaded[~inside] == 255).all()
    np.testing.assert_array_equal(loaded[inside], load_crop(row["image"], row["mask"], None)[inside])


def test_padding_is_clipped_to_the_media(one):
    folder, medium, _ = one
    found = scenes.detection("one", 0, 0, 0, 1, 1)
    (row,), _ = run(folder, [medium], [found], [masked(found)], padding=0.5)
    assert (row["width"], row["height"]) == (120, 90) and row["touches_border"] and row["area"] == 120 * 90


@pytest.mark.parametrize(
    ("box", "touches"),
    [
        ((2, 2, 116, 86), False),
        ((1, 2, 50, 50), True),
        ((2, 1, 50, 50), True),
        ((60, 30, 59, 50), True),
        ((60, 30, 50, 59), True),
    ],
)
def test_touching_means_within_one_pixel_of_the_edge(one, box, touches):
    folder, medium, _ = one
    x, y, w, h = box
    found = scenes.detection("one", 0, x / 120, y / 90, w / 120, h / 90)
    (row,), _ = run(folder, [medium], [found], [masked(found)])
    assert row["touches_border"] == touches


def test_what_is_dropped_is_counted_by_reason(one):
    folder, medium, found = one
    gone = scenes.medium("gone")
    all_found = [
        found,
        scenes.detection("one", 1, 0.1, 0.1, 31 / 120, 0.5),  # 31 pixels across
        scenes.detection("one", 2, 0.1, 0.1, 32 / 120, 0.5),  # 32, which 12 to 44 is
        scenes.detection("one", 3, *BOX, confidence=0.1),
        scenes.detection("one", 4, *BOX, label="person"),
        scenes.detection("one", 5, *BOX, label="vehicle", confidence=0.1),
        scenes.detection("gone", 0, *BOX),
    ]
    masks = [masked(row) for row in all_found if row["label"] == "animal"]
    rows, counts = run(folder, [medium, gone], all_found, masks, min_confidence=0.5)
    assert [row["crop_id"] for row in rows] == ["one-d00", "one-d02"]
    reasons = {"low confidence": 1, "not an animal": 2, "too small": 1, "unreadable media": 1}
    assert counts == {"crops": 2, "dropped": reasons}


def test_a_box_without_pixels_is_too_small_whatever_the_minimum(one):
    folder, medium, _ = one
    found = scenes.detection("one", 0, 1, 1, 0, 0)
    assert run(folder, [medium], [found], [masked(found)], min_side=0)[1]["dropped"] == {"too small": 1}


def test_an_empty_batch_gives_an_empty_table(tmp_path):
    assert run(tmp_path, [], [], []) == ([], {"crops": 0, "dropped": {}})


def test_the_same_input_gives_the_same_bytes(one):
    folder, medium, found = one
    run(folder, [medium], [found], [masked(found, ANIMAL)])
    first = (folder / "crops.parquet").read_bytes()
    run(folder, [medium], [found], [masked(found, ANIMAL)])
    assert (folder / "crops.parquet").read_bytes() == first


def test_sharpness_by_hand():
    # At 256 pixels the crop is not scaled. One bright pixel of 80: the Laplacian is -4 * 80 there and 80 at its four
    # neighbours, 0 elsewhere and on average.
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[100, 100] = 80
    assert crop.sharpness(pixels) == pytest.approx((16 + 4) * 80**2 / 256**2)


def test_sharpness_falls_with_blur_and_hardly_with_size():
    large = scenes.photograph(scenes.disc(512, 512, (256, 256), 200))
    blurred = np.asarray(Image.fromarray(large).resize((32, 32)).resize((512, 512)))
    assert crop.sharpness(blurred) < 0.2 * crop.sharpness(large)
    assert crop.sharpness(large) == pytest.approx(crop.sharpness(np.asarray(Image.fromarray(large).reduce(2))), rel=0.3)
    assert crop.sharpness(np.full((1, 700, 3), 9, np.uint8)) == 0


def test_infrared_is_a_mean_difference_below_four():
    pixels = np.full((10, 10, 3), 100, np.uint8)
    assert crop.infrared(pixels)
    pixels[..., 0] += 4
    assert not crop.infrared(pixels)
    pixels[0, 0] = 100  # 99 pixels of 4: the mean is 3.96
    assert crop.infrared(pixels)
    assert not crop.infrared(PIXELS)
