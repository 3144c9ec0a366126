"""SimCLR and MoCo: what learns, what follows, and batches of few crops."""

import copy
import itertools

import numpy as np
import pytest
import torch
from learning import crop_tables
from torch.nn import functional as F

from pugmark import methods
from pugmark.learning import checkpoint, contrast, crops, trainer, transforms
from pugmark.learning import run as runs
from pugmark.methods import moco, simclr
from pugmark.stages import train

SMALL = {"backbone": "timm/test_resnet", "weights": None, "height": 32, "width": 32, "epochs": 2, "batch": 4}
LEARNERS = {"simclr": simclr.SimCLR, "moco": moco.MoCo}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    crop_tables.write(folder, table, labels, split)
    return crops.read_split(folder / "batches", split, 255)


def learner(name, seen, **settings):
    checkpoint.seed_all(1)
    return LEARNERS[name](seen, methods.resolve(name, SMALL | settings), runs.Run(1))


def stepped(made, batch):
    made.optimiser.zero_grad()
    made.loss(*batch).backward()
    made.optimiser.step()
    made.after_step()


@pytest.mark.parametrize("name", LEARNERS)
def test_batches_are_shuffled_crops_at_the_rate_of_their_number(name, seen):
    made = learner(name, seen, lr=0.3)
    assert sorted(itertools.chain(*made.order(0))) == list(range(12)) and made.order(0) != made.order(1)
    assert made.optimiser.param_groups[0]["lr"] == pytest.approx(0.3 * 4 / 256)
    assert methods.catalogue()[name]["PARAMS"]["batch"] == 256


@pytest.mark.parametrize("name", LEARNERS)
def test_fewer_crops_than_a_batch_make_one_smaller_batch(name, seen):
    made = learner(name, seen.take(range(5)), batch=256)
    assert [sorted(batch) for batch in made.order(0)] == [[0, 1, 2, 3, 4]]
    assert made.optimiser.param_groups[0]["lr"] == pytest.approx(0.3 * 5 / 256)
    trainer.train(made, 2, runs.Run(1))
    if name == "moco":
        assert len(made.model.queue.keys) == 32 * 5


@pytest.mark.parametrize("name", LEARNERS)
def test_vectors_are_of_the_head_or_of_the_backbone(name, seen):
    sizes = {}
    for features in ("head", "backbone"):
        params = methods.resolve(name, SMALL | {"features": features})
        state = train.fit(name, seen, params, runs.Run(1))
        sizes[features] = methods.load(name).embed(seen, params, state).shape[1]
    assert sizes == {"head": 64, "backbone": 96}


def test_simclr_compares_every_view_with_all_others_of_the_batch(seen):
    made = learner("simclr", seen)
    made.batches(0)
    first, second = torch.randn(2, 4, 3, 32, 32).unbind()
    rows = made.model.encoder.eval()(torch.cat((first, second)))
    expected = 0
    for i in range(8):
        logits = torch.stack([rows[i] @ rows[j] / 0.5 for j in range(8) if j != i])
        expected += (logits.logsumexp(0) - rows[i] @ rows[(i + 4) % 8] / 0.5) / 8
    torch.testing.assert_close(made.loss(first, second, torch.arange(4)), expected)


def test_the_key_encoder_takes_no_gradient_and_follows(seen):
    made = learner("moco", seen, momentum=0.9, lr=30)
    slow = copy.deepcopy(dict(made.model.teacher.named_parameters()))
    stepped(made, next(iter(made.batches(0))))
    fast, moved = dict(made.model.encoder.named_parameters()), 0
    for key, now in made.model.teacher.named_parameters():
        assert now.grad is None and not now.requires_grad
        torch.testing.assert_close(now, 0.9 * slow[key] + 0.1 * fast[key].detach())
        moved += not torch.equal(now, slow[key])
    assert moved > 5
    owned = {id(parameter) for group in made.optimiser.param_groups for parameter in group["params"]}
    assert owned == {id(parameter) for parameter in fast.values()}


def test_with_momentum_1_the_key_encoder_never_changes(seen):
    made = learner("moco", seen, momentum=1.0, lr=30)
    before = copy.deepcopy(dict(made.model.teacher.named_parameters()))
    start = copy.deepcopy(dict(made.model.encoder.named_parameters()))
    trainer.train(made, 2, runs.Run(1))
    assert all(torch.equal(value, before[key]) for key, value in made.model.teacher.named_parameters())
    assert not all(torch.equal(value, start[key]) for key, value in made.model.encoder.named_parameters())


def test_keys_join_the_queue_after_the_logits_in_the_order_of_their_batches(seen, monkeypatch):
    made, queues = learner("moco", seen, queue=2, momentum=1.0), []

    def spied(queries, keys, queue, temperature, loss=contrast.info_nce):
        queues.append((keys.clone(), queue.clone()))
        return loss(queries, keys, queue, temperature)

    monkeypatch.setattr(contrast, "info_nce", spied)
    trainer.train(made, 1, runs.Run(1))
    keys, before = zip(*queues, strict=True)
    assert len(queues) == 3 and made.model.queue.keys.shape == (8, 64)
    assert not any((key[:, None] == before[i]).all(2).any() for i, key in enumerate(keys))
    assert torch.equal(before[1][4:], keys[0]) and torch.equal(before[2], torch.cat(keys[:2]))
    assert torch.equal(made.model.queue.keys, torch.cat(keys[1:]))
    torch.testing.assert_close(made.model.queue.keys.norm(dim=1), torch.ones(8))


def test_keys_keep_their_order_where_batch_norm_is_split(seen):
    made = learner("moco", seen, bn_splits=2)
    images = torch.randn(4, 3, 32, 32)
    keys = made.keys(images)
    apart = [made.model.teacher(images[rows]) for rows in ([0, 2], [1, 3])]
    torch.testing.assert_close(keys[[0, 2, 1, 3]], torch.cat(apart))


def test_the_standard_views_change_colours_and_the_plain_ones_do_not():
    grey = np.full((40, 40, 3), (200, 120, 60), np.uint8)
    torch.manual_seed(0)
    plain = [transforms.crop_recipe(32, 32)(grey) for _ in range(8)]
    standard = [transforms.contrast_recipe(32, 32)(grey) for _ in range(8)]
    assert standard[0].shape == (3, 32, 32) and standard[0].dtype == torch.float32
    assert torch.stack(plain).std(0).max() < 0.02 < torch.stack(standard).std(0).max()
    mild = [transforms.contrast_recipe(32, 32, jitter=0.0)(grey) for _ in range(32)]
    colours = {tuple(image.mean((1, 2)).mul(20).round().tolist()) for image in mild}
    assert len(colours) == 2, "the colour itself, and its grey"


def test_spread_is_that_of_the_epochs_vectors(seen, monkeypatch):
    met = []
    made = learner("simclr", seen)
    made.batches(0)
    for seed in (0, 1):
        met.append(F.normalize(torch.randn(6, 8, generator=torch.Generator().manual_seed(seed))))
        made.see(met[-1])
    assert made.figures()["spread"] == pytest.approx(trainer.spread(torch.cat(met)), rel=1e-6)
    made.batches(1)
    made.see(met[0])
    assert made.figures()["spread"] == pytest.approx(trainer.spread(met[0]), rel=1e-6)
