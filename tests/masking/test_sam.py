"""The true loading and prompting code of Segment Anything, on a tiny model of its architecture and file format."""

import numpy as np
import pytest
import torch
from masking import scenes, tiny_models
from segment_anything import SamAutomaticMaskGenerator, SamPredictor, sam_model_registry

from pugmark.masking import sam
from pugmark.weights import Weights, WeightsError

EVERYTHING = {"points_per_side": 3, "pred_iou_thresh": -9.0, "stability_score_thresh": 0.0, "box_nms_thresh": 0.99}
BOX = (30, 15, 90, 75)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def weights(tmp_path, monkeypatch):
    monkeypatch.setitem(sam_model_registry, "vit_b", tiny_models.tiny_sam)
    return tiny_models.sam_weights(tmp_path / "sam_vit_b.pth")


@pytest.fixture
def image():
    return scenes.photograph(scenes.disc())


def library_predictor(weights):
    model = tiny_models.tiny_sam()
    model.load_state_dict(torch.load(weights.path, weights_only=True))
    return SamPredictor(model.eval())


def test_a_box_prompt_is_the_librarys_for_the_box_and_its_centre(weights, image):
    predictor = library_predictor(weights)
    predictor.set_image(image)
    masks, _, _ = predictor.predict(np.array([[60.0, 45.0]]), np.ones(1), np.array(BOX, float), multimask_output=False)
    found = sam.Sam(weights).embed(image).prompt(BOX)
    assert found.any() and not found.all()
    np.testing.assert_array_equal(found, masks[0][15:75, 30:90])


@pytest.mark.parametrize("layers", [0, 1])
def test_everything_is_the_librarys_cut_to_the_box(weights, image, layers):
    options = EVERYTHING | {"crop_n_layers": layers, "crop_nms_thresh": 0.99}
    generator = SamAutomaticMaskGenerator(library_predictor(weights).model, **options)
    expected = [found["segmentation"][15:75, 30:90] for found in generator.generate(image)]
    found = sam.Sam(weights, options).embed(image).masks(BOX)
    assert len(found) > 1
    np.testing.assert_array_equal(np.stack(found), np.stack([mask for mask in expected if mask.any()]))


def test_one_embedding_serves_everything_and_all_boxes(weights, image):
    model = sam.Sam(weights, EVERYTHING)
    embedded = []
    model.predictor.model.image_encoder.register_forward_hook(lambda *_: embedded.append(1))
    picture = model.embed(image)
    before = picture.prompt(BOX)
    picture.masks(BOX)
    picture.masks((0, 0, 120, 90))
    np.testing.assert_array_equal(picture.prompt(BOX), before)
    assert len(embedded) == 1
    model.embed(image)
    assert len(embedded) == 2


def test_a_large_picture_is_shrunk_and_its_masks_have_the_boxs_own_size(weights):
    image = np.tile(scenes.photograph(scenes.disc()), (20, 20, 1))  # 1800 x 2400
    model = sam.Sam(weights)
    picture = model.embed(image)
    assert model.predictor.original_size == (1500, 2000)
    box = (601, 303, 1803, 1206)
    found = picture.prompt(box)
    assert found.shape == (903, 1202)
    masks, _, _ = model.predictor.predict(
        np.array([[1202, 754.5]]) * 1500 / 1800, np.ones(1), np.array(box) * 1500 / 1800, multimask_output=False
    )
    assert abs(found.mean() - masks[0][253:1005, 501:1502].mean()) < 0.01


def test_weights_that_are_a_pickle_are_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sam_model_registry, "vit_b", tiny_models.tiny_sam)
    torch.save({"anything": Weights("a", tmp_path, "", "", True)}, tmp_path / "sam.pth")
    with pytest.raises(WeightsError, match="could run code"):
        sam.Sam(Weights("sam_vit_b", tmp_path / "sam.pth", "", "", True))


@pytest.mark.parametrize("name", ["vit_b", "vit_l", "vit_h"])
def test_the_manifests_names_are_the_registrys(name):
    assert name in sam_model_registry
