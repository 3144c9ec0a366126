"""Feature-aware noise: which pixels become black, and that looking changes nothing."""

import numpy as np
import pytest
import torch

from pugmark.learning import fana
from pugmark.learning.backbones import backbone
from pugmark.learning.transforms import normalise


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return backbone("resnet18")


def pictures(count=2, height=32, width=48):
    raw = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (count, 3, height, width), np.uint8))
    return normalise(raw)


@pytest.mark.parametrize("area", [0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 1.0])
def test_the_region_has_exactly_the_pixels_asked_for(area):
    for maps in (torch.rand(3, 17, 23), torch.zeros(3, 17, 23)):  # also where all are equal
        assert fana.region(maps, area).sum((1, 2)).tolist() == [round(area * 17 * 23)] * 3


def test_regions_are_the_highest_pixels_and_nested():
    maps = torch.rand(2, 8, 8).round(decimals=1)  # with ties
    small, large = fana.region(maps, 0.1), fana.region(maps, 0.3)
    assert (large | ~small).all()
    for one, chosen in zip(maps, large, strict=True):
        assert one[chosen].min() >= one[~chosen].max()


def test_the_region_lies_on_the_animal_alone():
    maps = torch.tensor([[[9.0, 9, 9, 9], [1, 2, 3, 4], [5, 6, 7, 8]]])
    animal = torch.tensor([[[False] * 4, [True] * 4, [True] * 4]])
    assert fana.region(maps, 0.25, animal).nonzero().tolist() == [[0, 2, 2], [0, 2, 3]]
    assert fana.region(maps, 1.0, animal).equal(animal)
    assert not fana.region(maps, 0.5, torch.zeros_like(animal)).any()


def test_each_picture_has_its_own_share():
    maps, animal = torch.rand(2, 10, 10), torch.ones(2, 10, 10, dtype=torch.bool)
    animal[1, 5:] = False
    assert fana.region(maps, 0.2, animal).sum((1, 2)).tolist() == [20, 10]


def test_of_equal_pixels_the_first_count():
    found = fana.region(torch.tensor([[[1.0, 2, 1], [2, 1, 2]]]), 4 / 6)
    assert found.tolist() == [[[True, True, False], [True, False, True]]]


def test_a_region_is_carried_to_the_view_by_hand():
    """The view shows the picture mirrored, one row lower, with padding on top."""
    region = torch.tensor([[[True, False], [False, True]]])
    places = torch.tensor([[[-1, -1], [1, 0]]], dtype=torch.int32)
    assert fana.carried(region, places).tolist() == [[[False, False], [False, True]]]


def test_no_area_leaves_the_image_bit_for_bit(network):
    images = pictures()
    region = fana.region(fana.activation(network, images, "conv1"), 0.0)
    assert torch.equal(fana.noised(images, region), images)


def test_noise_is_black_and_all_else_is_kept():
    images, region = pictures(), torch.zeros(2, 32, 48, dtype=torch.bool)
    region[:, 3:9, 5:7] = True
    noised = fana.noised(images, region)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    raw = noised * std.view(3, 1, 1) + mean.view(3, 1, 1)
    everywhere = region[:, None].expand_as(raw)
    torch.testing.assert_close(raw[everywhere], torch.zeros(everywhere.sum()), atol=1e-6, rtol=0)
    assert torch.equal(noised[~everywhere], images[~everywhere])


def test_density_blackens_a_share_of_the_region():
    torch.manual_seed(0)
    images, region = torch.ones(1, 3, 100, 100), torch.zeros(1, 100, 100, dtype=torch.bool)
    region[:, :50] = True
    black = (fana.noised(images, region, 0.4) != 1).any(1)
    assert not black[:, 50:].any() and 0.37 < black[:, :50].float().mean() < 0.43


def test_activation_by_hand(network):
    images = pictures()
    network.train()
    expected = torch.relu(network.body.conv1(images)).mean(1, keepdim=True)
    expected = torch.nn.functional.interpolate(expected, (32, 48), mode="bilinear")[:, 0]
    torch.testing.assert_close(fana.activation(network, images, "conv1"), expected.detach())


@pytest.mark.parametrize("layer", ["conv1", "bn1", "layer4.1.conv2", "layer4.1.bn2"])
def test_looking_has_no_gradient_and_leaves_the_network_as_it_was(network, layer):
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = fana.activation(network, pictures(), layer)
    assert found.shape == (2, 32, 48) and not found.requires_grad and (found >= 0).all()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(module.training for module in network.modules())


def test_an_unknown_layer_is_named():
    with pytest.raises(fana.FanaError, match="no layer 'conv9'"):
        fana.activation(backbone("resnet18"), pictures(), "conv9")
