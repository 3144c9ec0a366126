"""Learned key points: files as their authors publish them, random networks of the published architecture inside."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from rerankers import known

from pugmark import rerankers
from pugmark.keypoints import extract, learned, table
from pugmark.learning.backbones import BackboneError
from pugmark.masking import rle
from pugmark.rerankers import lightglue
from pugmark.weights import Weights

SETTINGS = {"side": 96, "most": 50}
PARAMS = rerankers.resolve("lightglue", {"most": known.SLOTS})


def weights(folder, state):
    torch.save(state, folder / "mine.pth")
    return Weights("mine", folder / "mine.pth", "0" * 64, "none", True)


@pytest.fixture(scope="module")
def picture():
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 60, 3), np.uint8)).save(content, "JPEG")
    return content.getvalue()


def state_of(features):
    torch.manual_seed(0)
    state = learned.NETWORKS[features]().state_dict()
    return {"extractor": state, "step": 9} if features == "disk" else state  # as the authors' files are built


@pytest.mark.parametrize("features", ["disk", "aliked"])
def test_a_published_file_is_read_and_its_key_points_are_kept_like_any(features, picture, tmp_path):
    settings = SETTINGS | {"features": features}
    finder = extract.finder(settings, {"mine": weights(tmp_path, state_of(features))})
    places, descriptors = extract.of_crop(picture, None, settings, finder)
    assert len(places) == 50 and places.max(0)[0] <= 60 / 90 and 0.7 < places[:, 1].max() <= 1
    assert descriptors.dtype == np.uint8 and descriptors.shape == (50, 256)
    lengths = np.linalg.norm(descriptors.view(np.float16).astype(float), axis=1)
    assert np.allclose(lengths, 1, atol=0.01) and finder.seen(np.ones(3)).tolist() == [1, 1, 1]
    inside = np.zeros((90, 60), bool)
    inside[:30] = True
    masked, _ = extract.of_crop(picture, rle.encode(inside), settings, finder)
    assert len(masked) and masked[:, 1].max() * 90 < 30
    row = table.row("a", places, descriptors, 50)
    kept = table.stacked([known.Row(row)], 50)
    assert np.array_equal(kept.descriptors[0], descriptors)


def test_places_are_those_of_the_network_and_the_strongest_come_first(picture, tmp_path):
    finder = learned.Finder("disk", weights(tmp_path, state_of("disk")))
    pixels = np.asarray(Image.open(io.BytesIO(picture)))
    places, _, strength = finder.find(pixels)
    with torch.inference_mode():
        images = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255
        (whole,) = finder.network(images, pad_if_not_divisible=True)
    assert np.array_equal(places, whole.keypoints.numpy()) and np.array_equal(strength, whole.detection_scores.numpy())
    kept, _ = extract.of_crop(picture, None, SETTINGS | {"side": 90, "most": 3}, finder)
    best = whole.keypoints[whole.detection_scores.argsort(descending=True, stable=True)[:3]]
    assert np.allclose(kept * 90, best.numpy())


def test_a_file_of_another_network_is_refused(tmp_path):
    with pytest.raises(BackboneError, match=r"Weights mine .* do not fit"):
        learned.Finder("aliked", weights(tmp_path, state_of("disk")))


def published(state):
    """The keys of the authors' LightGlue: kinds of attention numbered apart, no thresholds."""
    names = {f"transformers.0.{kind}_attn.": f"{kind}_attn.0." for kind in ("self", "cross")}
    for ours, theirs in names.items():
        state = {key.replace(ours, theirs): value for key, value in state.items()}
    return {key: value for key, value in state.items() if key != "confidence_thresholds"}


def points(seed=0):
    """Two pictures of one coat, the second moved, and one of another: float16 descriptors of 24 key points each."""
    random, rows = np.random.default_rng(seed), []
    coats = [random.standard_normal((24, 128)) for _ in range(2)]
    places = random.random((24, 2)).astype(np.float32)
    for at, coat in enumerate((coats[0], coats[0], coats[1])):
        unit = (coat / np.linalg.norm(coat, axis=1, keepdims=True) * 40).astype(np.float16)
        rows.append(known.Row(table.row(f"c{at}", 0.9 * places + np.float32(0.05 * at), unit.view(np.uint8), 32)))
    return table.stacked(rows, 32)


def test_lightglue_matches_like_to_like_and_the_map_counts_them(tmp_path):
    matcher = learned.Matcher(weights(tmp_path, published(known.like_to_like())), 0.1)
    seen = points()
    left, right = matcher.matches(seen, 0, 1, 512)
    assert np.array_equal(left, np.arange(24)) and np.array_equal(right, left)
    counts = matcher.agreeing(seen, 0, np.array([1, 2]), np.arange(3), PARAMS)
    assert counts.tolist() == [24, 0]
    for empty in ([1], [0], [0, 1]):
        seen = points()
        seen.number[empty] = 0
        assert matcher.agreeing(seen, 0, np.array([1]), np.arange(3), PARAMS).tolist() == [0]


def test_few_confident_matches_are_no_evidence(tmp_path):
    strict = learned.Matcher(weights(tmp_path, known.like_to_like()), 0.9999)
    assert len(strict.matches(points(), 0, 1, 512)[0]) < 24


def test_a_crop_that_shows_the_coat_rises_over_its_cosine():
    crops = rerankers.Crops(np.array(["a", "b", "c"], object), np.ones((3, 1), np.float32), points())
    rescore = lightglue.prepare(crops, PARAMS, known.weights())
    found = rescore(0, np.array([1, 2]), np.array([0.5, 0.7], np.float32))
    assert found[0] == pytest.approx(0.5 + 0.5 * 24 / 32) and found[1] == np.float32(0.7)
