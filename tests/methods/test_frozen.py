"""Embedders as they came: their true architectures, their published files, and their colours.

No weight lies here. So the architectures are built without memory, and files in the published layouts are made from
small networks of the same kind.
"""

import numpy as np
import open_clip
import pytest
import safetensors.torch
import torch
from learning import crop_tables

from pugmark import methods, weights
from pugmark.learning import backbones, crops, frozen
from pugmark.learning import run as runs
from pugmark.methods import miewid


@pytest.fixture
def seen(tmp_path):
    table, labels, split = crop_tables.rows(individuals=2, frames=2)
    crop_tables.write(tmp_path, table, labels, split)
    return crops.read_split(tmp_path / "batches", split, None)


def held(path):
    return weights.Weights("mine", path, weights.sha256(path), "none", True)


# Numbers of parameters as their authors state them (DINOv2's with positions for 518 pixels, not 224); the length of the
# vector; two names that the files hold.
TRUE = {
    "megadescriptor": (195.2e6, 1536, {"layers.3.blocks.1.mlp.fc2.weight": (1536, 6144), "norm.weight": (1536,)}),
    "dinov2": (86.6e6 - 768 * (37**2 - 16**2), 768, {"blocks.11.ls2.gamma": (768,), "pos_embed": (1, 257, 768)}),
    "bioclip": (86.2e6, 512, {"proj": (768, 512), "positional_embedding": (197, 768)}),
}


@pytest.mark.parametrize("name", TRUE)
def test_the_true_architecture_is_the_published_one(name):
    parameters, length, named = TRUE[name]
    with torch.device("cpu" if name == "bioclip" else "meta"):  # open_clip moves what it has made
        made = frozen.Frozen(methods.catalogue()[name]["PARAMS"])
    body = made.backbone.body
    assert sum(part.numel() for part in body.parameters()) == pytest.approx(parameters, rel=0.01)
    assert made.backbone.size == length
    shapes = {key: tuple(value.shape) for key, value in body.state_dict().items()}
    assert {key: shapes[key] for key in named} == named


def test_miewid_is_of_51_million_parameters_and_gives_2152_numbers():
    with torch.device("meta"):
        made = miewid.MiewID(methods.catalogue()["miewid"]["PARAMS"])
    assert made.bn.num_features == 2152
    assert sum(part.numel() for part in made.parameters()) == pytest.approx(51.1e6, rel=0.01)


def test_miewid_takes_the_published_layout_and_leaves_the_loss_out(tmp_path, seen):
    torch.manual_seed(0)
    params = methods.resolve("miewid", {"backbone": "timm/test_resnet", "height": 64, "width": 64})
    network = backbones.backbone("timm/test_resnet", pool="none")
    norm = torch.nn.BatchNorm1d(network.size)
    norm.running_mean += torch.randn(network.size)
    state = {f"backbone.{key}": value for key, value in network.body.state_dict().items()}
    state |= {f"bn.{key}": value for key, value in norm.state_dict().items()}
    state |= {"pooling.p": torch.tensor([2.5]), "final.weight": torch.randn(9, network.size)}
    safetensors.torch.save_file(state, tmp_path / "miewid.safetensors")
    made = miewid.MiewID(params, held(tmp_path / "miewid.safetensors")).eval()
    images = torch.rand(2, 3, 64, 64)
    maps = network.eval()(images).clamp(min=1e-6)
    expected = norm.eval()(maps.pow(2.5).mean((2, 3)).pow(1 / 2.5))
    torch.testing.assert_close(made(images), expected, rtol=1e-4, atol=1e-5)
    fitted = methods.load("miewid").fit(
        seen, params | {"weights": "mine"}, runs.Run(1, {"mine": held(tmp_path / "miewid.safetensors")})
    )
    vectors = methods.load("miewid").embed(seen, params, fitted)
    assert vectors.shape == (4, network.size) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_file_that_is_no_miewid_is_told_in_one_sentence(tmp_path):
    safetensors.torch.save_file({"backbone.conv.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(backbones.BackboneError, match=r"Weights mine \(other.safetensors\) do not fit .* missing"):
        miewid.MiewID(methods.resolve("miewid", {"backbone": "timm/test_resnet"}), held(tmp_path / "other.safetensors"))


@pytest.mark.parametrize(("colours", "mean", "std"), [("half", 0.5, 0.5), ("imagenet", None, None)])
def test_a_network_sees_the_colours_that_it_learned_with(colours, mean, std):
    from pugmark.learning import transforms

    pixels = torch.randint(0, 256, (1, 3, 32, 32), dtype=torch.uint8)
    made = frozen.Frozen({"backbone": "timm/test_resnet", "height": 32, "width": 32, "colours": colours, "pool": "gap"})
    shown = made.colours(transforms.normalise(pixels))
    expected = transforms.normalise(pixels) if mean is None else (pixels / 255 - mean) / std
    torch.testing.assert_close(shown, expected, atol=1e-5, rtol=0)


def test_a_transformer_takes_its_weights_at_another_size(tmp_path):
    torch.manual_seed(0)
    published = backbones.backbone("timm/test_vit").eval()  # made for 160 pixels: a grid of 10 x 10
    safetensors.torch.save_file(published.body.state_dict(), tmp_path / "vit.safetensors")
    same = backbones.backbone("timm/test_vit", held(tmp_path / "vit.safetensors"), size=(160, 160)).eval()
    small = backbones.backbone("timm/test_vit", held(tmp_path / "vit.safetensors"), size=(64, 96)).eval()
    images = torch.randn(1, 3, 160, 160)
    torch.testing.assert_close(same(images), published(images))
    assert small.body.pos_embed.shape[1] == 1 + 4 * 6
    assert small(images[:, :, :64, :96]).shape == (1, small.size)
    torch.testing.assert_close(small.body.pos_embed[:, 0], published.body.pos_embed[:, 0])


def test_the_image_tower_of_a_clip_file_is_taken_at_another_size(tmp_path):
    torch.manual_seed(0)
    whole = open_clip.create_model("tiny-vit", pretrained=None)
    torch.save(whole.state_dict(), tmp_path / "clip.bin")
    same = backbones.backbone("open_clip/tiny-vit", held(tmp_path / "clip.bin"), size=(32, 32)).eval()
    images = torch.randn(1, 3, 32, 32)
    torch.testing.assert_close(same(images), whole.eval().visual(images))
    larger = backbones.backbone("open_clip/tiny-vit", held(tmp_path / "clip.bin"), size=(64, 32)).eval()
    assert larger.body.positional_embedding.shape == (1 + 8 * 4, 64)
    assert larger(torch.randn(1, 3, 64, 32)).shape == (1, 32)
