"""TransReID: overlapping patches, the jigsaw, and stations."""

import numpy as np
import pytest
import timm
import torch
from learning import crop_tables
from methods import small

from pugmark.learning import backbones, crops, patches, sided, transforms
from pugmark.learning import run as runs
from pugmark.methods import transreid


@pytest.fixture
def seen(tmp_path):
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    split["station"] = ["west", "east", None] * 4
    crop_tables.write(tmp_path, table, labels, split)
    return crops.read_split(tmp_path / "batches", split, 255)


def made(stations=0, **settings):
    torch.manual_seed(0)
    params = small.params("transreid", {"backbone": "timm/test_vit", "height": 64, "width": 88} | settings)
    return transreid.necked(params, stations).eval()


def test_patches_overlap_and_places_are_kept():
    whole = made().backbone.body.whole
    with pytest.raises(AssertionError):
        whole.embedded(torch.zeros(1, 3, 88, 64))
    tokens = whole.embedded(torch.randn(2, 3, 64, 88))
    assert tokens.shape[:2] == (2, 1 + 5 * 7)  # (64 - 16) / 12 + 1 by (88 - 16) / 12 + 1
    # With patches side by side, in the colours it learned with, it is timm's own network.
    apart = made(patch_stride=16, height=160, width=160, colours="imagenet").backbone.body.whole
    own = timm.create_model("test_vit", num_classes=0).eval()
    own.load_state_dict(apart.vit.state_dict())
    images = torch.randn(1, 3, 160, 160)
    last = apart.vit.norm(apart.vit.blocks[-1](apart.before_last(apart.embedded(images))))
    torch.testing.assert_close(last, own.forward_features(images), atol=1e-5, rtol=1e-4)


def test_the_network_sees_the_colours_that_it_learned_with():
    whole, seen = made(colours="half").backbone.body.whole, []
    whole.vit.patch_embed.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    pixels = torch.rand(1, 3, 64, 88)
    whole.embedded(transforms.normalise(pixels * 255))
    torch.testing.assert_close(seen[0], (pixels - 0.5) / 0.5, atol=1e-5, rtol=0)


def test_the_triplet_loss_has_a_soft_margin(seen):
    params = small.params("transreid")
    learner = transreid.Learner(seen, params, runs.Run(1), transreid.necked(params, 0), np.full(12, -1))
    # The farthest of the same label is 2 away, the nearest of the other 3 and 1.
    vectors, labels = torch.tensor([[0.0], [2.0], [3.0]]), torch.tensor([0, 0, 1])
    expected = (np.log1p(np.exp(2 - 3)) + np.log1p(np.exp(2 - 1)) + np.log1p(np.exp(0 - 1))) / 3
    assert learner.triplet(vectors, labels).item() == pytest.approx(expected, rel=1e-4)


def test_other_networks_are_refused():
    for name in ("resnet18", "timm/test_resnet"):
        with pytest.raises(backbones.BackboneError, match="no vision transformer of timm with one class token"):
            made(backbone=name)


def test_paths_are_dropped_more_often_deeper():
    own = sided.encoder(small.params("base_vit", {"drop_path": 0.2})).backbone.body.blocks
    for blocks in (made(drop_path=0.2).backbone.body.whole.vit.blocks, own):
        rates = [block.drop_path1.drop_prob for block in blocks]
        assert rates == pytest.approx(np.linspace(0, 0.2, len(blocks)))
    with pytest.raises(backbones.BackboneError, match="has no blocks to skip"):
        sided.encoder(small.params("base_vit", {"drop_path": 0.2, "backbone": "timm/test_resnet", "pool": "gap"}))


@pytest.mark.parametrize(
    ("count", "shift", "groups", "order"),
    [
        (6, 0, 1, [0, 1, 2, 3, 4, 5]),
        (6, 2, 1, [2, 3, 4, 5, 0, 1]),
        (6, 0, 2, [0, 3, 1, 4, 2, 5]),
        (6, 2, 2, [2, 5, 3, 0, 4, 1]),
        (5, 0, 2, [0, 3, 1, 4, 2]),  # none twice and none lost
        (5, 7, 3, [2, 4, 1, 3, 0]),
    ],
)
def test_patches_are_shifted_and_shuffled(count, shift, groups, order):
    assert transreid.shuffled(count, shift, groups).tolist() == order


