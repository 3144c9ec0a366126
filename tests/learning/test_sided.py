"""The recipe of individual and side: labels, mirroring, the still backbone, and what each loss reaches."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from learning import crop_tables
from methods import small

from pugmark import methods
from pugmark.learning import circle, crops, samplers, sided, transforms
from pugmark.learning import run as runs
from pugmark.methods import part_dve

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def seen(tmp_path):
    """Three cows in four pictures each: the first two show the left side, the third the right, the last neither."""
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    split["viewpoint"] = [("left", "left", "right", None)[at % 4] for at in split.groupby("individual").cumcount()]
    crop_tables.write(tmp_path, table, labels, split)
    return crops.read_split(tmp_path / "batches", split, 255)


def learner(seen, name="part_dve", **settings):
    torch.manual_seed(0)
    params = small.params(name, settings)
    network = part_dve.Parts(params) if name == "part_dve" else sided.encoder(params)
    kind = part_dve.PartDVE if name == "part_dve" else sided.Sided
    made = kind(seen, params, runs.Run(1), network)
    made.batches(0)
    made.model.train()
    return made


def test_each_side_of_an_animal_is_an_individual_of_its_own(seen):
    made = learner(seen)
    labels, shown = made.model.labels.numpy(), made.model.sides.numpy()
    assert len(np.unique(labels)) == 9
    animals = pd.factorize(seen.meta["individual"])[0]
    assert all(
        (labels[one] == labels[other]) == (animals[one] == animals[other] and shown[one] == shown[other])
        for one in range(12)
        for other in range(12)
    )
    assert sided.sides(pd.DataFrame({"viewpoint": ["left", "right", "front", None]})).tolist() == [0, 1, -100, -100]
    assert sided.sides(pd.DataFrame(index=range(2))).tolist() == [-100, -100]


def test_a_mirrored_picture_shows_the_other_side_and_nothing_else_changes(seen):
    made = learner(seen, flip=1.0, erasing=0.0, cutout=0.0)
    images, shown = torch.randn(3, 3, 32, 32), torch.tensor([0, 1, -100])
    mirrored, other = made.altered(images, shown)
    torch.testing.assert_close(mirrored, images.flip(3))
    assert other.tolist() == [1, 0, -100]
    again, back = made.altered(mirrored, other)
    torch.testing.assert_close(again, images)
    assert back.tolist() == shown.tolist()


def test_pictures_are_mirrored_one_by_one_or_all_at_once(seen):
    images, shown = torch.randn(64, 3, 32, 32), torch.zeros(64, dtype=torch.int64)
    one_by_one = learner(seen, erasing=0.0, cutout=0.0).altered(images, shown)[1]
    assert 16 < one_by_one.sum() < 48
    together = learner(seen, erasing=0.0, cutout=0.0, flip_whole_batch=True)
    found = {int(together.altered(images, shown)[1].sum()) for _ in range(12)}
    assert found == {0, 64}


def test_holes_are_squares_of_the_mean_colour():
    torch.manual_seed(0)
    image = torch.ones(3, 64, 64)
    found = transforms.holes(image, side=4, least=1, most=1)
    assert (found == 0).sum() == 3 * 16 and image.min() == 1
    rows = (found[0] == 0).any(1).nonzero().flatten()
    assert rows.max() - rows.min() == 3
    many = transforms.holes(torch.ones(1, 224, 224))
    assert 64 * 16 * 0.8 < (many == 0).sum() <= 256 * 16


def test_the_backbone_stands_still_while_the_loss_grows(seen):
    made = learner(seen, frozen=1, epochs=3, batch=6)
    batch = (torch.randn(6, 3, 32, 32), torch.arange(6))
    before = {key: value.clone() for key, value in made.model[0].backbone.state_dict().items()}
    steps = len(made.order(0))
    assert made.ramp == steps
    torch.manual_seed(1)
    first = made.loss(*batch)
    first.backward()
    made.optimiser.step()
    after = made.model[0].backbone.state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())  # running statistics too
    made.model.steps.fill_(0)
    torch.manual_seed(1)
    small_share = made.loss(*batch).item()
    made.model.steps.fill_(steps)
    torch.manual_seed(1)
    whole = made.loss(*batch).item()
    assert small_share == pytest.approx(0.01 * whole, rel=0.2)
    made.batches(1)
    made.model.train()
    made.loss(*batch).backward()
    made.optimiser.step()
    assert not all(torch.equal(value, after[key]) for key, value in before.items())


def test_the_losses_by_hand(seen):
    made = learner(seen, "base_resnet50", smoothing=0.0, identity_weight=2.0, side_weight=3.0)
    labels = torch.tensor([0, 1])
    identities, turned = torch.zeros(2, 9), torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    both = made.told(identities, turned, torch.tensor([1, 0]), labels)
    side = (math.log(2) + math.log(1 + math.exp(-1))) / 2
    assert both.item() == pytest.approx(2 * math.log(9) + 3 * side, abs=1e-5)
    # A crop of unknown side counts for its individual alone, and without any known side there is no loss of it.
    one = made.told(identities, turned, torch.tensor([1, -100]), labels)
    assert one.item() == pytest.approx(2 * math.log(9) + 3 * math.log(2), abs=1e-5)
    none = made.told(identities, turned, torch.tensor([-100, -100]), labels)
    assert none.item() == pytest.approx(2 * math.log(9), abs=1e-5)
    smoothed = learner(seen, "base_resnet50", smoothing=0.5, side_weight=0.0)
    sure = torch.tensor([[10.0, 0.0, 0.0]])
    expected = math.log(1 + 2 * math.exp(-10)) + 0.5 * 10 * 2 / 3
    assert smoothed.told(sure, None, torch.tensor([0]), torch.tensor([0])).item() == pytest.approx(expected, abs=1e-4)


def test_the_circle_loss_is_of_the_vectors(seen):
    images, labels, shown = (
        torch.randn(6, 3, 32, 32),
        torch.tensor([0, 0, 1, 1, 2, 2]),
        torch.zeros(6, dtype=torch.int64),
    )
    with_it, without = (learner(seen, "base_resnet50", dropout=0.0, circle_weight=w) for w in (2.0, 0.0))
    vectors = with_it.model[0](images)
    apart = with_it.recognised(images, shown, labels) - without.recognised(images, shown, labels)
    assert apart.item() == pytest.approx(2 * circle.pooled(vectors, labels, 0.25, 64.0).item(), rel=1e-3)


def test_maps_have_56_and_28_places_at_224_pixels():
    with torch.device("meta"):
        made = part_dve.Parts(methods.catalogue()["part_dve"]["PARAMS"]).eval()
        images, seen = torch.zeros(1, 3, 224, 224), {}
        made.backbone.body.layer4.register_forward_hook(lambda *parts: seen.update(maps=parts[2]))
        assert made.middle(images).shape == (1, 512, 56, 56)
        assert made.descriptors(images).shape == (1, 64, 56, 56)
        made(images)
    assert seen["maps"].shape == (1, 2048, 28, 28)


def test_the_vector_is_that_of_both_mirror_images(seen):
    params = small.params("part_dve")
    network = part_dve.PartsAndMirror(part_dve.Parts(params)).eval()
    images = torch.randn(2, 3, 32, 32)
    found, mirrored = network(images), network(images.flip(3))
    torch.testing.assert_close(found.chunk(2, 1)[0], mirrored.chunk(2, 1)[1])
    torch.testing.assert_close(found.chunk(2, 1)[1], mirrored.chunk(2, 1)[0])
    state = {"model": network.network.state_dict()}
    vectors = methods.load("part_dve").embed(seen, params, state)
    assert vectors.shape == (12, 2 * params["features"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_descriptors_teach_the_first_stages_alone(seen):
    made = learner(seen, frozen=0)
    made.further(torch.randn(4, 3, 32, 32)).backward()
    body = made.model[0].backbone.body
    reached = {name for name, part in made.model.named_parameters() if part.grad is not None and part.grad.abs().sum()}
    assert any("layer2" in name for name in reached) and any("describe" in name for name in reached)
    assert not any(stage in name for name in reached for stage in ("layer3", "layer4"))
    assert not [name for name in reached if name.startswith("1.") or name.startswith("0.1.")]
    assert body.layer3 is not None


def test_one_picture_has_no_next_one(seen):
    with pytest.raises(part_dve.trainer.TrainingError, match="name more crops"):
        learner(seen).further(torch.randn(1, 3, 32, 32))


def test_triplets_are_an_anchor_another_of_its_kind_and_one_of_another_kind():
    labels = np.array([0, 0, 0, 1, 1, 2])
    batches = samplers.triplets(labels, 7, np.random.default_rng(0))
    assert [len(batch) for batch in batches] == [6, 6]  # five anchors, two to a batch; the fifth is dropped
    anchors = []
    for batch in batches:
        for anchor, positive, negative in np.reshape(batch, (-1, 3)):
            assert labels[anchor] == labels[positive] and anchor != positive and labels[anchor] != labels[negative]
            anchors.append(anchor)
    assert len(set(anchors)) == 4 and 5 not in anchors
    assert samplers.triplets(np.zeros(4), 6, np.random.default_rng(0)) == []


def test_steps_of_an_epoch_may_be_stated(seen):
    assert len(learner(seen, iterations=5, batch=6).order(0)) == 5
    assert len(learner(seen, sampler="shuffled", batch=6).order(0)) == 2


def test_presets_differ_where_the_paper_and_its_code_do():
    stated = {preset: methods.resolve("part_dve", {"preset": preset}) for preset in ("paper", "released", "fixed")}
    fixed = stated["fixed"]
    assert fixed == methods.catalogue()["part_dve"]["PARAMS"]
    differ = {name: {key for key in fixed if fixed[key] != one[key]} for name, one in stated.items()}
    assert differ == {"paper": {"circle", "dve_power"}, "released": {"gamma", "flip_whole_batch"}, "fixed": set()}
