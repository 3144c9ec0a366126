"""Recomputed activations: the results of plain training with fewer bytes kept for the backward pass."""

import copy

import pytest
import torch

from pugmark.learning import inference
from pugmark.learning.backbones import backbone
from pugmark.learning.recompute import recompute, still
from pugmark.learning.splits import split_norms

NETWORKS = ["resnet18", "efficientnet_b0", "densenet121", "timm/test_resnet", "timm/test_convnext"]


def made(name, again, seed=0):
    torch.manual_seed(seed)
    body = backbone(name).train()
    if again:
        recompute(body.body)
    return body


def step(model, half=False):
    """Bytes that one forward pass keeps for the backward pass, parameters apart, which then runs."""
    images = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    owned = {parameter.data_ptr() for parameter in model.parameters()}
    kept = {}

    def pack(tensor):
        if tensor.data_ptr() not in owned:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    torch.manual_seed(2)
    hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
    with hooks, torch.autocast("cpu", torch.bfloat16, enabled=half):
        loss = model(images).square().mean()
    loss.backward()
    return sum(kept.values())


@pytest.mark.parametrize(("name", "half"), [*((name, False) for name in NETWORKS), ("resnet18", True)])
def test_gradients_and_running_statistics_are_those_of_the_plain_run(name, half):
    plain, again = made(name, False), made(name, True)
    bytes_kept = [step(model, half) for model in (plain, again)]
    gradients = {key: value.grad for key, value in plain.named_parameters()}
    assert any(value is not None for value in gradients.values())
    for key, value in again.named_parameters():
        assert (value.grad is None) == (gradients[key] is None), key
        assert value.grad is None or torch.equal(value.grad, gradients[key]), key
    state = again.state_dict()
    assert state.keys() == plain.state_dict().keys()
    assert all(torch.equal(value, state[key]) for key, value in plain.state_dict().items())
    assert bytes_kept[1] < 0.8 * bytes_kept[0], bytes_kept


@pytest.mark.parametrize("name", ["resnet18", "timm/test_resnet"])
def test_layers_that_are_replaced_later_are_the_ones_that_compute(name):
    models = [made(name, again) for again in (False, True)]
    for model in models:
        split_norms(model, 2)
        step(model)
    gradients = {key: value.grad for key, value in models[0].named_parameters()}
    assert any("norm" in key for key in gradients)
    assert all(torch.equal(value.grad, gradients[key]) for key, value in models[1].named_parameters())
    state = models[1].state_dict()
    assert all(torch.equal(value, state[key]) for key, value in models[0].state_dict().items())


def test_statistics_move_once():
    moved = made("resnet18", True)
    before = moved.body.bn1.running_mean.clone()
    step(moved)
    assert moved.body.bn1.num_batches_tracked == 1 and moved.body.layer4[1].bn2.num_batches_tracked == 1
    assert not torch.equal(moved.body.bn1.running_mean, before)


def test_still_leaves_the_statistics_and_not_the_output():
    norm, rows = torch.nn.BatchNorm1d(3), torch.randn(8, 3)
    with still(torch.nn.Sequential(norm)):
        inside = norm(rows)
    assert norm.num_batches_tracked == 0 and norm.running_mean.eq(0).all()
    assert torch.equal(inside, norm(rows)) and norm.num_batches_tracked == 1


@pytest.mark.parametrize("name", ["resnet18", "timm/test_resnet"])
def test_inference_is_as_ever(name):
    plain, again = made(name, False), made(name, True)
    images = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        expected = inference.prepared(plain, torch.float32)(images)
        assert torch.equal(inference.prepared(again, torch.float32)(images), expected)
        assert torch.equal(again.eval()(images), plain.eval()(images))


def test_a_copy_computes_with_its_own_weights():
    model = made("timm/test_resnet", True)
    copied = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.zero_()
    images = torch.randn(2, 3, 32, 32)
    assert copied(images).abs().sum() == 0 and model(images).abs().sum() > 0
