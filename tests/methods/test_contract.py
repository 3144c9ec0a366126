"""The contract that every method file keeps; the methods are found by name. A broken promise says what to change."""

import copy
import functools
import json

import numpy as np
import pandas as pd
import pytest
import torch
from learning import crop_tables
from methods import small

from pugmark import methods
from pugmark.learning import checkpoint, crops, teacher, trainer

# Settings that lead to code of their own.
VARIANTS = {
    "video_pairs": [
        {"trainable": "frozen"},
        {"trainable": "frozen", "pool": 3},
        {"loss": "supcon", "recompute": True},
        {"loss": "supcon_learnable", "matching": "consensus"},
        {"labels": "identity", "watch": 1},
    ],
    "simclr": [{"augment": "crops", "features": "backbone"}],
    "moco": [{"bn_splits": 2, "queue": 2, "recompute": True}],
    "fancl": [
        {"branches": ["original", "noised"], "consistency": ["instance"], "density": 0.5, "activation": "epoch"},
        {"inference": "both", "consistency": [], "layer": "bn1"},
        {"labels": "identity"},
    ],
    "part_dve": [
        {"circle": "anchor", "flip_whole_batch": True, "dve_power": 1.0, "iterations": 3},
        {"dve_weight": 0.0},
    ],
    "base_resnet50": [{"sampler": "shuffled", "side_weight": 0.0, "circle_weight": 0.0, "last_stride": 1}],
    "clip_zs": [{"vector": "both", "colours": "half"}],
    "clip_ft": [{"backbone": "open_clip/tiny-rn", "height": 64, "width": 64, "flip": 0.0}],
    "clip_reid": [{"backbone": "open_clip/tiny-rn", "height": 64, "width": 64, "identity_weight": 1.0}],
    "care": [{"shared_words": True, "kappa": 10.0}],
    "pgcfl": [{"triplet_epochs": 0, "last_stride": 2}],
    "pcb": [{"stripes": "cols", "vector": "reduced"}],
    "supervised_video": [{"trainable": "frozen", "split": "temporal"}],
    "cluster_contrast": [{"pool": "gem", "update": "hard"}, {"labels": "identity"}],
    "spcl": [{"labels": "identity"}],
    "ice": [{"labels": "identity", "cameras": True}],
    "pplr": [{"labels": "identity", "stripes": "cols", "reset_moments": False}],
}
CASES = [(name, {}) for name in methods.catalogue()]
CASES += [(name, variant) for name, variants in VARIANTS.items() for variant in variants]
LEARNING = [case for case in CASES if methods.learns(methods.catalogue()[case[0]])]
# A track is its boxes in all frames.
ALONE = [case for case in CASES if methods.catalogue()[case[0]]["FAMILY"] != "tracker"]


def ids(cases):
    return ["-".join([name, *(f"{key}={value}" for key, value in variant.items())]) for name, variant in cases]


every_case = pytest.mark.parametrize("case", CASES, ids=ids(CASES))
every_learner = pytest.mark.parametrize("case", LEARNING, ids=ids(LEARNING))


