"""ICE beside what the contract of the methods proves."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from learning import crop_tables
from torch.nn import functional as F

from pugmark import methods
from pugmark.learning import crops, inference, instances
from pugmark.learning.run import Run
from pugmark.methods import ice

SMALL = {"backbone": "timm/test_resnet", "weights": None, "height": 32, "width": 32, "iterations": 2}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A learner of 4 individuals with 6 crops each, alternately from two stations, named as clusters."""
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    table, labels, split = crop_tables.rows(individuals=4, frames=6)
    split["station"] = [None if i // 4 % 2 else "north" for i in range(24)]
    crop_tables.write(tmp_path, table, labels, split)
    seen = crops.read_split(tmp_path / "batches", split, 255)

    def make(**settings):
        torch.manual_seed(0)
        settings = SMALL | {"labels": "identity", "identities": 3} | settings
        return ice.ICE(seen, methods.resolve("ice", settings), Run(1))

    return make


def test_the_teacher_has_no_gradient_and_follows_the_student(made):
    learner = made(teacher_momentum=0.9)
    batch = next(iter(learner.batches(0)))
    learner.model.train()
    before = copy.deepcopy(learner.model.encoder)
    learner.loss(*batch).backward()
    assert all(p.grad is None and not p.requires_grad for p in learner.model.encoder.parameters())
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in learner.model.student.parameters())
    learner.optimiser.step()
    learner.after_step()
    students = learner.model.student.parameters()
    for slow, old, fast in zip(learner.model.encoder.parameters(), before.parameters(), students, strict=True):
        torch.testing.assert_close(slow, 0.9 * old + 0.1 * fast)


def test_the_teacher_and_not_the_student_says_who_is_alike(made):
    learner = made()
    with torch.no_grad():
        for parameter in learner.model.student.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    sizes = learner.crops, 32, 32
    teachers, students = (inference.extract(learner.model[name], *sizes) for name in ("encoder", "student"))
    assert np.abs(teachers - students).max() > 0.1
    np.testing.assert_allclose(learner.features(), teachers, atol=1e-5)


def test_the_student_learns_from_the_first_view_and_the_teacher_keys_and_references_from_the_others(made, monkeypatch):
    learner, given = made(), []
    strong, other, weak, indices = next(iter(learner.batches(0)))
    learner.model.eval()
    monkeypatch.setattr(learner, "objective", lambda *vectors: given.extend(vectors))
    learner.loss(strong, other, weak, indices)
    with torch.no_grad():
        expected = learner.model.student.raw(strong), learner.model.encoder(other), learner.model.encoder(weak)
    for found, wanted in zip(given, expected, strict=False):
        torch.testing.assert_close(found, wanted)
    assert len(given) == 4 and given[3] is indices


def test_running_statistics_are_the_teachers_own_and_the_student_sees_one_view(made):
    learner = made()
    strong, other, weak, indices = next(iter(learner.batches(0)))
    learner.model.train()
    alone = copy.deepcopy(learner.model)
    learner.loss(strong, other, weak, indices)
    with torch.no_grad():
        alone.student(strong), alone.encoder(other), alone.encoder(weak)
    assert torch.equal(learner.model.student.norm.running_mean, alone.student.norm.running_mean)
    assert torch.equal(learner.model.encoder.norm.running_mean, alone.encoder.norm.running_mean)
    assert not torch.equal(learner.model.student.norm.running_mean, learner.model.encoder.norm.running_mean)


def test_two_views_are_strong_and_one_is_the_crop_itself(made):
    learner = made(padding=20, erasing=1.0)
    first, second, weak, indices = next(iter(learner.batches(0)))
    assert not torch.equal(first, second)
    rows, place = indices.tolist(), {}
    for i, row in enumerate(rows):
        assert torch.equal(weak[i], weak[place.setdefault(row, i)])
    plain = ice.transforms.test_recipe(32, 32)(learner.crops.image(rows[0]))[None]
    torch.testing.assert_close(weak[:1], ice.transforms.normalise(plain), atol=1e-5, rtol=1e-5)


