"""The fallback chain, step by step, on stubs of the models."""

import numpy as np
import pytest

from pugmark.masking.chain import POLICIES, Chain, PolicyError

BOX = (2, 1, 22, 11)
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
        return lambda _: (self.asked.append(name), self.found[name])[1]


def run(policy, model, sam=True, isnet=True, **thresholds):
    chain = Chain(policy, model if sam else None, model if isnet else None, **thresholds)
    return chain.mask(chain.picture(PIXELS), BOX)


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


def test_then_the_salient_part_then_nothing():
    mask, source = run("union_iou", Model(part(1), [~part(1)]))
    np.testing.assert_array_equal(mask, part(1))
    assert source == "isnet_only"
    speck = NOTHING.copy()
    speck[0, 0] = True  # half a per cent
    assert run("union_iou", Model(speck, [~part(1)])) == (None, "unmasked")


def test_steps_without_their_model_are_skipped():
    model = Model(part(5), [], NOTHING)
    assert run("predictor_center_box", model, isnet=False) == (None, "unmasked")
    assert model.asked == ["embed", "prompt"]
    assert run("isnet_only", Model(NOTHING, [], part(5)), sam=False) == (None, "unmasked")
    assert run("isnet_only", Model(NOTHING, [], part(5)))[1] == "predictor_center_box"


def test_each_model_is_asked_once_per_box_and_embeds_once_per_picture():
    model = Model(part(1), [~part(1)])
    chain = Chain("union_iou", model, model)
    picture = chain.picture(PIXELS)
    chain.mask(picture, BOX)
    chain.mask(picture, BOX)
    assert sorted(model.asked) == ["embed", "masks", "masks", "prompt", "prompt", "salient", "salient"]


@pytest.mark.parametrize(("rows", "usable"), [(0, False), (1, True), (99, True), (100, False)])
def test_grabcut_that_finds_nothing_or_everything_falls_to_unmasked(monkeypatch, rows, usable):
    found = np.arange(100)[:, None] < np.full(20, rows)
    monkeypatch.setattr("pugmark.masking.chain.grabcut", lambda *_: found)
    mask, source = run("grabcut", None)
    assert (source, mask is found) == (("grabcut", True) if usable else ("unmasked", False))


def test_grabcut_without_a_mask_falls_back_on_the_models_that_are_there():
    sliver = Chain("grabcut", None, Model(part(5)))
    assert sliver.mask(sliver.picture(PIXELS), (0, 0, 24, 3))[1] == "isnet_only"
    alone = Chain("grabcut")
    assert alone.mask(alone.picture(PIXELS), (0, 0, 24, 3)) == (None, "unmasked")


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
