"""Supervised classification: its optimiser, and what it embeds."""

import numpy as np
import pytest
import torch
from learning import crop_tables

from pugmark import methods
from pugmark.learning import classification, crops
from pugmark.learning.run import Run

SMALL = {"backbone": "timm/test_resnet", "weights": None, "height": 32, "width": 32, "features": 8, "batch": 4}


@pytest.fixture
def seen(tmp_path, monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    table, labels, split = crop_tables.rows(individuals=2, frames=4)
    crop_tables.write(tmp_path, table, labels, split)
    return crops.read_split(tmp_path / "batches", split, 255)


def learner(seen, **settings):
    torch.manual_seed(0)
    params = methods.resolve("resnet50", SMALL | settings)
    return classification.Classification(seen, params, Run(1), classification.encoder(params))


def test_the_backbone_learns_slowly_and_the_rest_fast_with_nesterov_and_decay(seen):
    made = learner(seen, lr=0.5, lr_backbone=0.25, weight_decay=0.125)
    pretrained, new = made.optimiser.param_groups
    body = {id(parameter) for parameter in made.model[0].backbone.parameters()}
    assert {id(parameter) for parameter in pretrained["params"]} == body
    assert len(pretrained["params"]) + len(new["params"]) == len(list(made.model.parameters()))
    for group, rate in ((pretrained, 0.25), (new, 0.5)):
        found = [group[name] for name in ("lr", "momentum", "nesterov", "weight_decay")]
        assert found == [rate, 0.9, True, 0.125]


def test_a_step_of_the_optimiser_by_hand(seen):
    """Nesterov's first step: the gradient with decay, once for itself and 0.9 for the momentum to come."""
    made = learner(seen, lr=0.5, weight_decay=0.125)
    weight = made.model[1].weight
    before, weight.grad = weight.detach().clone(), torch.ones_like(weight)
    made.optimiser.step()
    torch.testing.assert_close(weight.detach(), before - 0.5 * 1.9 * (1 + 0.125 * before))


def test_the_rate_falls_to_a_tenth_after_two_thirds_of_the_epochs(seen):
    made, rates = learner(seen, epochs=6, lr=1.0, lr_backbone=0.1), []
    for _ in range(6):
        rates.append([group["lr"] for group in made.optimiser.param_groups])
        made.optimiser.step()
        made.after_epoch()
    assert np.array(rates).ravel() == pytest.approx([0.1, 1.0] * 4 + [0.01, 0.1] * 2)


def one_sided(seen, mirrored=False):
    """The same crops, their right half black, or the mirror images of these."""
    made = seen.take(range(len(seen)))

    def image(index, size=None):
        pixels = np.array(seen.image(index, size))
        pixels[:, pixels.shape[1] // 2 :] = 0
        return np.ascontiguousarray(pixels[:, ::-1]) if mirrored else pixels

    made.image = image
    return made


@pytest.mark.parametrize("name", ["resnet50", "densenet121"])
def test_flip_0_keeps_the_mirror_image_out_of_the_vector(seen, name):
    apart = {}
    for flip in (0.0, 0.5):
        params = methods.resolve(name, SMALL | {"flip": flip})
        torch.manual_seed(0)
        state = {"model": classification.encoder(params).state_dict()}
        left, right = (methods.load(name).embed(one_sided(seen, side), params, state) for side in (False, True))
        apart[flip] = np.abs(left - right).max()
    assert apart[0.5] < 0.01 < 0.05 < apart[0.0]  # both sides are in the sum, in whatever order
