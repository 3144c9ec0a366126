"""Video pairs beside what the contract proves: its promises about the mask, the scale, the backbone and the pool."""

import copy
import itertools
import json

import numpy as np
import pytest
import torch
from learning import crop_tables

from pugmark import methods, tables
from pugmark.clustering import algorithms
from pugmark.learning import checkpoint, crops, pairs, trainer
from pugmark.learning import run as runs
from pugmark.methods import video_pairs
from pugmark.metrics.partition import matched
from pugmark.stages import train

SMALL = {"backbone": "timm/test_resnet", "weights": None, "height": 32, "width": 32, "epochs": 2}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")


def video(folder, **size):
    table, labels, split = crop_tables.rows(**size)
    crop_tables.write(folder, table, labels, split)
    return crops.read_split(folder / "batches", split, 255)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return video(tmp_path_factory.mktemp("crops"), individuals=3, frames=4)


def params(**settings):
    return methods.resolve("video_pairs", SMALL | settings)


def learner(seen, seed=1, **settings):
    checkpoint.seed_all(seed)
    made = params(**settings)
    kind = video_pairs.PooledPairs if made["pool"] else video_pairs.VideoPairs
    return kind(seen, made, runs.Run(seed, individuals=3))


@pytest.mark.parametrize(("loss", "first"), [("bce", 10.0), ("supcon_learnable", 14.0)])
@pytest.mark.parametrize(("rate", "bound"), [(1e6, 100.0), (-1e6, 0.0)])
def test_the_scale_stays_between_0_and_100_and_learns_there(seen, loss, first, rate, bound):
    made = learner(seen, loss=loss)
    scale = made.model.learnt["scale"]
    assert scale.item() == first
    made.model.train()
    made.loss(*next(iter(made.batches(0)))).backward()
    assert scale.grad.item() != 0
    made.optimiser.step()
    with torch.no_grad():
        scale += rate
    made.after_step()
    assert scale.item() == bound
    made.loss(*next(iter(made.batches(1)))).backward()
    assert np.isfinite(scale.grad.item())


def test_the_bias_starts_at_minus_10_and_supcon_learns_neither(seen):
    assert learner(seen).model.learnt["bias"].item() == -10
    assert not dict(learner(seen, loss="supcon").model.learnt)


@pytest.mark.parametrize("pool", [0, 3])
def test_a_frozen_backbone_keeps_parameters_and_running_statistics(seen, pool):
    made = learner(seen, trainable="frozen", pool=pool)
    before = copy.deepcopy(made.model.encoder.state_dict())
    after = trainer.train(made, 2, runs.Run(1)).model.encoder.state_dict()
    changed = {key for key, value in before.items() if not torch.equal(value, after[key])}
    assert changed and all(key.startswith("head.") for key in changed)
    assert any("running_mean" in key for key in changed) and any("backbone" in key for key in before)


def test_full_training_is_of_backbone_and_one_linear_layer(seen):
    made = learner(seen)
    assert [type(part) for part in made.model.encoder.head] == [torch.nn.Linear]
    frozen = learner(seen, trainable="frozen").model.encoder.head
    sizes = [part.out_features for part in frozen if isinstance(part, torch.nn.Linear)]
    assert sizes == [256, 128, 128, 64] and type(frozen[-1]) is torch.nn.Linear


@pytest.mark.parametrize(("individuals", "frames", "lr"), [(10, 2, 0.046875), (8, 2, 0.0375), (3, 3, 0.3 * 18 / 256)])
def test_the_learning_rate_follows_the_largest_batch_and_falls_to_zero(tmp_path, individuals, frames, lr):
    made = learner(video(tmp_path, individuals=individuals, frames=6), frames=frames)
    assert made.optimiser.param_groups[0]["lr"] == pytest.approx(lr)
    assert made.optimiser.param_groups[0]["weight_decay"] == 0
    for _ in range(2 * len(made.order(0))):
        made.optimiser.step()
        made.after_step()
    assert made.optimiser.param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)


def test_an_epoch_is_one_pass_over_the_frames(seen):
    made = learner(seen)
    drawn = made.order(0)
    assert sorted(itertools.chain(*drawn)) == list(range(12)) and [len(batch) for batch in drawn] == [6, 6]
    assert drawn != made.order(1) and drawn == learner(seen).order(0)
    frame = made.model.frame.numpy()
    assert all(len(set(frame[batch])) == 2 for batch in drawn)
    assert [len(batch) for batch in learner(seen, frames=3).order(0)] == [9]


def test_too_few_frames_are_refused(seen):
    with pytest.raises(trainer.TrainingError, match="1 frames hold two animals or more"):
        learner(seen.take([0, 1, 2, 3]))


