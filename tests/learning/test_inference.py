"""Fast extraction says the same as the plain network."""

import numpy as np
import pytest
import torch
from learning import crop_tables

from pugmark.learning import crops, inference, transforms
from pugmark.learning.backbones import backbone
from pugmark.learning.heads import BNNeck, Mirrored


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    crop_tables.write(folder, *crop_tables.rows(individuals=5, frames=2))
    return crops.read(folder / "batches/b1/crops.parquet", None)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return BNNeck(backbone("timm/test_resnet"))


def plain(network, seen):
    images = torch.stack([transforms.test_recipe(32, 32)(seen.image(i)) for i in range(len(seen))])
    with torch.inference_mode():
        found = network.eval()(transforms.normalise(images)).numpy()
    network.train()
    return found


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 0.05)])
def test_features_equal_the_plain_networks(network, seen, dtype, error):
    found = inference.extract(network, seen, 32, 32, dtype=dtype, batch=4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, plain(network, seen), atol=error)


def test_the_network_is_left_as_it_was(network, seen):
    before = {key: value.clone() for key, value in network.state_dict().items()}
    inference.extract(network, seen, 32, 32)
    assert network.training
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_workers_change_nothing(network, seen, monkeypatch):
    found = []
    for count in ("0", "2"):
        monkeypatch.setenv("PUGMARK_WORKERS", count)
        found.append(inference.extract(network, seen, 32, 32, batch=4))
    np.testing.assert_array_equal(*found)


def test_mirrored_features_ignore_the_side(network):
    images = torch.randn(2, 3, 32, 32)
    model = Mirrored(network.eval())
    with torch.inference_mode():
        torch.testing.assert_close(model(images), model(images.flip(3)))
    network.train()