def test_the_proxies_are_means_of_unit_features_and_no_unit_vectors(made):
    learner = made()
    learner.batches(0)
    features, labels = torch.from_numpy(learner.features()), torch.from_numpy(learner.groups())
    torch.testing.assert_close(learner.proxies, torch.stack([features[labels == c].mean(0) for c in range(4)]))
    assert (learner.proxies.norm(dim=1) < 1).all()


def test_outliers_belong_to_no_proxy_and_each_station_has_its_own(made):
    learner = made()
    features, labels = F.normalize(torch.randn(24, 5)), torch.arange(24) % 4
    labels[labels == 2] = -1
    labels[labels == 3] = 2
    learner.start(features, labels)
    assert learner.station_proxies.shape == (6, 5) and sorted(learner.owners.tolist()) == [0, 0, 1, 1, 2, 2]
    mine = features[(labels == 1) & (learner.stations == learner.stations[0])].mean(0)
    assert ((learner.station_proxies[learner.owners == 1] - F.normalize(mine, dim=0)).norm(dim=1) < 1e-5).sum() == 1
    torch.testing.assert_close(learner.station_proxies.norm(dim=1), torch.ones(6))


def test_the_loss_is_the_sum_of_its_terms_and_the_proxies_meet_raw_features(made):
    learner = made(cameras=True)
    learner.batches(0)
    size = learner.proxies.shape[1]
    raw, keys, references = torch.randn(3, 8, size)
    keys, references = F.normalize(keys), F.normalize(references)
    indices, queries = torch.arange(8), F.normalize(raw)
    labels = learner.labels(indices)
    logits = (raw @ learner.proxies.T / 0.5).log_softmax(1)
    smooth = -(0.9 * logits[torch.arange(8), labels] + 0.1 * logits.mean(1)).mean()
    cameras = learner.stations[indices], learner.station_proxies, learner.owners
    expected = (
        smooth
        + instances.hard_contrast(queries, keys, labels, 0.1)
        + 10 * instances.consistency(queries, keys, references, 0.4)
        + 0.5 * instances.camera_contrast(queries, labels, *cameras, 0.07, 50)
    )
    torch.testing.assert_close(learner.objective(raw, keys, references, indices), expected)
    # A longer feature changes what the proxies say, so that they cannot have been given unit vectors.
    assert not torch.isclose(learner.objective(2 * raw, keys, references, indices), expected)


def test_stations_matter_only_where_asked_for(made):
    given = []
    for cameras in (False, True):
        learner = made(cameras=cameras)
        learner.batches(0)
        raw = torch.randn(8, learner.proxies.shape[1], generator=torch.Generator().manual_seed(0))
        given.append(learner.objective(raw, F.normalize(raw), F.normalize(raw), torch.arange(8)))
    assert given[1] > given[0]


def test_crops_without_a_station_share_one():
    found = ice.stations(pd.DataFrame({"station": ["b", None, "a", None, "b"]}))
    assert found.dtype == np.int64 and found.tolist() == [2, 0, 1, 0, 2]
    assert ice.stations(pd.DataFrame({"station": [None, None]})).tolist() == [0, 0]


def test_the_learning_rate_warms_up_from_a_tenth_and_then_stays(made):
    learner, rates = made(lr=1.0, warmup=10), []
    for _ in range(13):
        rates.append(learner.optimiser.param_groups[0]["lr"])
        learner.optimiser.step()
        learner.after_epoch()
    assert rates == pytest.approx([0.1 + 0.09 * min(epoch, 10) for epoch in range(13)])


def test_without_a_warm_up_the_learning_rate_is_whole_from_the_start(made):
    learner, rates = made(lr=1.0, warmup=0), []
    for _ in range(3):
        rates.append(learner.optimiser.param_groups[0]["lr"])
        learner.optimiser.step()
        learner.after_epoch()
    assert rates == [1.0] * 3
