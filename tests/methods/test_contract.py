"""The contract that every method file keeps, found by name; and what single methods promise beyond it."""

import copy
import functools
import json
import re

import numpy as np
import pytest
import torch
from learning import crop_tables
from sklearn.metrics import average_precision_score

from pugmark import methods
from pugmark.clustering import algorithms
from pugmark.learning import checkpoint, crops, teacher, trainer
from pugmark.learning import run as runs
from pugmark.stages import train

# Whatever of these a method has is made small; the rest of its defaults stand.
SMALL = {
    "backbone": "timm/test_resnet",
    "weights": None,
    "height": 32,
    "width": 32,
    "epochs": 2,
    "iterations": 2,
    "batch": 6,
    "identities": 3,
    "images": 2,
    "k1": 4,
    "k2": 2,
    "min_samples": 2,
    "warmup": 1,
    "neighbours": 3,
    "smoothing_epochs": 1,
}
# At the rates for six crops, and for thousands of steps, their first steps would be lost in rounding.
OWN = {"simclr": {"lr": 10.0}, "moco": {"momentum": 0.5}}
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
FAMILIES = {"control", "supervised", "label-free", "video", "tracker"}
LABELS = {"none", "identity", "identity+orientation", "count"}


def ids(cases):
    return ["-".join([name, *(f"{key}={value}" for key, value in variant.items())]) for name, variant in cases]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    crop_tables.write(folder, table, labels, split)
    return crops.read_split(folder / "batches", split, 255)


def small(name, variant):
    defaults = methods.catalogue()[name]["PARAMS"]
    given = {key: value for key, value in SMALL.items() if key in defaults}
    return methods.resolve(name, given | OWN.get(name, {}) | variant)


def fitted(name, variant, seen, seed=1, folder=None):
    return train.fit(name, seen, small(name, variant), runs.Run(seed, {}, 3, folder, "key"))


