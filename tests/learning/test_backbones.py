"""The backbone factory and its weight files."""

import re
from pathlib import Path

import pytest
import safetensors.torch
import torch
import torchvision
from places import SHARED

from pugmark.learning.backbones import BackboneError, GeM, backbone
from pugmark.weights import Weights


def weights(path):
    return Weights("given", Path(path), "", "", True)


@pytest.fixture
def images():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("name", "size"), [("resnet18", 512), ("densenet121", 1024), ("timm/test_resnet", 96), ("timm/test_convnext", 64)]
)
def test_features_have_the_promised_size(name, size, images):
    made = backbone(name).eval()
    with torch.inference_mode():
        assert made.size == size and made(images).shape == (2, size)


def test_open_clip_towers_pool_by_themselves():
    made = backbone("open_clip/ViT-S-32-alt").eval()
    with torch.inference_mode():
        assert made(torch.zeros(1, 3, 224, 224)).shape == (1, made.size)
    with pytest.raises(BackboneError, match="set pool to gap"):
        backbone("open_clip/ViT-S-32-alt", pool="gem")


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "timm/resnet10t"])
def test_last_stride_1_doubles_the_last_map(name, images):
    for stride, side in ((2, 2), (1, 4)):
        with torch.inference_mode():
            assert backbone(name, last_stride=stride, pool="none").eval()(images).shape[2:] == (side, side)


def test_last_stride_is_for_resnets():
    with pytest.raises(BackboneError, match="no layer4"):
        backbone("densenet121", last_stride=1)


def test_a_densenet_file_with_the_older_names_is_read(tmp_path, images):
    torch.manual_seed(1)
    model = torchvision.models.densenet121().eval()
    older = {re.sub(r"(denselayer\d+\.(norm|conv))([12])", r"\1.\3", key): v for key, v in model.state_dict().items()}
    assert "features.denseblock1.denselayer1.norm.1.weight" in older
    torch.save(older, tmp_path / "dense.pth")
    with torch.inference_mode():
        expected = model.features(images).relu().mean((2, 3))
        torch.testing.assert_close(backbone("densenet121", weights(tmp_path / "dense.pth")).eval()(images), expected)


def test_a_torchvision_file_gives_torchvisions_features(tmp_path, images):
    torch.manual_seed(1)
    model = torchvision.models.resnet18().eval()
    torch.save(model.state_dict(), tmp_path / "w.pth")
    made = backbone("resnet18", weights(tmp_path / "w.pth")).eval()
    model.fc = torch.nn.Identity()
    with torch.inference_mode():
        torch.testing.assert_close(made(images), model(images))
        torch.testing.assert_close(backbone("timm/resnet18", weights(tmp_path / "w.pth")).eval()(images), model(images))


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_half_precision_is_widened_and_wrappers_opened(tmp_path, suffix):
    state = {key: value.half() for key, value in torchvision.models.resnet18().state_dict().items()}
    path = tmp_path / f"w.{suffix}"
    if suffix == "pth":
        torch.save({"state_dict": state}, path)
    else:
        safetensors.torch.save_file(state, path)
    found = backbone("resnet18", weights(path)).body.conv1.weight
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, state["conv1.weight"].float())


def test_a_file_that_does_not_fit_is_named_with_its_faults(tmp_path):
    state = torchvision.models.resnet18().state_dict()
    state["surplus.weight"] = state.pop("layer1.0.conv1.weight")
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(BackboneError) as caught:
        backbone("resnet18", weights(tmp_path / "w.pth"))
    assert "1 missing (layer1.0.conv1.weight); 1 unexpected (surplus.weight)" in str(caught.value)


def test_a_pickle_with_code_is_refused(tmp_path):
    torch.save({"model": torch.nn.Linear(2, 2)}, tmp_path / "w.pth")
    with pytest.raises(Exception, match="could run code"):
        backbone("resnet18", weights(tmp_path / "w.pth"))


@pytest.mark.parametrize("name", ["resnet19", "timm/nothing", "open_clip/nothing", "elsewhere/resnet18"])
def test_unknown_names_are_refused(name):
    with pytest.raises(BackboneError, match=name.rpartition("/")[2]):
        backbone(name)


def test_gem_of_exponent_1_is_the_average_and_of_a_great_one_the_maximum():
    maps = torch.rand(2, 3, 4, 4) + 0.1
    torch.testing.assert_close(GeM(1.0)(maps), maps.mean((2, 3)))
    torch.testing.assert_close(GeM(200.0)(maps), maps.amax((2, 3)), atol=0.03, rtol=0.03)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_the_shared_weights_load(shared, name):
    backbone(name, weights(SHARED / "weights" / f"{name}-imagenet.pth"), last_stride=1)


def test_tokens_are_averaged_and_a_network_without_any_is_refused():
    made = backbone("timm/test_vit", pool="tokens")
    images = torch.randn(2, 3, 160, 160)
    torch.testing.assert_close(made(images), made.body(images).mean(1))
    with pytest.raises(BackboneError, match="timm/test_resnet has no tokens: choose a vision transformer"):
        backbone("timm/test_resnet", pool="tokens")