@pytest.fixture(autouse=True)
def where_the_vectors_lie(seen, folder, monkeypatch):
    monkeypatch.chdir(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("crops")


@pytest.fixture(scope="module")
def seen(folder):
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    crop_tables.write(folder, table, labels, split)
    brought = {"crop_id": table["crop_id"], "vector": [[1.0, at] for at in range(len(table))]}
    pd.DataFrame(brought).to_parquet(folder / "vectors.parquet")
    shown = crops.read_split(folder / "batches", split, 255)
    shown.beside = [np.random.default_rng(size).normal(size=(len(table), size)).astype(np.float32) for size in (3, 5)]
    return shown


def embedded(name, variant, seen, state):
    return methods.load(name).embed(seen, small.params(name, variant), state)


@functools.cache
def _reference(name, variant, seen):
    variant = json.loads(variant)
    state = small.fitted(name, variant, seen)
    return state, embedded(name, variant, seen, state)


def reference(name, variant, seen):
    """State and vectors of one uninterrupted training, made once."""
    return _reference(name, json.dumps(variant), seen)


def difference(found, expected, at="state"):
    """Where two states are not equal bit for bit, or None."""
    if isinstance(expected, dict):
        if found.keys() != expected.keys():
            return at
        parts = (difference(found[key], value, f"{at}[{key!r}]") for key, value in expected.items())
        return next((part for part in parts if part), None)
    same = torch.equal(found, expected) if isinstance(expected, torch.Tensor) else found == expected
    return None if same else at


@every_learner
def test_it_trains_in_mixed_precision(case, seen, monkeypatch):
    def halved(learner):
        learner.half, move = torch.bfloat16, learner.model.to("cpu")
        assert move is learner.model
        return torch.amp.GradScaler("cpu", enabled=False)

    monkeypatch.setattr(trainer, "_move", halved)
    try:
        small.fitted(*case, seen)
    except RuntimeError as error:
        raise AssertionError(
            f"{case[0]} does not train in mixed precision, as it would on a GPU ({error}): turn vectors into float32 "
            "before a loss, and multiply them with `contrast.cosines`."
        ) from error


@every_case
def test_embed_gives_one_finite_unit_vector_per_crop(case, seen):
    features = reference(*case, seen)[1]
    assert isinstance(features, np.ndarray) and features.dtype == np.float32 and features.ndim == 2, (
        f"{case[0]}.embed must return a float32 array, N x D: end it with `norm.unit(...)`."
    )
    assert len(features) == len(seen), (
        f"{case[0]}.embed returned {len(features)} vectors for {len(seen)} crops: return one per crop, in their order."
    )
    lengths = np.linalg.norm(features, axis=1)
    assert np.allclose(lengths, 1, atol=1e-5), (
        f"{case[0]}.embed returned vectors of length {lengths.min():.3g} to {lengths.max():.3g}: scale each to 1 with "
        "`norm.unit`, and look for a division by zero if one is NaN."
    )
    assert len(np.unique(features, axis=0)) > 1, (
        f"{case[0]}.embed gave every crop the same vector: check that it reads `crops.image(i)`, and that training "
        "does not collapse."
    )


@pytest.mark.parametrize("case", ALONE, ids=ids(ALONE))
def test_the_vector_of_a_crop_does_not_depend_on_the_other_crops(case, seen):
    state, features = reference(*case, seen)
    alone = embedded(*case, seen.take([5]), state)
    assert alone.shape == (1, features.shape[1]), (
        f"{case[0]}.embed gave {alone.shape[1]} numbers for one crop and {features.shape[1]} among twelve: take the "
        "size from the params or the state, never from the crops."
    )
    assert np.allclose(alone[0], features[5], atol=0.02), (
        f"{case[0]}.embed gave a crop another vector among other crops, but batches are embedded one by one: put the "
        "network into eval mode (`inference.extract` does), and normalise nothing over the crops at hand."
    )


@every_case
def test_the_seed_decides(case, seen):
    features = reference(*case, seen)[1]
    again = embedded(*case, seen, small.fitted(*case, seen))
    other = embedded(*case, seen, small.fitted(*case, seen, seed=2))
    assert np.array_equal(again, features), (
        f"{case[0]} gave other vectors when trained again with the same seed: draw every random number from `run.seed` "
        "(a generator such as `np.random.default_rng((run.seed, epoch))`) or from torch's own, which is seeded."
    )
    # A network starts from random numbers; without one a method may well be the same for every seed.
    assert not np.array_equal(other, features) or "backbone" not in small.params(*case), (
        f"{case[0]} gave the same vectors under two seeds: its initial weights or its batches ignore `run.seed`."
    )


@every_case
def test_a_saved_state_gives_the_same_vectors(case, seen, tmp_path):
    state, features = reference(*case, seen)
    checkpoint.save(tmp_path / "model.pt", {"state": state})
    loaded = checkpoint.load(tmp_path / "model.pt")["state"]
    assert np.array_equal(embedded(*case, seen, loaded), features), (
        f"{case[0]}.embed gave other vectors from the saved state than from the state in memory: what embed needs must "
        "be part of what fit returns, as tensors, numbers, texts, lists and dicts."
    )


@every_learner
def test_training_changes_what_learns_and_nothing_frozen(case, seen, monkeypatch):
    parameters, followers = {}, set()

    def following(slow, fast, momentum, follow=teacher.follow):
        pairs = zip(slow.parameters(), fast.parameters(), strict=True)
        followers.update(id(behind) for behind, ahead in pairs if ahead.requires_grad)
        follow(slow, fast, momentum)

    def spied(learner, epochs, run, train=trainer.train):
        before = copy.deepcopy(dict(learner.model.named_parameters()))
        trained = train(learner, epochs, run)
        after = dict(trained.model.named_parameters())
        parameters.update({key: (value, after[key]) for key, value in before.items()})
        return trained

    monkeypatch.setattr(trainer, "train", spied)
    monkeypatch.setattr(teacher, "follow", following)
    small.fitted(*case, seen)
    assert any(after.requires_grad for _, after in parameters.values()), (
        f"{case[0]} trains nothing: call `trainer.train` in fit with a learner whose `model` has parameters that "
        "require a gradient, or state FAMILY as frozen."
    )
    for key, (before, after) in parameters.items():
        learns = after.requires_grad or id(after) in followers
        assert torch.equal(before, after) != learns, (
            f"{case[0]}: the training left {key} as it was, although it requires a gradient: use it in the loss and "
            "hand it to the optimiser, or freeze it with `requires_grad_(False)`."
            if learns
            else f"{case[0]}: the training changed {key}, which is frozen: keep it out of the optimiser."
        )


@every_learner
def test_a_resumed_training_equals_an_uninterrupted_one(case, seen, tmp_path, monkeypatch):
    state, _ = reference(*case, seen)

    def interrupted(where, save=checkpoint.save):
        """Stop after the first checkpoint below one of these folders; its folder."""

        def stop(path, content):
            save(path, content)
            if path.parent in where:
                raise KeyboardInterrupt(path.parent)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt) as stopped:
            patch.setattr(checkpoint, "save", stop)
            small.fitted(*case, seen, folder=tmp_path)
        (folder,) = stopped.value.args
        assert len(checkpoint.load(folder / "checkpoint.pt")["history"]) == 1
        return folder

    # A training may have a first part in a folder of its own.
    if interrupted((tmp_path, tmp_path / "words")) != tmp_path:
        interrupted((tmp_path,))
    resumed = small.fitted(*case, seen, folder=tmp_path)
    assert len((tmp_path / "history.jsonl").read_text().splitlines()) == 2
    where = difference(resumed, state)
    assert where is None, (
        f"{case[0]}: after a stop and a resume, {where} differs from that of an uninterrupted training: keep all that "
        "changes while training in the learner's `model` (as parameters or buffers), and draw from (seed, epoch)."
    )


@pytest.mark.parametrize("name", methods.catalogue())
def test_identities_are_withheld_from_methods_that_need_none(name, seen, monkeypatch):
    told = {}

    def spied(crops, params, run):
        told.update(columns=set(crops.meta.columns), individuals=run.individuals)
        return {}

    monkeypatch.setattr(methods.load(name), "fit", spied)
    small.fitted(name, {}, seen)
    labels = methods.catalogue()[name]["LABELS"]
    assert ("individual" in told["columns"]) == labels.startswith("identity")
    assert not told["columns"] & {"path", "split", "image"}
    assert told["individuals"] == (3 if labels == "count" else None)
