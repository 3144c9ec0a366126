"""Every setting of every method: it has words and a range, and refuses what cannot be before any work."""

import pathlib
import re
import runpy

import pytest
from places import ROOT

from pugmark import methods
from pugmark.planning import fingerprint

GENERATE = runpy.run_path(str(ROOT / "docs" / "generate.py"))
CATALOGUE = methods.catalogue()
SETTINGS = [(name, key) for name, facts in CATALOGUE.items() for key in facts["PARAMS"]]
SHARE = [-0.1, 1.1, 5, "half", True, None, [0.5]]
COUNT = [0, -1, 1.5, "two", True]
NOT_NEGATIVE = [-1, 1.5, "two", True, None]
POSITIVE = [0, -1, "high", float("nan"), float("inf"), None]
WORD = ["nonsense", 1, True, None]
SWITCH = [1, 0, "yes", None]
# What no method may take, by setting: a wrong type, a value beyond each end of its range, another word.
IMPOSSIBLE = {
    "activation": WORD,
    "amp": SWITCH,
    "area": [-0.1, 1, 2, 10, "half", None],
    "attention": [0, 1.1, "high", None],
    "augment": WORD,
    "backbone": ["", 50, None, ["resnet50"]],
    "batch": COUNT,
    "blur": SHARE,
    "bn_splits": COUNT,
    "branches": [[], ["noised"], ["original", "fused"], "original", None],
    "camera_negatives": COUNT,
    "camera_temperature": POSITIVE,
    "camera_weight": [-1, "much", None],
    "cameras": SWITCH,
    "centers": COUNT,
    "circle": WORD,
    "circle_margin": [-0.1, 1, "wide", None],
    "circle_weight": [-1, "much", None],
    "closeness": [-1, "much", None],
    "colour": SWITCH,
    "colours": WORD,
    "confirm": COUNT,
    "consistency": [["clusters"], ["cluster", "cluster"], "cluster", None],
    "consistency_weight": [-1, "much", None],
    "cutoff": POSITIVE,
    "cutout": SHARE,
    "density": SHARE,
    "descriptors": COUNT,
    "detach": SWITCH,
    "drop_path": [-0.1, 1, "half", None],
    "dropout": [-0.1, 1, 5, "half", None],
    "dve_power": POSITIVE,
    "dve_weight": [-1, "much", None],
    "epochs": NOT_NEGATIVE,
    "eps": [0, -1, 1, 5, "near", None],
    "eps_gap": [-0.1, 1, "near", None],
    "erasing": SHARE,
    "features": ["nonsense", 0, 1, -1, 1.5, None],
    "file": ["", 5],
    "flip": SHARE,
    "flip_whole_batch": SWITCH,
    "frames": COUNT,
    "frozen": NOT_NEGATIVE,
    "gamma": POSITIVE,
    "groups": COUNT,
    "hard_temperature": POSITIVE,
    "height": COUNT,
    "high": SHARE,
    "high_identity": SHARE,
    "high_triplet": [-1, "much", None],
    "identities": [*COUNT, 1],
    "identity_weight": [-1, "much", None],
    "images": COUNT,
    "independent": SHARE,
    "inference": WORD,
    "iterations": COUNT,
    "jitter": [-1, 3, "strong", None],
    "joints": ["", 5, ["joints.csv"]],
    "k1": [*COUNT, 1],
    "k2": COUNT,
    "kappa": [0, -1, "much"],
    "kept": [0, 1.1, "half", None],
    "label_weight": SHARE,
    "labels": WORD,
    "last_stride": [0, 3, "one", True, None],
    "layer": [*WORD, "", "layer9", "layer4.2.conv33", "layer5.0.bn1"],
    "least": [-0.1, 1.6, "small", None],
    "local_parts": COUNT,
    "logit_scale": POSITIVE,
    "loss": WORD,
    "lr": [*POSITIVE, "1e-3"],
    "lr_backbone": [-1, "1e-3", None],
    "margin": [-0.1, "wide", None],
    "match": SHARE,
    "match_low": SHARE,
    "match_new": SHARE,
    "matching": WORD,
    "memory": NOT_NEGATIVE,
    "min_samples": COUNT,
    "min_similarity": [-1.1, 1.1, "high", True],
    "momentum": [3, *SHARE],
    "most": [-0.1, 1.6, "large", None],
    "neighbours": COUNT,
    "new": SHARE,
    "noun": ["", 5, None],
    "padding": NOT_NEGATIVE,
    "part_backbone": ["", 50, None, ["resnet34"]],
    "part_weights": ["", 5, ["resnet34-imagenet"]],
    "parts": COUNT,
    "patch_stride": COUNT,
    "patience": COUNT,
    "pool": ["nonsense", 1, -1, True, None],
    "prompt_batch": [*COUNT, 1],
    "prompt_epochs": NOT_NEGATIVE,
    "prompt_lr": POSITIVE,
    "proxy_temperature": POSITIVE,
    "queue": COUNT,
    "recompute": SWITCH,
    "reset_moments": SWITCH,
    "sampler": WORD,
    "scale": [[0, 1], [0.5, 1.5], [1, 0.2], [0.5], 0.5, "all", None],
    "shared_words": SWITCH,
    "shift": NOT_NEGATIVE,
    "side_weight": [-1, "much", None],
    "sigma": [[0, 1], [2, 1], [1], 1, None],
    "size": [*COUNT, 1],
    "smoothing": [-0.1, 1, 5, "half", None],
    "smoothing_epochs": NOT_NEGATIVE,
    "soft_temperature": POSITIVE,
    "soft_weight": [-1, "much", None],
    "split": WORD,
    "station_weight": [-1, "much", None],
    "step": COUNT,
    "stripes": WORD,
    "teacher_momentum": SHARE,
    "temperature": POSITIVE,
    "trainable": WORD,
    "triplet_epochs": NOT_NEGATIVE,
    "update": WORD,
    "validation": COUNT,
    "vector": WORD,
    "warmup": NOT_NEGATIVE,
    "watch": NOT_NEGATIVE,
    "weight_decay": [-1, "much", None],
    "weights": ["", 5, ["resnet50-imagenet"]],
    "width": COUNT,
    "words": [*COUNT, 61],
}


