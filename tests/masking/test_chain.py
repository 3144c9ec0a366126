"""The fallback chain, step by step, on stubs of the models."""

from collections import Counter

import numpy as np
import pytest

from pugmark.masking.chain import POLICIES, Chain, PolicyError

BOX = (2, 1, 22, 11)
DETECTED = (3, 2, 21, 10)
PIXELS = np.zeros((16, 24, 3), np.uint8)
NOTHING = np.zeros((10, 20), bool)


def part(rows):
    mask = NOTHING.copy()
    mask[:rows] = True
    return mask


class Model:
    """Stands for SAM, its embedded image and IS-Net: gives what it is told to, and counts what it is asked."""

    def __init__(self, salient=NOTHING, masks=(), prompted=NOTHING):
        self.found = {"salient": salient, "masks": list(masks), "prompt": prompted}
        self.asked = []

    def embed(self, _):
        self.asked.append("embed")
        return self

    def __getattr__(self, name):
        if name not in ("salient", "masks", "prompt"):
            raise AttributeError(name)
        return lambda asked: self._found(name, asked)

    def _found(self, name, asked):
        self.asked.append(name)
        found = self.found[name]
        other = name == "salient" and asked.shape[:2] != found.shape
        return np.zeros(asked.shape[:2], bool) if other else found


def run(policy, model, sam=True, isnet=True, **thresholds):
    chain = Chain(policy, model if sam else None, model if isnet else None, **thresholds)
    return chain.mask(chain.picture(PIXELS), BOX, DETECTED)


@pytest.mark.parametrize("policy", ["union_iou", "union_coverage", "largest_or_complement"])
def test_the_policy_comes_first(policy):
    mask, source = run(policy, Model(part(5), [part(4)], part(9)))
    np.testing.assert_array_equal(mask, part(4))
    assert source == policy


@pytest.mark.parametrize("policy", ["union_iou", "union_coverage", "largest_or_complement"])
def test_then_the_prompt(policy):
    model = Model(NOTHING, [], part(9))
    mask, source = run(policy, model)
    np.testing.assert_array_equal(mask, part(9))
    assert source == "predictor_center_box"


class Salient:
    """IS-Net on a bright animal: finds what is bright, and counts what it is asked."""

    def __init__(self, blind=()):
        self.blind, self.asked = blind, []

    def salient(self, pixels):
        self.asked.append(pixels.shape[:2])
        return pixels[:, :, 0] > 127 if len(self.asked) not in self.blind else np.zeros(pixels.shape[:2], bool)


def picture(left=10, right=20):
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[12:20, left:right] = 255
    return pixels


def in_contexts(pixels, model, detected=(8, 10, 24, 20)):
    chain = Chain("isnet_contexts", isnet=model)
    return chain.mask(chain.picture(pixels), (6, 8, 26, 22), detected)


def test_two_surroundings_that_agree_make_the_mask_and_no_more_are_asked():
    model = Salient()
    mask, source = in_contexts(picture(), model)
    assert source == "isnet_contexts"
    np.testing.assert_array_equal(mask, picture()[8:22, 6:26, 0] > 127)
    # 16 x 10 pixels, and 5 % or 30 % more on each side: rounded by Python.
    assert model.asked == [(10, 18), (16, 26)]


def test_a_surrounding_that_misses_the_animal_is_outvoted():
    model = Salient(blind=(1, 2))
    assert in_contexts(picture(), model)[1] == "isnet_contexts"
    assert model.asked[2:] == [(22, 34), (30, 40)]  # cut at the edges of the picture


@pytest.mark.parametrize("blind", [(1, 2, 3), (1, 2, 3, 4)])
def test_where_no_two_surroundings_agree_grabcut_is_next(blind):
    assert in_contexts(picture(), Salient(blind))[1] == "grabcut"


@pytest.mark.parametrize(("right", "source"), [(13, "grabcut"), (15, "isnet_contexts"), (17, "isnet_contexts")])
def test_a_scrap_of_the_detected_box_is_no_animal(right, source):
    # 8 x 3, 8 x 5 or 8 x 7 pixels of 160: 15, 25 or 35 %.
    assert in_contexts(picture(10, right), Salient())[1] == source


def test_a_mask_of_the_whole_detected_box_says_nothing():
    assert in_contexts(np.full((30, 40, 3), 255, np.uint8), Salient())[1] == "grabcut"


