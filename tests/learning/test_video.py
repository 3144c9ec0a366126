"""Frames, batches, rates and networks of the methods for long videos."""

import numpy as np
import pandas as pd
import pytest
import torch

from pugmark.learning import video

PARAMS = {"backbone": "timm/test_resnet", "trainable": "full", "lr": 0.3, "batch": 2}


def test_frames_by_hand():
    codes, members = video.frames(pd.Series(["b", "a", "b", "c", "a", "b"]))
    assert codes.tolist() == [0, 1, 0, 2, 1, 0] and codes.dtype == np.int64
    assert members == [[0, 2, 5], [1, 4], [3]]
    assert video.frames(pd.Series(["b", "a", "b"]), least=2)[1] == [[0, 2]]


def test_a_pass_takes_each_frame_at_most_once_and_whole():
    members = [[0, 1, 2], [3], [4, 5], [6, 7, 8], [9]]
    found = video.batches(members, 2, np.random.default_rng(0))
    assert len(found) == 2
    whole = {tuple(frame) for frame in members}
    for batch in found:
        assert any(batch == [*a, *b] for a in whole for b in whole if a != b)
    rows = [row for batch in found for row in batch]
    assert len(rows) == len(set(rows))
    assert video.batches(members, 2, np.random.default_rng(0)) == found
    assert video.batches(members[:1], 2, np.random.default_rng(0)) == [[0, 1, 2]]


@pytest.mark.parametrize(("animals", "views", "rate"), [(10, 2, 0.046875), (8, 2, 0.0375), (10, 1, 0.0234375)])
def test_the_rate_goes_by_the_largest_batch_and_falls_to_zero(animals, views, rate):
    members = [list(range(animals)), [animals]]
    optimiser, schedule = video.sgd(torch.nn.Linear(2, 2), 0.3, video.largest(members, 2, views), steps=4)
    assert optimiser.param_groups[0]["lr"] == pytest.approx(rate)
    assert optimiser.defaults["momentum"] == 0.9 and optimiser.defaults["weight_decay"] == 0
    rates = []
    for _ in range(4):
        optimiser.step()
        schedule.step()
        rates.append(optimiser.param_groups[0]["lr"])
    assert rates[1] == pytest.approx(rate / 2) and rates[3] == pytest.approx(0, abs=1e-9)


def test_a_full_network_is_one_layer_above_the_backbone():
    network = video.network(PARAMS, 7)
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert len(network.head) == 1 and network.head[0].out_features == 7
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 7)


def test_a_frozen_backbone_learns_nothing_not_even_statistics():
    network = video.network(PARAMS | {"trainable": "frozen"}, 7).train()
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    sizes = [(layer.in_features, layer.out_features) for layer in network.head if isinstance(layer, torch.nn.Linear)]
    assert sizes == [(network.backbone.size, 256), (256, 128), (128, 128), (128, 7)]
    optimiser, _ = video.sgd(network, 0.3, 4, 2)
    network(torch.randn(4, 3, 32, 32)).square().sum().backward()
    optimiser.step()
    after = network.backbone.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert network.head.training and not network.backbone.training


def test_a_snapshot_keeps_what_it_took_and_has_no_parameters():
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    snapshot = video.Snapshot(module)
    module(torch.randn(5, 2))
    torch.nn.init.ones_(module[0].weight)
    snapshot.take(module)
    expected = {name: value.clone() for name, value in module.state_dict().items()}
    torch.nn.init.zeros_(module[0].weight)
    module(torch.randn(5, 2))
    found = snapshot.state()
    assert found.keys() == expected.keys() and not list(snapshot.parameters())
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    module.load_state_dict(found)
    assert (module[0].weight == 1).all() and module[1].num_batches_tracked == 1