def assert_same(found, expected):
    """Two states are equal bit for bit."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_same(found[key], value)
    elif isinstance(expected, torch.Tensor):
        assert torch.equal(found, expected)
    else:
        assert found == expected


@functools.cache
def _reference(name, variant, seen):
    variant = json.loads(variant)
    state = fitted(name, variant, seen)
    return state, methods.load(name).embed(seen, small(name, variant), state)


def reference(name, variant, seen):
    """State and vectors of one uninterrupted training, made once."""
    return _reference(name, json.dumps(variant), seen)


@pytest.mark.parametrize("name", methods.catalogue())
def test_literals_are_complete(name):
    facts = methods.catalogue()[name]
    assert facts["FAMILY"] in FAMILIES and facts["LABELS"] in LABELS
    assert facts["TITLE"] and facts["SOURCE"]
    assert all(set(entry) == {"data", "metric", "value", "setting"} for entry in facts["PUBLISHED"])
    assert all(0 < entry["value"] <= 1 for entry in facts["PUBLISHED"])
    assert facts["SEES_TRUTH"] == (name == "oracle")
    assert all(methods.resolve(name, {"preset": preset}) for preset in facts["PRESETS"])
    source = (methods.FOLDER / f"{name}.py").read_text()
    assert all(re.search(rf'^    "{key}": .*#', source, re.M) for key in facts["PARAMS"]), "a setting lacks a comment"


def test_a_preset_stands_below_the_users_own_settings():
    params = methods.resolve("pcb", {"preset": "matched", "width": 64})
    assert (params["height"], params["width"]) == (128, 64)
    with pytest.raises(methods.MethodError, match="did you mean 'matched'"):
        methods.resolve("pcb", {"preset": "mached"})


def test_a_setting_says_which_labels_are_seen():
    assert methods.facts("cluster_contrast", {"labels": "identity"})["LABELS"] == "identity"
    assert methods.facts("cluster_contrast", methods.resolve("cluster_contrast", {}))["LABELS"] == "none"


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_vectors_are_finite_and_of_unit_norm(case, seen):
    features = reference(*case, seen)[1]
    assert features.dtype == np.float32 and features.shape[0] == len(seen) == 12
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)
    assert len(np.unique(features, axis=0)) > 1


@pytest.mark.parametrize("case", ALONE, ids=ids(ALONE))
def test_the_size_and_the_vector_of_a_crop_do_not_depend_on_the_other_crops(case, seen):
    name, variant = case
    state, features = reference(name, variant, seen)
    alone = methods.load(name).embed(seen.take([5]), small(name, variant), state)
    assert alone.shape == (1, features.shape[1])
    np.testing.assert_allclose(alone[0], features[5], atol=0.02)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_the_seed_decides(case, seen):
    name, variant = case
    features = reference(name, variant, seen)[1]
    again = methods.load(name).embed(seen, small(name, variant), fitted(name, variant, seen))
    other = methods.load(name).embed(seen, small(name, variant), fitted(name, variant, seen, seed=2))
    np.testing.assert_array_equal(again, features)
    # A network starts from random numbers; without one a method may well be the same for every seed.
    assert not np.array_equal(other, features) or "backbone" not in small(name, variant)


@pytest.mark.parametrize("case", CASES, ids=ids(CASES))
def test_a_saved_state_gives_the_same_vectors(case, seen, tmp_path):
    name, variant = case
    state, features = reference(name, variant, seen)
    checkpoint.save(tmp_path / "model.pt", {"state": state})
    loaded = checkpoint.load(tmp_path / "model.pt")["state"]
    np.testing.assert_array_equal(methods.load(name).embed(seen, small(name, variant), loaded), features)


@pytest.mark.parametrize("case", LEARNING, ids=ids(LEARNING))
def test_training_changes_what_learns_and_nothing_frozen(case, seen, monkeypatch):
    parameters, followers = {}, set()

    def following(slow, fast, momentum, follow=teacher.follow):
        pairs = zip(slow.parameters(), fast.parameters(), strict=True)
        followers.update(id(behind) for behind, ahead in pairs if ahead.requires_grad)
        follow(slow, fast, momentum)

    def spied(learner, epochs, run, train=trainer.train):
        before = copy.deepcopy(dict(learner.model.named_parameters()))
        after = dict(train(learner, epochs, run).model.named_parameters())
        parameters.update({key: (value, after[key]) for key, value in before.items()})

    monkeypatch.setattr(trainer, "train", spied)
    monkeypatch.setattr(teacher, "follow", following)
    fitted(*case, seen)
    assert any(after.requires_grad for _, after in parameters.values())
    for key, (before, after) in parameters.items():
        assert torch.equal(before, after) != (after.requires_grad or id(after) in followers), key


@pytest.mark.parametrize("case", LEARNING, ids=ids(LEARNING))
def test_a_resumed_training_equals_an_uninterrupted_one(case, seen, tmp_path, monkeypatch):
    state, _ = reference(*case, seen)

    def stop(path, content, save=checkpoint.save):
        save(path, content)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoint, "save", stop)
        fitted(*case, seen, folder=tmp_path)
    assert len(checkpoint.load(tmp_path / "checkpoint.pt")["history"]) == 1
    resumed = fitted(*case, seen, folder=tmp_path)
    assert len((tmp_path / "history.jsonl").read_text().splitlines()) == 2
    assert_same(resumed, state)


@pytest.mark.parametrize("name", methods.catalogue())
def test_identities_are_withheld_from_methods_that_need_none(name, seen, monkeypatch):
    told = {}

    def spied(crops, params, run):
        told.update(columns=set(crops.meta.columns), individuals=run.individuals)
        return {}

    monkeypatch.setattr(methods.load(name), "fit", spied)
    fitted(name, {}, seen)
    labels = methods.catalogue()[name]["LABELS"]
    assert ("individual" in told["columns"]) == labels.startswith("identity")
    assert not told["columns"] & {"path", "split", "image"}
    assert told["individuals"] == (3 if labels == "count" else None)


def test_the_oracle_knows_everybody(seen):
    features = reference("oracle", {}, seen)[1]
    names = seen.meta["individual"].to_numpy()
    same = names[:, None] == names
    similarity = features @ features.T
    assert similarity[same].min() > 0.9999 and similarity[~same].max() < 0.6


def test_the_oracle_tells_unnamed_crops_apart(seen):
    unnamed = seen.take(range(3))
    unnamed.meta["individual"] = [None, None, "cow 0"]
    features = methods.load("oracle").embed(unnamed, {"size": 64}, {})
    assert (features @ features.T)[~np.eye(3, dtype=bool)].max() < 0.6


def test_random_depends_on_seed_and_crop_alone(seen):
    embed = methods.load("random").embed
    backwards = embed(seen.take(range(11, -1, -1)), {"size": 8}, {"seed": 1})
    np.testing.assert_array_equal(backwards[::-1], embed(seen, {"size": 8}, {"seed": 1}))


def test_pixels_ignore_brightness_and_contrast(seen):
    class Image:
        meta = seen.meta[:2]

        def __len__(self):
            return 2

        def image(self, index):
            ramp = np.add.outer(np.arange(32), np.arange(32)).astype(np.uint8)[..., None].repeat(3, 2)
            return ramp if index == 0 else 40 + 2 * ramp

    first, second = methods.load("pixels").embed(Image(), methods.resolve("pixels", {}), {})
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert len(methods.load("pixels").embed(Image(), methods.resolve("pixels", {"colour": True}), {})[0]) == 3 * 32 * 32


BOUND = {"labels": "identity", "iterations": 8, "identities": 6, "images": 4, "lr": 0.003, "erasing": 0, "epochs": 5}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("cluster_contrast", {"iterations": 8, "identities": 6, "images": 4, "lr": 0.003, "erasing": 0, "epochs": 5}),
        ("spcl", BOUND),
        ("ice", BOUND | {"teacher_momentum": 0.9, "blur": 0}),
        ("pplr", BOUND | {"smoothing_epochs": 2}),
        ("resnet50", {"batch": 12, "epochs": 12, "lr": 0.01, "lr_backbone": 0.01}),
    ],
)
def test_true_labels_make_the_loss_fall_and_the_ranking_better(name, settings, tmp_path, monkeypatch):
    table, labels, split = crop_tables.rows(individuals=6, frames=6, lighting=80)
    crop_tables.write(tmp_path, table, labels, split)
    seen = crops.read_split(tmp_path / "batches", split, 255)
    truth = seen.labels()[0]
    monkeypatch.setattr(algorithms, "pseudo_labels", lambda *given: truth.astype(np.int32))
    reached = []
    for epochs in (0, settings["epochs"]):
        state = fitted(name, {**settings, "epochs": epochs}, seen, folder=tmp_path)
        features = methods.load(name).embed(seen, small(name, settings), state)
        reached.append(mean_average_precision(features @ features.T, truth))
    losses = [json.loads(line)["loss"] for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0] / 2
    assert reached[1] > reached[0] + 0.1, reached


def mean_average_precision(similarity, labels):
    scores = []
    for query, row in enumerate(similarity):
        others = np.arange(len(labels)) != query
        scores.append(average_precision_score(labels[others] == labels[query], row[others]))
    return np.mean(scores)


@pytest.mark.parametrize("name", methods.catalogue())
def test_defaults_and_presets_are_among_the_choices(name):
    facts = methods.catalogue()[name]
    assert methods.resolve(name, facts["PARAMS"]) == facts["PARAMS"]
    assert facts["CHOICES"].keys() <= facts["PARAMS"].keys()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"labels": "identities"}, "Unknown labels of method fancl 'identities': did you mean 'identity'?"),
        ({"consistency": ["clusters"]}, "Unknown consistency of method fancl 'clusters': did you mean 'cluster'?"),
        ({"height": "big"}, "height of method fancl is 'big': write a whole number, such as 128."),
        ({"height": 128.5}, "height of method fancl is 128.5: write a whole number, such as 128."),
        ({"lr": "1e-3"}, "lr of method fancl is '1e-3': write a number, such as 0.00035; in YAML write 0.001."),
        ({"branches": "original"}, "branches of method fancl is 'original': write a list"),
        ({"amp": 1}, "amp of method fancl is 1: write true or false"),
        ({"epochs": True}, "epochs of method fancl is True: write a whole number"),
        ({"epochs": -1}, "epochs of method fancl is -1: write a whole number of at least 0, such as 60."),
        ({"lr": float("nan")}, "lr of method fancl is nan: write a number of at least 0, such as 0.00035."),
        ({"preset": "matched"}, "Method fancl has no presets"),
    ],
)
def test_values_that_cannot_be_are_refused_before_any_work(settings, said):
    with pytest.raises(methods.MethodError) as error:
        methods.resolve("fancl", settings)
    assert said in str(error.value)


def test_null_numbers_for_numbers_and_no_file_are_taken():
    params = methods.resolve("fancl", {"weights": None, "lr": 1, "consistency": []})
    assert (params["weights"], params["lr"], params["consistency"]) == (None, 1, [])


def test_a_limit_that_is_null_may_be_a_number_and_no_word():
    assert methods.resolve("video_pairs", {"min_similarity": 0.5})["min_similarity"] == 0.5
    assert methods.resolve("video_pairs", {"min_similarity": -0.5})["min_similarity"] == -0.5
    assert methods.resolve("video_pairs", {"min_similarity": None})["min_similarity"] is None
    said = "min_similarity of method video_pairs is 'high': write a number or null."
    with pytest.raises(methods.MethodError, match=said):
        methods.resolve("video_pairs", {"min_similarity": "high"})
