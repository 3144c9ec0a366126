"""FANCL: what it is without its parts, its losses by hand, and what learns."""

import copy

import numpy as np
import pytest
import torch
from learning import crop_tables
from torch.nn import functional as F

from pugmark import methods
from pugmark.learning import crops, fana, run, trainer, transforms
from pugmark.methods import fancl
from pugmark.stages import train

SMALL = {
    "backbone": "timm/test_resnet",
    "weights": None,
    "height": 32,
    "width": 32,
    "epochs": 2,
    "iterations": 3,
    "identities": 3,
    "images": 2,
    "k1": 4,
    "k2": 2,
    "min_samples": 2,
    "erasing": 0.0,
}
BASELINE = {"branches": ["original"], "consistency": []}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    crop_tables.write(folder, table, labels, split)
    return crops.read_split(folder / "batches", split, 255)


def vectors(name, seen, **settings):
    params = methods.resolve(name, SMALL | settings)
    state = train.fit(name, seen, params, run.Run(1))
    return methods.load(name).embed(seen, params, state)


def learner(seen, **settings):
    """A learner and its first batch: views, pictures, places and indices."""
    torch.manual_seed(0)
    layer = {"layer": settings.pop("layer", "conv1")}  # also one that only this small network has
    made = fancl.Fancl(seen, methods.resolve("fancl", SMALL | settings) | layer, run.Run(1))
    made.amp = False
    return made, next(iter(made.batches(0)))


def test_without_its_parts_it_is_cluster_contrast_bit_for_bit(seen):
    expected = vectors("cluster_contrast", seen, step=20)
    np.testing.assert_array_equal(vectors("fancl", seen, **BASELINE), expected)
    assert not np.array_equal(vectors("fancl", seen), expected)


@pytest.mark.parametrize("consistency", [[], ["cluster"], ["instance"], ["cluster", "instance"]])
def test_the_loss_of_each_ablation_by_hand(seen, consistency):
    made, batch = learner(seen, consistency=consistency)
    torch.manual_seed(5)
    loss = made.loss(*batch).item()
    found, labels = made.latest, made.labels(batch[-1])
    banks = made.model["banks"]
    expected = 0.0
    for branch, vectors in found.items():
        logits = vectors @ banks[branch].rows.T / 0.05
        expected += -logits.log_softmax(1)[torch.arange(len(labels)), labels].mean()
    if "cluster" in consistency:
        expected -= F.cosine_similarity(found["original"], banks["noised"].rows[labels]).mean()
    if "instance" in consistency:
        expected -= F.cosine_similarity(found["original"], found["noised"]).mean()
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)


def test_banks_are_unit_rows_one_for_each_cluster_and_branch(seen):
    made, _ = learner(seen)
    clusters = made.figures()["clusters"]
    size = made.model["encoder"].backbone.size
    for branch in ("original", "noised", "fused"):
        rows = made.model["banks"][branch].rows
        assert rows.shape == (clusters, size) and not rows.requires_grad
        torch.testing.assert_close(rows.norm(dim=1), torch.ones(clusters))


@pytest.mark.parametrize("layer", ["conv1", "bn1", "layer2.0.conv2", "layer4.0.bn2"])
@pytest.mark.parametrize("area", [0.1, 0.25])
def test_noise_hides_its_share_of_the_animal_and_nothing_else(seen, layer, area):
    """The animal fills 36 x 36 of the 40 x 40 pixels. What is around it is white, and so is the padding."""
    made, (_, pictures, places, _) = learner(seen, layer=layer, area=area, padding=8)
    encoder = made.model["encoder"]
    region = encoder.region(transforms.normalise(pictures))
    animal = pictures[:, 3] > 127
    assert 0.75 < animal.float().mean() < 0.85
    hidden = (region & animal).sum((1, 2)) / animal.sum((1, 2))
    torch.testing.assert_close(hidden, torch.full_like(hidden, area), atol=0.001, rtol=0)
    assert not (region & ~animal).any()
    carried = fana.carried(region, places)
    assert carried.any() and (places < 0).any() and not carried[places < 0].any()
    for view, shown, source in zip(carried, places, region, strict=True):
        assert torch.equal(view[shown >= 0], source.flatten()[shown[shown >= 0].long()])


def test_the_noised_encoder_sees_the_view_with_the_pictures_noise(seen):
    made, (*views, _) = learner(seen, area=0.3, padding=8)
    encoder, given = made.model["encoder"], []
    encoder.noised.register_forward_pre_hook(lambda module, images: given.append(images[0]))
    encoder.original.register_forward_pre_hook(lambda module, images: given.append(images[0]))
    region = fana.carried(encoder.region(transforms.normalise(views[1])), views[2])
    made.encode(*views)
    original, noised = given
    assert region.any() and torch.equal(original, views[0])
    assert torch.equal(noised.movedim(1, -1)[~region], original.movedim(1, -1)[~region])
    black = noised.movedim(1, -1)[region]
    torch.testing.assert_close(black, torch.tensor(fana.BLACK).expand_as(black))


