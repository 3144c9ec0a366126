"""Grad-CAM against a hand-worked example, and where its maps come from."""

import pytest
import torch
from torch import nn

from pugmark.learning import gradcam
from pugmark.learning.backbones import Average, Backbone, backbone


class Plain(nn.Module):
    """A backbone and nothing else."""

    def __init__(self, body):
        super().__init__()
        self.backbone = body

    def forward(self, images):
        return self.backbone(images)


def test_the_weights_are_the_mean_gradients_and_what_speaks_against_is_cut():
    # The maps are the image itself. Its vector is v = (1, 1, 0), and t = (1, 0, 0): the gradient of the cosine,
    # t / |v| - cos v / |v|^2, is (1, -1, 0) / (2 sqrt 2), so that the map is the first channel less the second.
    images = torch.tensor([[[[2.0, 2.0], [0.0, 0.0]], [[0.0, 2.0], [2.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]])
    network = Plain(Backbone(nn.Identity(), Average(), 3))
    heat = gradcam.heat(network, images, torch.tensor([[1.0, 0.0, 0.0]]))
    torch.testing.assert_close(heat, torch.tensor([[[1.0, 0.0], [0.0, 0.0]]]))


def test_cam_sums_weighted_maps():
    maps = torch.tensor([[[[1.0, 2.0]], [[3.0, 1.0]]]])
    gradients = torch.tensor([[[[0.0, 2.0]], [[-1.0, 0.0]]]])  # means 1 and -0.5
    torch.testing.assert_close(gradcam.cam(maps, gradients), torch.tensor([[[0.0, 1.5]]]))


def test_a_heat_of_nothing_stays_nothing_and_all_others_reach_one():
    found = gradcam.upon(torch.tensor([[[0.0, 0.0]], [[1.0, 4.0]]]), (2, 4))
    assert found.shape == (2, 2, 4) and found[0].max() == 0 and found[1].max() == 1
    torch.testing.assert_close(found[1, 0, [0, 3]], torch.tensor([0.25, 1.0]))


@pytest.mark.parametrize("name", ["resnet18", "timm/test_resnet", "timm/test_convnext"])
@pytest.mark.parametrize("frozen", [False, True])
def test_networks_of_either_library_are_explained_and_left_as_they_were(name, frozen):
    torch.manual_seed(0)
    network = Plain(backbone(name)).train().requires_grad_(not frozen)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    images = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        heat = gradcam.heat(network, images, torch.randn(2, network.backbone.size))
    assert heat.shape == (2, 64, 96) and heat.min() >= 0 and heat.max() <= 1 and not heat.requires_grad
    assert heat.amax((1, 2)).min() > 0.5
    assert network.training and not images.requires_grad
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert not [part for part in network.modules() if part._forward_pre_hooks]


def test_an_image_is_explained_by_itself_whatever_the_others_are():
    torch.manual_seed(0)
    network, images = Plain(backbone("timm/test_resnet")), torch.randn(3, 3, 64, 64)
    towards = torch.randn(3, network.backbone.size)
    together = gradcam.heat(network, images, towards)
    torch.testing.assert_close(gradcam.heat(network, images[1:2], towards[1:2])[0], together[1], atol=1e-4, rtol=0)


def test_tokens_lie_in_the_grid_of_the_patches_behind_the_class_token():
    tokens = torch.arange(7.0).view(1, 7, 1)
    cut = nn.Conv2d(3, 1, 16, 12)
    # Patches of 16 pixels every 12: two below each other in 28 pixels, three side by side in 40.
    assert gradcam.in_grid(tokens, cut, (28, 40)).tolist() == [[[[1, 2, 3], [4, 5, 6]]]]


def test_a_transformer_is_explained_by_its_tokens():
    torch.manual_seed(0)
    network = Plain(backbone("timm/test_vit"))
    heat = gradcam.heat(network, torch.randn(2, 3, 160, 160), torch.randn(2, network.backbone.size))
    assert heat.shape == (2, 160, 160) and heat.min() >= 0 and heat.amax((1, 2)).min() > 0.5
    assert not [part for part in network.modules() if part._forward_hooks]


def test_what_has_neither_maps_nor_tokens_is_refused():
    network = Plain(Backbone(nn.Flatten(), nn.Identity(), 12))
    with pytest.raises(gradcam.ExplainError, match="no feature maps and no tokens"):
        gradcam.heat(network, torch.ones(1, 3, 2, 2), torch.ones(1, 12))


def test_energy_is_the_share_on_the_animal():
    heats = torch.tensor([[[1.0, 3.0]], [[0.0, 0.0]]])
    found = gradcam.energy(heats, torch.tensor([[[0.0, 1.0]], [[1.0, 1.0]]]))
    assert found[0] == 0.75 and found[1].isnan()