@pytest.mark.parametrize(("name", "key"), SETTINGS)
def test_what_cannot_be_is_refused_with_the_setting_and_the_remedy(name, key):
    assert key in IMPOSSIBLE, f"tests/methods/test_every_setting.py: add values that {key} must refuse to IMPOSSIBLE."
    for value in IMPOSSIBLE[key]:
        with pytest.raises(methods.MethodError, match=f"{key} of method {name}") as error:
            methods.resolve(name, {key: value})
        assert re.search(r"write |did you mean |known: ", str(error.value)), str(error.value)
        assert str(error.value).count("\n") == 0


@pytest.mark.parametrize(("name", "key"), SETTINGS)
def test_a_near_miss_of_its_name_is_refused_with_the_right_one(name, key):
    with pytest.raises(methods.MethodError) as error:
        methods.resolve(name, {f"{key}z": CATALOGUE[name]["PARAMS"][key]})
    assert str(error.value) == f"Unknown setting of method {name} '{key}z': did you mean '{key}'?"


@pytest.mark.parametrize("name", CATALOGUE)
def test_defaults_and_presets_are_allowed(name):
    facts = CATALOGUE[name]
    assert methods.resolve(name, facts["PARAMS"]) == facts["PARAMS"]
    assert all(methods.resolve(name, {"preset": preset}) for preset in facts["PRESETS"])
    switches = {key for key, value in facts["PARAMS"].items() if isinstance(value, bool)}
    ranges = facts["ALLOWED"].keys()
    assert ranges == facts["PARAMS"].keys() - switches, (
        f"methods/{name}.py: ALLOWED must say what each setting may be (but for true or false) and no more; they "
        f"differ in {', '.join(sorted(ranges ^ (facts['PARAMS'].keys() - switches)))}."
    )


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_value_says_whose_it_is_and_what_it_does(name):
    said = GENERATE["comments"](methods.FOLDER / f"{name}.py", "PARAMS")
    assert said.keys() == CATALOGUE[name]["PARAMS"].keys()
    for key, (mark, words) in said.items():
        assert mark and words, (
            f'methods/{name}.py: begin the comment behind "{key}" with [paper], [code] or [ours: WHY], and go on with '
            "what the setting does."
        )


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_family_states_a_setting_once(name):
    """A method repeats a line of its family only to say something else: a value, or whose it is."""
    (*bases, own), seen = literals_of(name), {}
    for stated in bases:
        seen |= stated
    assert [key for key, line in own.items() if seen.get(key) == line] == []