def extracted(made, seen):
    """The vectors of all crops by each branch, worked out one network at a time; the noise from the original's copy."""
    sizes, branches = (32, 32), made.model["encoder"].seeing().eval()
    recipe, outlined = transforms.test_recipe(*sizes), seen.outlined()
    with torch.inference_mode():
        pictures = transforms.normalise(torch.stack([recipe(outlined.image(i)) for i in range(len(seen))]))
        images = pictures[:, :3]
        original = branches.original(images)
        noised = branches.noised(fana.noised(images, branches.region(pictures)))
        fused = F.normalize(branches.fusion(torch.cat((original, noised), 1)))
    return {"original": original, "noised": noised, "fused": fused}


def test_clusters_are_those_of_the_original_branch_and_each_memory_starts_from_its_own(seen):
    made, _ = learner(seen)
    expected = extracted(made, seen)
    assert min((expected[a] - expected[b]).abs().max() for a, b in (("original", "noised"), ("noised", "fused"))) > 0.1
    np.testing.assert_allclose(made.features(), expected["original"], atol=0.02)
    labels = torch.arange(12) % 4 - 1
    made.start(expected["original"], labels)
    for branch, found in expected.items():
        means = F.normalize(torch.stack([found[labels == label].mean(0) for label in range(3)]))
        torch.testing.assert_close(made.model["banks"][branch].rows, means, atol=0.02, rtol=0)


def test_the_fused_vector_is_of_the_original_and_the_noised_one(seen):
    made, (*views, _) = learner(seen)
    encoder = made.model["encoder"].eval()
    found = made.encode(*views)
    both = torch.cat((found["original"], found["noised"]), 1)
    torch.testing.assert_close(found["fused"], F.normalize(encoder.fusion(both)))
    assert not torch.allclose(found["original"], found["noised"], atol=0.05)


def test_each_memory_moves_by_the_vectors_of_its_own_branch(seen):
    made, batch = learner(seen)
    before = {branch: bank.rows.clone() for branch, bank in made.model["banks"].items()}
    made.loss(*batch)
    made.after_step()
    labels = made.labels(batch[-1])
    for branch, rows in before.items():
        for label, vector in zip(labels, made.latest[branch].detach(), strict=True):
            rows[label] = F.normalize(0.1 * rows[label] + 0.9 * vector, dim=0)
        torch.testing.assert_close(made.model["banks"][branch].rows, rows)


def test_encoders_and_fusion_all_learn(seen):
    made, batch = learner(seen)
    made.loss(*batch).backward()
    encoder = made.model["encoder"]
    for part in (encoder.original, encoder.noised, encoder.fusion):
        gradients = [p.grad for p in part.parameters() if p.requires_grad]
        assert all(found is not None for found in gradients) and sum(found.abs().sum() for found in gradients) > 0


def test_detach_spares_the_noised_encoder_the_instance_term(seen):
    made, batch = learner(seen, consistency=["instance"], detach=True)
    made.loss(*batch)
    made._agreement(made.model["banks"], made.labels(batch[-1])).backward()
    encoder = made.model["encoder"]
    assert all(p.grad is None for p in encoder.noised.parameters())
    assert any(p.grad is not None for p in encoder.original.parameters())


def test_equal_networks_without_noise_agree_fully(seen):
    made, (*views, _) = learner(seen, area=0.0, consistency=["instance"])
    encoder = made.model["encoder"].eval()
    encoder.noised.load_state_dict(copy.deepcopy(encoder.original.state_dict()))
    found = made.encode(*views)
    torch.testing.assert_close(found["original"], found["noised"])
    made.latest = found
    assert made._agreement(made.model["banks"], None).item() == pytest.approx(1, abs=1e-6)


def test_the_vectors_length_changes_no_loss(seen):
    made, (*views, indices) = learner(seen)
    made.model["encoder"].eval()
    labels, made.latest = made.labels(indices), made.encode(*views)
    bank, feature = made.model["banks"]["original"], made.latest["original"]
    assert bank.loss(7 * feature, labels).item() == pytest.approx(bank.loss(feature, labels).item(), rel=1e-5)


def test_both_gives_the_original_and_the_fused_vector(seen):
    one, both = vectors("fancl", seen), vectors("fancl", seen, inference="both")
    assert both.shape == (len(seen), 2 * one.shape[1])
    np.testing.assert_allclose(both[:, : one.shape[1]] * 2**0.5, one, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"branches": ["original"]}, "consistency needs the branch `noised`"),
        ({**BASELINE, "inference": "fused"}, "needs the branch `fused`"),
    ],
)
def test_branches_that_do_not_fit_are_refused(seen, settings, said):
    with pytest.raises(trainer.TrainingError, match=said):
        fancl.Fancl(seen, methods.resolve("fancl", SMALL | settings), run.Run(1))