def test_a_cropped_photograph_is_looked_at_once():
    model, pixels = Salient(), picture()[8:22, 6:26]
    chain, box = Chain("isnet_contexts", isnet=model), (0, 0, 20, 14)
    mask, source = chain.mask(chain.picture(pixels), box, box)
    assert source == "isnet_contexts" and mask.sum() == 80 and len(model.asked) == 1


def test_a_detected_box_outside_the_padded_one_is_passed_over():
    assert in_contexts(picture(), Salient(), (30, 25, 30, 25))[1] != "isnet_contexts"


def test_then_the_surroundings_then_grabcut_then_nothing(monkeypatch):
    bright = picture()
    chain = Chain("predictor_center_box", Model(), Salient())
    assert chain.mask(chain.picture(bright), (6, 8, 26, 22), (8, 10, 24, 20))[1] == "isnet_contexts"
    assert run("union_iou", Model(NOTHING, [], NOTHING), isnet=True)[1] == "grabcut"
    monkeypatch.setattr("pugmark.masking.chain.grabcut", lambda *_: None)
    assert run("union_iou", Model(NOTHING, [], NOTHING)) == (None, "unmasked")


def test_steps_without_their_model_are_skipped():
    model = Model(part(5), [], NOTHING)
    assert run("predictor_center_box", model, isnet=False)[1] == "grabcut"
    assert model.asked == ["embed", "prompt"]
    assert run("isnet_only", Model(NOTHING, [], part(5)), sam=False)[1] == "grabcut"
    assert run("isnet_only", Model(NOTHING, [], part(5)))[1] == "predictor_center_box"


def test_each_model_is_asked_once_per_box_and_embeds_once_per_picture():
    model = Model(part(1), [~part(1)])
    chain = Chain("union_iou", model, model)
    picture = chain.picture(PIXELS)
    chain.mask(picture, BOX, DETECTED)
    chain.mask(picture, BOX, DETECTED)
    # The salient part of the box itself, and of its four surroundings.
    assert Counter(model.asked) == {"embed": 1, "masks": 2, "prompt": 2, "salient": 2 * 5}


@pytest.mark.parametrize(("rows", "usable"), [(0, False), (1, True), (99, True), (100, False)])
def test_grabcut_that_finds_nothing_or_everything_falls_to_unmasked(monkeypatch, rows, usable):
    found = np.arange(100)[:, None] < np.full(20, rows)
    monkeypatch.setattr("pugmark.masking.chain.grabcut", lambda *_: found)
    mask, source = run("grabcut", None)
    assert (source, mask is found) == (("grabcut", True) if usable else ("unmasked", False))


def test_grabcut_without_a_mask_falls_back_on_the_models_that_are_there():
    bright = np.zeros((16, 24, 3), np.uint8)
    bright[:3, 8:16] = 255
    sliver, box = Chain("grabcut", None, Salient()), (0, 0, 24, 3)
    assert sliver.mask(sliver.picture(bright), box, box)[1] == "isnet_contexts"
    alone = Chain("grabcut")
    assert alone.mask(alone.picture(PIXELS), box, box) == (None, "unmasked")


def test_none_asks_nobody():
    model = Model(part(5), [part(5)], part(5))
    assert run("none", model) == (None, "unmasked")
    assert model.asked == []


def test_thresholds_reach_the_policy():
    model = Model(part(5), [part(4)], part(9))
    assert run("union_iou", model, theta=0.8)[1] == "union_iou"
    assert run("union_iou", model, theta=0.81)[1] == "predictor_center_box"
    background = Model(part(3), [~part(3)])
    assert run("largest_or_complement", background, min_area=0.1)[0].sum() == part(3).sum()
    assert run("largest_or_complement", background, min_area=0.3)[0].sum() == (~part(3)).sum()


@pytest.mark.parametrize("policy", [name for name in POLICIES if POLICIES[name].models])
def test_a_policy_without_its_model_is_one_clear_sentence(policy):
    with pytest.raises(PolicyError, match=rf"{policy} needs the weights of .*(sam_vit_b|isnet-general-use)"):
        Chain(policy)


def test_unknown_policies_and_thresholds_are_refused():
    with pytest.raises(PolicyError, match="did you mean 'union_iou'"):
        Chain("union_iuo")
    with pytest.raises(PolicyError, match="union_iou has no min_area"):
        run("union_iou", Model(), min_area=0.2)