def test_a_local_vector_comes_from_its_own_patches():
    network = made().backbone.body
    inputs = []
    network.last.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    images = torch.randn(2, 3, 64, 88)
    vectors = network(images)
    assert vectors.shape == (2, 5, 64) and [part.shape[1] for part in inputs] == [10, 10, 10, 9]
    tokens = network.whole.before_last(network.whole.embedded(images))
    assert all(torch.equal(part[:, 0], tokens[:, 0]) for part in inputs)
    order = transreid.shuffled(35, 5, 2)
    torch.testing.assert_close(torch.cat([part[:, 1:] for part in inputs], 1), tokens[:, 1:][:, order])
    expected = network.norm(network.last(inputs[2]))[:, 0]
    torch.testing.assert_close(vectors[:, 3], expected)
    whole = network.whole.vit.norm(network.whole.vit.blocks[-1](tokens))[:, 0]
    torch.testing.assert_close(vectors[:, 0], whole)


def test_a_station_shifts_all_tokens_and_an_unknown_one_none():
    network, images = made(stations=2).backbone.body, torch.randn(3, 3, 64, 88)
    seen = []
    network.whole.vit.blocks[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(images, torch.tensor([1, -1, 0]))
    network(images)
    shift = seen[0] - seen[1]
    torch.testing.assert_close(shift[0], 3 * network.stations[1].expand(36, -1), atol=1e-6, rtol=1e-4)
    assert shift[1].abs().max() == 0 and not torch.equal(shift[0], shift[2])


def test_vectors_depend_on_known_stations_alone(seen):
    params = small.params("transreid", {"epochs": 1})
    state = transreid.fit(seen, params, runs.Run(1))
    assert state["stations"] == ["east", "west"]
    assert transreid.numbered(seen, state["stations"]).tolist() == [1, 0, -1] * 4
    vectors = transreid.embed(seen, params, state)
    moved = seen.take(np.arange(12))
    moved.meta["station"] = ["north", "north", None] * 4
    elsewhere = transreid.embed(moved, params, state)
    same = np.isclose(vectors, elsewhere, atol=1e-6).all(1)
    assert same.tolist() == [False, False, True] * 4
    off = transreid.fit(seen, params | {"station_weight": 0.0}, runs.Run(1))
    assert off["stations"] == [] and off["model"]["body.backbone.body.stations"].numel() == 0


def test_each_station_learns_from_its_own_pictures(seen):
    params = small.params("transreid")
    trained = transreid.necked(params, 3)
    stations = transreid.numbered(seen, ["east", "north", "west"])
    learner = transreid.Learner(seen, params, runs.Run(1), trained, stations)
    learner.model.train()
    height, width = params["height"], params["width"]
    learner.loss(torch.randn(6, 3, height, width), torch.arange(6)).backward()
    learned = trained.backbone.body.stations.grad.abs().sum((1, 2))
    assert learned[0] > 0 and learned[2] > 0 and learned[1] == 0


def test_local_vectors_count_as_much_as_their_mean(seen):
    params = small.params("transreid")
    trained = transreid.necked(params, 0).eval()
    images = torch.randn(2, 3, params["height"], params["width"])
    whole, *local = trained(images)
    expected = torch.cat((whole, *[part / 4 for part in local]), 1)
    torch.testing.assert_close(transreid.Laid(trained.backbone)(images), expected)
    learner = transreid.Learner(seen, params, runs.Run(1), trained, np.full(12, -1))
    assert learner.shares == ((0.5, 0.5), *[(0.125, 0.125)] * 4)


def test_the_rate_warms_up_and_follows_a_cosine():
    factors = [patches.warmed(epoch, 120) for epoch in (0, 1, 4, 5, 60, 120)]
    assert factors == pytest.approx([0.01, 0.208, 0.802, 0.99573, 0.501, 0.002], abs=1e-5)


def test_biases_learn_twice_as_fast(seen):
    params = small.params("transreid", {"lr": 0.1})
    learner = transreid.Learner(seen, params, runs.Run(1), transreid.necked(params, 0), np.full(12, -1))
    weights, biases = learner.optimiser.param_groups
    assert biases["initial_lr"] == 2 * weights["initial_lr"] == pytest.approx(0.2)
    assert all(part.ndim < 2 for part in biases["params"]) and len(biases["params"]) > 10
