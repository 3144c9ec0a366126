"""AdaFreq: high frequencies, the patches that the second pass sees, and the loss."""

import pytest
import torch
from methods import small
from torch.nn import functional as F

from pugmark.learning import run as runs
from pugmark.learning import transforms
from pugmark.methods import adafreq

NO_BOX = (0, 0, 0, 0)
SIDE = {"height": 64, "width": 64}


def passes(**settings):
    torch.manual_seed(0)
    return adafreq.necked(small.params("adafreq", SIDE | settings)).eval().backbone.body


def shown(images):
    """Pixels of normalised images, from 0 to 1."""
    mean, std = torch.tensor(transforms.MEAN).view(3, 1, 1), torch.tensor(transforms.STD).view(3, 1, 1)
    return images * std + mean


def waves(period, size=64):
    """A grey picture of vertical waves, normalised, 1 x 3 x size x size."""
    row = 0.5 + 0.4 * torch.sin(2 * torch.pi * torch.arange(size) / period)
    return transforms.normalise(255 * row.expand(1, 3, size, size))


def test_a_high_pass_keeps_fine_waves_and_loses_coarse_ones():
    # Coarse waves, 2 across the picture, with fine ones, 16 across, of a fifth of their height.
    pixels = shown(waves(32)) + 0.2 * (shown(waves(4)) - 0.5)
    found = shown(adafreq.high_frequencies(transforms.normalise(255 * pixels), 8.0, NO_BOX))
    assert found.shape == (1, 3, 64, 64)
    torch.testing.assert_close(found[:, 0], found[:, 2])
    assert found.min() == pytest.approx(0, abs=1e-6) and found.max() == pytest.approx(1, abs=1e-6)
    # The share that passes: 1 - exp(-2² / 128) = .03 of the coarse, 1 - exp(-16² / 128) = .86 of the fine.
    low, high = (1 - torch.exp(torch.tensor(-(cycles**2) / 128.0)) for cycles in (2, 16))
    wave = torch.arange(64)
    coarse, fine = torch.sin(2 * torch.pi * wave / 32), torch.sin(2 * torch.pi * wave / 4)
    expected = (low * 0.4 * coarse + high * 0.08 * fine).abs()
    expected = (expected - expected.min()) / (expected.max() - expected.min())
    torch.testing.assert_close(found[0, 0, 0], expected, atol=1e-4, rtol=0)


def test_in_the_box_the_spectrum_stays():
    pictures = torch.randn(2, 3, 32, 48)
    found = shown(adafreq.high_frequencies(pictures, 10.0, (0, 32, 0, 48)))
    grey = (shown(pictures) * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1).abs()
    low, high = grey.amin((1, 2), keepdim=True), grey.amax((1, 2), keepdim=True)
    torch.testing.assert_close(found[:, 0], (grey - low) / (high - low), atol=1e-5, rtol=0)


@pytest.mark.parametrize("box", [NO_BOX, (0, 64, 0, 64)])
def test_an_even_picture_stays_finite(box):
    assert torch.isfinite(adafreq.high_frequencies(torch.full((1, 3, 64, 64), 0.3), 70.0, box)).all()


def test_boxes_lie_in_the_picture_and_take_much_of_it():
    torch.manual_seed(0)
    boxes = torch.tensor([adafreq.random_box(64, 96) for _ in range(300)])
    top, bottom, left, right = boxes.T
    assert boxes.min() == 0 and bottom.max() == 64 and right.max() == 96
    assert (bottom - top).max() > 58 and (right - left).max() > 88
    assert (bottom - top).min() >= 22 and (right - left).min() >= 33  # half of sqrt(1 / 2), at the edge
    assert len(set(top.tolist())) > 10


def test_attention_is_that_of_the_block():
    network = passes()
    block, tokens = network.whole.vit.blocks[-1], torch.randn(2, 9, 64)
    captured = []
    block.attn.fused_attn = False
    block.attn.attn_drop.register_forward_pre_hook(lambda _, given: captured.append(given[0]))
    block(tokens)
    torch.testing.assert_close(adafreq.class_attention(block, tokens), captured[0].mean(1)[:, 0, 1:])


def test_both_passes_see_the_class_first_and_the_same_patches():
    network = passes()
    images, high = torch.randn(2, 3, 64, 64), torch.randn(2, 3, 64, 64)
    given = []
    network.whole.vit.blocks[0].register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    plain, other = network.both(images, high, 0.5)
    assert plain.shape == other.shape == (2, 1 + 12, 64)
    torch.testing.assert_close(plain[:, 0], network(images))
    attention = adafreq.class_attention(
        network.whole.vit.blocks[-1], network.whole.before_last(network.whole.embedded(images))
    )
    chosen, embedded = attention.topk(12, 1).indices, network.whole.embedded(high)
    assert torch.equal(given[1][:, 0], embedded[:, 0])
    for row in range(2):
        assert torch.equal(given[1][row, 1:], embedded[row, 1 + chosen[row]])
    # The same picture twice, with all patches, gives the same tokens.
    plain, other = network.both(images, images, 1.0)
    torch.testing.assert_close(plain, other, atol=1e-5, rtol=1e-4)


def test_the_loss_is_the_weighted_sum(seen, monkeypatch):
    params = small.params("adafreq", SIDE | {"drop_path": 0.0})
    learner = adafreq.Learner(seen, params, runs.Run(1), adafreq.necked(params).eval())
    assert learner.shares == ((0.9, 0.7), (0.1, 0.2))
    images, rows = torch.randn(4, 3, 64, 64), torch.tensor([0, 1, 3, 4])
    torch.manual_seed(5)
    found = learner.loss(images, rows)
    torch.manual_seed(5)
    high = adafreq.high_frequencies(images, params["cutoff"], adafreq.random_box(64, 64))
    plain, other = learner.model["necked"].backbone.body.both(images, high, 0.5)
    apart = learner.told_apart((plain[:, 0], other[:, 0]), learner.model.labels[rows])
    torch.testing.assert_close(found, apart + 0.1 * F.smooth_l1_loss(plain[:, 1:], other[:, 1:]))


def test_vectors_are_those_behind_the_neck_of_the_plain_pass():
    params = small.params("adafreq", SIDE)
    network = adafreq.necked(params).eval()
    network.necks[0].running_mean.fill_(2.0)
    images = torch.randn(2, 3, 64, 64)
    found = adafreq.network(params, {"model": network.state_dict()}).eval()(images)
    torch.testing.assert_close(found, network.necks[0](network.backbone(images)))