def literals_of(name):
    """[{setting: (source of its value, comment)}] of the dicts that make the method's PARAMS, base first."""
    found = []
    for file, stated in GENERATE["literals"].parts(methods.FOLDER / f"{name}.py", "PARAMS"):
        lines = pathlib.Path(file).read_text().splitlines()
        found.append({key.value: lines[key.lineno - 1].strip() for key in stated.keys})
    return found


def test_an_edit_to_a_family_counts_for_its_methods_alone():
    family = {"cluster_contrast", "fancl", "ice", "pplr", "spcl"}
    reached = {name for name in CATALOGUE if "learning.pseudo" in fingerprint.closure(f"methods.{name}")}
    assert reached == family


def test_a_preset_stands_below_the_users_own_settings():
    params = methods.resolve("pcb", {"preset": "matched", "width": 64})
    assert (params["height"], params["width"]) == (128, 64)
    with pytest.raises(methods.MethodError, match="did you mean 'matched'"):
        methods.resolve("pcb", {"preset": "mached"})
    with pytest.raises(methods.MethodError, match=r"Unknown preset of method pcb \['matched'\]"):
        methods.resolve("pcb", {"preset": ["matched"]})
    with pytest.raises(methods.MethodError, match="Method fancl has no presets"):
        methods.resolve("fancl", {"preset": "matched"})


def test_a_setting_says_which_labels_are_seen():
    assert methods.facts("cluster_contrast", {"labels": "identity"})["LABELS"] == "identity"
    assert methods.facts("cluster_contrast", methods.resolve("cluster_contrast", {}))["LABELS"] == "none"


def test_what_may_be_is_taken():
    params = methods.resolve(
        "fancl", {"weights": None, "lr": 1, "consistency": [], "branches": ["original"], "flip": 0}
    )
    assert (params["weights"], params["lr"], params["consistency"]) == (None, 1, [])
    for value in (0.5, -0.5, None):
        assert methods.resolve("video_pairs", {"min_similarity": value})["min_similarity"] == value


LABELS = {"none", "identity", "identity+orientation", "count"}


@pytest.mark.parametrize("name", CATALOGUE)
def test_literals_are_complete(name):
    facts = CATALOGUE[name]
    assert facts["FAMILY"] in methods.FAMILIES, (
        f"methods/{name}.py: FAMILY must be one of {', '.join(methods.FAMILIES)}."
    )
    assert facts["LABELS"] in LABELS, f"methods/{name}.py: LABELS must be one of {', '.join(sorted(LABELS))}."
    assert facts["TITLE"] and facts["SOURCE"], f"methods/{name}.py: TITLE and SOURCE must not be empty."
    for entry in facts["PUBLISHED"]:
        assert set(entry) == {"data", "metric", "value", "setting"} and 0 < entry["value"] <= 1, (
            f"methods/{name}.py: an entry of PUBLISHED has data, metric, value (0 to 1) and setting: {entry}."
        )
    assert facts["SEES_TRUTH"] == (name == "oracle"), "only the oracle may see the truth when it embeds."
