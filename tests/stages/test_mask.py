"""The mask stage: its command line on pictures with known animals, and on what goes wrong."""

import json

import numpy as np
import pandas as pd
import pytest
from masking import scenes

from pugmark import tables
from pugmark.masking import rle
from pugmark.masking.chain import Chain, PolicyError
from pugmark.stages import mask

ANIMAL = scenes.disc()
BOX = (36 / 120, 21 / 90, 48 / 120, 48 / 90)
PADDED = (33, 18, 87, 72)  # 2.4 pixels on each side, rounded outwards


@pytest.fixture
def batch(tmp_path):
    """A batch of two pictures, one animal and one person on the first, two animals on the second."""
    for name, animal in (("one", ANIMAL), ("two", ANIMAL | scenes.disc(centre=(15, 15), radius=12))):
        scenes.save(tmp_path / "batch" / f"{name}.png", scenes.photograph(animal))
    found = [
        scenes.detection("one", 0, *BOX),
        scenes.detection("one", 1, 0.0, 0.0, 0.2, 0.9, label="person"),
        scenes.detection("two", 0, *BOX),
        scenes.detection("two", 1, 3 / 120, 3 / 90, 24 / 120, 24 / 90),
    ]
    return written(tmp_path, [scenes.medium("one"), scenes.medium("two"), scenes.medium("empty")], found)


def written(folder, media, detections):
    tables.write(folder / "media.parquet", "media", media, "ingest")
    tables.write(folder / "detections.parquet", "detections", detections, "detect")
    return folder


def run(folder, weights=(), **settings):
    out = folder / "masks.parquet"
    files = [f"{w.name}={w.path}" for w in weights]
    settings["manifest"] = {w.name: {"sha256": w.sha256, "licence": w.licence} for w in weights}
    arguments = [f"--media={folder}/media.parquet", f"--detections={folder}/detections.parquet", f"--out={out}"]
    mask.main([f"--batch={folder}/batch", *arguments, f"--settings={json.dumps(settings)}", "--weights", *files])
    return tables.read(out, "masks").set_index("detection_id"), tables.provenance(out)


def decoded(row):
    return rle.decode(row.rle, row.height, row.width)


def test_grabcut_finds_the_animals_and_leaves_people_alone(batch):
    found, provenance = run(batch, policy="grabcut")
    assert list(found.index) == ["one-d00", "two-d00", "two-d01"]
    assert set(found["policy"]) == set(found["mask_source"]) == {"grabcut"}
    for name in ("one-d00", "two-d00"):
        whole = decoded(found.loc[name])
        assert whole.shape == (90, 120)
        assert (whole & ANIMAL).sum() / (whole | ANIMAL).sum() > 0.95
    assert provenance["counts"] == {
        "boxes": 3,
        "fallback_rate": 0.0,
        "sources": {"grabcut": 3},
        "unreadable_media": 0,
    }
    assert provenance["settings"]["policy"] == "grabcut" and "manifest" not in provenance["settings"]


def test_the_foreground_stays_in_the_padded_box_and_is_measured_in_the_box(batch):
    chain = Chain("isnet_only", isnet=Everything())
    rows, _ = mask.mask_boxes(batch / "batch", *inputs(batch), chain)
    outside = decoded(pd.Series(rows[0]))
    left, top, right, bottom = PADDED
    assert outside[top:bottom, left:right].all() and outside.sum() == (bottom - top) * (right - left)
    assert rows[0]["area_fraction"] == 1
    rows, _ = mask.mask_boxes(batch / "batch", *inputs(batch), Chain("isnet_only", isnet=LeftHalf()))
    assert rows[0]["area_fraction"] == 24 / 48  # of the padded box's 54 columns 27, of which 3 are padding


class Everything:
    def salient(self, image):
        return np.ones(image.shape[:2], bool)