def test_the_oracle_pairs_by_name_whatever_the_similarity(seen):
    made, indices = learner(seen, labels="identity"), torch.tensor([0, 1, 2, 6, 7, 8])
    names = seen.labels()[0][indices]
    rows = np.concatenate((names, names))
    expected = np.where(rows[:, None] == rows, 1, -1)
    for similarity in (torch.zeros(12, 12), torch.rand(12, 12)):
        np.testing.assert_array_equal(made.mask(similarity, indices), expected)
    right = torch.from_numpy(expected).float()
    assert torch.equal(pairs.mask(right, [3, 3]), right), "a right assignment gives the same mask"
    assert made.individuals == 3


def test_names_are_shown_to_the_oracle_alone(seen, monkeypatch):
    told = []
    monkeypatch.setattr(video_pairs, "fit", lambda seen, params, run: told.append("individual" in seen.meta))
    for labels in ("count", "identity"):
        train.fit("video_pairs", seen, params(labels=labels), runs.Run(1, individuals=3))
    assert told == [False, True]


def accuracy(seen, **settings):
    made = params(epochs=8, lr=3.0, **settings)
    state = train.fit("video_pairs", seen, made, runs.Run(1, individuals=6))
    vectors = video_pairs.embed(seen, made, state)
    return matched(seen.labels()[0], algorithms.kmeans(vectors, 6, 0)).mean()


def test_the_oracle_reaches_what_the_assignment_does(tmp_path):
    seen = video(tmp_path, individuals=6, frames=8, lighting=80)
    assert accuracy(seen, labels="identity") >= accuracy(seen) >= 1 / 6


def test_a_pool_without_a_frozen_backbone_is_refused(seen):
    with pytest.raises(trainer.TrainingError, match=r"a pool needs a frozen backbone"):
        train.fit("video_pairs", seen, params(trainable="full", pool=4), runs.Run(1))


def test_a_pool_needs_no_pass_through_the_backbone_in_training(seen, monkeypatch):
    made = learner(seen, trainable="frozen", pool=3)
    assert made.features.shape == (12, 3, 96)
    monkeypatch.setattr(made.model.encoder.backbone, "forward", None)
    monkeypatch.setattr(seen, "image", None)
    made.model.train()
    first, second, indices = next(iter(made.batches(0)))
    views = made.features[indices]
    assert all((views == view[:, None]).all(2).any(1).all() for view in (first, second))
    made.loss(first, second, indices).backward()
    assert all(parameter.grad is not None for parameter in made.model.encoder.head.parameters())


def test_recomputed_activations_change_nothing(seen):
    learners = [learner(seen, recompute=again) for again in (False, True)]
    states = [trainer.train(one, 2, runs.Run(1)).model.state_dict() for one in learners]
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def test_watching_writes_the_groups_of_every_other_epoch_and_changes_nothing(seen, tmp_path):
    states = []
    for watch in (0, 2):
        folder = tmp_path / str(watch)
        folder.mkdir()
        run = runs.Run(1, individuals=3, folder=folder)
        states.append(train.fit("video_pairs", seen, params(watch=watch, epochs=4), run)["model"])
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
    assert not (tmp_path / "0/groups.parquet").exists()
    groups = tables.read(tmp_path / "2/groups.parquet", "groups")
    assert groups["epoch"].unique().tolist() == [2, 4]
    assert groups.groupby("epoch")["cluster"].nunique().tolist() == [3, 3]
    last = groups[groups["epoch"] == 4].set_index("crop_id").loc[seen.meta["crop_id"]]["cluster"]
    vectors = video_pairs.embed(seen, params(), {"model": states[1]})
    np.testing.assert_array_equal(last, algorithms.kmeans(vectors, 3, 1))


def test_a_collapse_is_told(seen, tmp_path, monkeypatch):
    def constant(self, features):
        return torch.nn.functional.normalize(self.head(features) * 0 + 1)

    run = runs.Run(1, folder=tmp_path)
    trainer.train(learner(seen), 1, run)
    assert 0.01 < json.loads((tmp_path / "history.jsonl").read_text())["spread"] <= 1
    monkeypatch.setattr(video_pairs.views.Projected, "project", constant)
    with pytest.raises(trainer.TrainingError, match="the training has collapsed"):
        trainer.train(learner(seen), 1, runs.Run(1))


@pytest.mark.parametrize("trainable", ["full", "frozen"])
@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "timm/convnextv2_nano"])
def test_the_networks_of_the_paper_train_a_step(seen, name, trainable):
    made = learner(seen.take(range(6)), backbone=name, trainable=trainable, lr=0.03)
    before = copy.deepcopy(made.model.encoder.state_dict())
    made.model.train()
    made.loss(*next(iter(made.batches(0)))).backward()
    made.optimiser.step()
    after = made.model.encoder.state_dict()
    changed = {key.split(".")[0] for key, value in before.items() if not torch.equal(value, after[key])}
    assert changed == ({"backbone", "head"} if trainable == "full" else {"head"})
