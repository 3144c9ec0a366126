"""PCB: its stripes and classifiers."""

import pytest
import torch
from torch.nn import functional as F

from pugmark import methods
from pugmark.methods import pcb

SMALL = {"backbone": "timm/test_resnet", "weights": None, "features": 16}


def parts(**settings):
    torch.manual_seed(0)
    return pcb.Parts(methods.resolve("pcb", SMALL | settings)).eval()


@pytest.mark.parametrize(("height", "width"), [(64, 32), (96, 96), (160, 64)])
def test_there_are_six_stripes_whatever_the_height(height, width):
    network = parts()
    images = torch.randn(2, 3, height, width)
    assert network.pooled(images).shape == (2, 6, network.backbone.size)
    assert network(images).shape == (2, 6, 16)
    torch.testing.assert_close(pcb.SideBySide(network, "pooled")(images).norm(dim=1), torch.ones(2))


def test_each_stripe_has_unit_norm_before_all_have():
    network, images = parts(), torch.randn(2, 3, 64, 64)
    found = pcb.SideBySide(network, "pooled")(images).view(2, 6, -1)
    torch.testing.assert_close(found, F.normalize(network.pooled(images), dim=2) / 6**0.5)


def test_classifiers_share_no_weights_and_each_sees_its_own_stripe():
    heads = parts().classifier(4)
    assert len({parameter.data_ptr() for parameter in heads.parameters()}) == 12
    stripes = torch.randn(3, 6, 16)
    moved = stripes.clone()
    moved[:, 2] += 1
    changed = (heads(stripes) != heads(moved)).flatten(1).any(1)
    assert changed.tolist() == [False, False, True, False, False, False]


def test_the_loss_is_the_sum_over_the_stripes():
    logits, labels = torch.randn(6, 3, 4), torch.tensor([0, 3, 1])
    learner = object.__new__(pcb.PartClassification)
    learner.model = lambda images: logits
    learner.model.labels = labels
    expected = sum(-stripe.log_softmax(1)[range(3), labels].mean() for stripe in logits)
    assert learner.loss(None, torch.arange(3)).item() == pytest.approx(expected.item(), rel=1e-6)
