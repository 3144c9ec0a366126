"""CLIP's two towers: against open_clip's own, on a CLIP of two layers."""

import open_clip
import pytest
import torch
from methods import small

from pugmark import methods, weights
from pugmark.learning import backbones, clip, gradcam, transforms


def towers(path=None, **settings):
    torch.manual_seed(0)
    params = small.params("clip_ft", settings)
    held = path and weights.Weights("mine", path, weights.sha256(path), "none", True)
    return clip.towers(params, held)


@pytest.fixture(params=["tiny-vit", "tiny-rn"])
def published(request, tmp_path):
    """A CLIP of open_clip, its name and a file in the layout of the published ones."""
    torch.manual_seed(1)
    whole = open_clip.create_model(request.param, pretrained=None).eval()
    with torch.no_grad():
        whole.logit_scale.fill_(torch.tensor(100.0).log())
    torch.save(whole.state_dict(), tmp_path / "clip.bin")
    return whole, request.param, tmp_path / "clip.bin"


def test_a_published_file_gives_its_pictures_and_its_texts(published):
    whole, name, path = published
    side = whole.visual.image_size if isinstance(whole.visual.image_size, int) else whole.visual.image_size[0]
    tower, texts, scale = towers(path, backbone=f"open_clip/{name}", height=side, width=side)
    assert scale == pytest.approx(100, rel=1e-5)
    pixels = torch.rand(2, 3, side, side)
    mean, std = (torch.tensor(part)[:, None, None] for part in (whole.visual.image_mean, whole.visual.image_std))
    early, late, projected = tower.eval()(transforms.normalise(pixels * 255))
    torch.testing.assert_close(projected, whole.visual((pixels - mean) / std), atol=1e-4, rtol=1e-4)
    assert [part.shape[1] for part in (early, late, projected)] == list(tower.sizes)
    ids, places = clip.template(3, "lion")
    words = texts.token_embedding(ids[places])[None]
    made = texts(ids, texts.prompts(ids, places, words))
    torch.testing.assert_close(made, whole.encode_text(ids[None]), atol=1e-5, rtol=0)


def test_the_vectors_of_a_transformer_are_class_tokens():
    tower, _, _ = towers(height=32, width=32)
    tower.eval()
    seen = []
    tower.tower.transformer.resblocks[-1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    early, late, projected = tower(torch.randn(2, 3, 32, 32))
    assert torch.equal(early, seen[0][:, 0])
    last = tower.tower.ln_post(tower.tower.transformer.resblocks[-1](seen[0])[:, 0])
    torch.testing.assert_close(late, last)
    torch.testing.assert_close(projected, last @ tower.tower.proj)


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16, 60])
def test_learned_words_stand_before_the_noun(count):
    ids, places = clip.template(count, "lion")
    decoded = open_clip.SimpleTokenizer().decode(ids[1 : ids.argmax()].tolist())
    assert decoded.split() == ["a", "photo", "of", "a", *["x"] * count, "lion", "."]
    assert len(ids) == 77 and ids.argmax() == 7 + count
    assert places.tolist() == list(range(5, 5 + count))


def test_only_the_words_change_in_a_prompt():
    _, texts, _ = towers()
    ids, places = clip.template(2, "lion")
    words = torch.randn(3, 2, texts.width)
    made = texts.prompts(ids, places, words)
    assert torch.equal(made[:, 5:7], words)
    kept = [place for place in range(77) if place not in (5, 6)]
    assert torch.equal(made[:, kept], texts.token_embedding(ids)[kept].expand(3, -1, -1))


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("open_clip/ViT-B-17", (64, 64), "open_clip has no network 'ViT-B-17'"),
        ("open_clip/ViT-B-16-SigLIP", (224, 224), "is not built as CLIP is"),
        ("open_clip/roberta-ViT-B-32", (64, 64), "fetches its text tower"),
        ("open_clip/tiny-rn", (64, 32), "takes squares only: height 64 is not width 32"),
    ],
)
def test_what_is_no_clip_is_refused(name, size, said):
    with pytest.raises(backbones.BackboneError, match=said):
        towers(backbone=name, height=size[0], width=size[1])


@pytest.mark.parametrize("method", ["clip_zs", "clip_ft", "clip_reid", "care"])
def test_a_backbone_of_another_library_is_refused_before_any_job(method):
    with pytest.raises(methods.MethodError, match=r"known: open_clip/\*"):
        methods.resolve(method, {"backbone": "resnet50"})


def test_the_rate_warms_up_and_falls_twice():
    factors = [clip.stepped(epoch) for epoch in (0, 5, 10, 29, 30, 49, 50, 59)]
    assert factors == pytest.approx([0.1, 0.55, 1, 1, 0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize("name", ["tiny-vit", "tiny-rn"])
def test_either_tower_is_explained(name, caplog):
    torch.manual_seed(0)
    params = small.params("clip_ft", {"backbone": f"open_clip/{name}", "height": 128, "width": 128})
    network = clip.network(params, {"model": clip.image_network(params).state_dict()}).eval()
    images = torch.randn(2, 3, 128, 128)
    heats = gradcam.heat(network, images, network(images).detach().flip(0))
    assert heats.shape == (2, 128, 128) and heats.max() > 0.5
    assert not caplog.records, "nobody is told of a random network whose weights come later"