class LeftHalf:
    def salient(self, image):
        found = np.zeros(image.shape[:2], bool)
        found[:, : image.shape[1] // 2] = True
        return found


def inputs(folder):
    return tables.read(folder / "media.parquet", "media"), tables.read(folder / "detections.parquet", "detections")


def test_the_same_input_gives_the_same_bytes(batch):
    run(batch, policy="grabcut")
    first = (batch / "masks.parquet").read_bytes()
    run(batch, policy="grabcut")
    assert (batch / "masks.parquet").read_bytes() == first


def test_none_opens_no_picture(batch):
    (batch / "batch" / "one.png").unlink()
    found, provenance = run(batch, policy="none")
    assert found["rle"].isna().all() and set(found["mask_source"]) == {"unmasked"}
    assert (found["area_fraction"] == 1).all() and (found["width"] == 120).all()
    assert provenance["counts"]["fallback_rate"] == 0 and provenance["counts"]["unreadable_media"] == 0


def test_a_picture_that_can_no_longer_be_read_leaves_its_boxes_unmasked(batch):
    (batch / "batch" / "one.png").write_bytes(b"not a picture")
    found, provenance = run(batch, policy="grabcut")
    assert found.loc["one-d00", "mask_source"] == "unmasked" and found.loc["one-d00", "height"] == 90
    assert found.loc["two-d00", "mask_source"] == "grabcut"
    assert provenance["counts"]["unreadable_media"] == 1
    assert provenance["counts"]["fallback_rate"] == pytest.approx(1 / 3, abs=1e-4)


def test_slivers_and_boxes_without_pixels_are_unmasked(tmp_path):
    scenes.save(tmp_path / "batch" / "one.png", scenes.photograph(ANIMAL))
    found = [scenes.detection("one", 0, 0.5, 0.5, 0.001, 0.3), scenes.detection("one", 1, 1.0, 1.0, 0.0, 0.0)]
    written(tmp_path, [scenes.medium("one"), scenes.medium("bad", status="unreadable", width=None)], found)
    masked, provenance = run(tmp_path, policy="grabcut")
    assert set(masked["mask_source"]) == {"unmasked"} and masked["rle"].isna().all()
    assert provenance["counts"]["fallback_rate"] == 1


@pytest.mark.parametrize("policy", ["none", "grabcut"])
def test_an_empty_batch_gives_an_empty_table(tmp_path, policy):
    written(tmp_path, [], [])
    found, provenance = run(tmp_path, policy=policy)
    assert len(found) == 0 and provenance["counts"]["boxes"] == 0


def test_models_are_loaded_verified_and_recorded(batch, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    from masking import tiny_models
    from segment_anything import sam_model_registry

    monkeypatch.setitem(sam_model_registry, "vit_b", tiny_models.tiny_sam)
    weights = [tiny_models.sam_weights(tmp_path / "s.pth"), tiny_models.isnet_weights(tmp_path / "i.onnx")]
    everything = {"points_per_side": 2, "pred_iou_thresh": -9, "stability_score_thresh": 0}
    found, provenance = run(batch, weights, policy="union_coverage", theta=0.1, generator=everything)
    assert set(found["mask_source"]) <= {"union_coverage", "predictor_center_box", "isnet_only"}
    assert found["rle"].notna().all()
    assert [model["name"] for model in provenance["models"]] == ["sam_vit_b", "isnet-general-use"]
    assert provenance["models"][0]["sha256"] == weights[0].sha256
    bright, _ = run(batch, weights[1:], policy="isnet_only")
    inside = decoded(bright.loc["one-d00"])
    assert (inside & ANIMAL).sum() / (inside | ANIMAL).sum() > 0.6  # the orange stripes are the brighter part


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"policy": "grabcutt"}, "did you mean 'grabcut'"),
        ({"policy": "union_iou"}, "needs the weights of sam_vit_b, sam_vit_l or sam_vit_h and isnet-general-use"),
        ({"policy": "grabcut", "theta": 0.3}, "grabcut has no theta"),
        ({"policy": "grabcut", "paddding": 0.1}, "did you mean 'padding'"),
    ],
)
def test_mistaken_settings_are_one_clear_sentence(batch, settings, message):
    with pytest.raises(PolicyError, match=message):
        run(batch, **settings)


def test_settings_of_other_stages_are_no_mistake(batch):
    found, _ = run(batch, policy="none", fill=255, sam=None, isnet=None)
    assert len(found) == 3
