"""The pool of encoded views."""

import numpy as np
import pytest
import torch
from learning import crop_tables

from pugmark.learning import crops, inference, loader, pool, transforms
from pugmark.learning.backbones import backbone


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    table, labels, split = crop_tables.rows(individuals=3, frames=3)
    crop_tables.write(folder, table, labels, split)
    return crops.read_split(folder / "batches", split, 255)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return backbone("timm/test_resnet")


def encoded(network, seen, views=3, seed=1):
    return pool.encode(network, seen, transforms.crop_recipe(32, 32), views, seed)


def test_every_view_is_a_random_view_of_its_crop(seen, network, monkeypatch):
    monkeypatch.setattr(inference, "precision", lambda: torch.float32)
    found, recipe = encoded(network, seen), transforms.crop_recipe(32, 32)
    assert found.shape == (9, 3, 96) and found.dtype == torch.float32
    for index in (0, 8):
        with loader.seeded(1, 0, index):
            images = torch.stack([recipe(seen.image(index)) for _ in range(3)])
        with torch.inference_mode():
            torch.testing.assert_close(found[index], network.eval()(images), atol=1e-4, rtol=1e-3)


def test_encoding_again_gives_the_same_bits_and_leaves_generators_and_network_alone(seen, network, monkeypatch):
    network.train()
    state, before = torch.get_rng_state(), {key: value.clone() for key, value in network.state_dict().items()}
    first = encoded(network, seen)
    assert torch.equal(torch.get_rng_state(), state) and network.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    monkeypatch.setenv("PUGMARK_WORKERS", "2")
    monkeypatch.setattr(pool, "IMAGES", 64)
    assert torch.equal(encoded(network, seen), first)
    assert not torch.equal(encoded(network, seen, seed=2), first)


def test_features_can_be_trained_on(seen, network):
    head = torch.nn.Linear(96, 2)
    head(encoded(network, seen)[:, 0]).sum().backward()
    assert head.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("views", [2, 5])
def test_draws_are_two_different_views_of_the_crops(views):
    features = torch.stack(torch.meshgrid(torch.arange(50.0), torch.arange(float(views)), indexing="ij"), 2)
    order = [list(range(25)), list(range(49, 24, -1))] * 40
    draws = pool.Draws(features, order, np.random.default_rng(0))
    met = set()
    assert len(draws) == 80
    for (first, second, indices), wanted in zip(draws, order, strict=True):
        assert indices.tolist() == first[:, 0].tolist() == second[:, 0].tolist() == wanted
        assert (first[:, 1] != second[:, 1]).all()
        met |= set(zip(first[:, 1].tolist(), second[:, 1].tolist(), strict=True))
    assert len(met) == views * (views - 1)
