"""Re-identification methods: one file each, found by name; only the chosen one is imported.

A file states its facts as literals (read here without running it, so that the workflow's parser needs no torch) and
offers two verbs: `fit(crops, params, run) -> state` and `embed(crops, params, state) -> unit vectors`. One that states
CHOOSES has a third, `choose(meta, params, seed) -> row numbers`: which of the named crops it learns from. Where the
vectors come from a network, `network(params, state) -> module` may offer it: from normalised images, B x 3 x H x W, to
vectors, with a `backbone` as learning.backbones makes it. Its pictures can then be explained (explain.py). One that
learns texts of individuals may offer `prototypes(state) -> names, vectors` in the space of its vectors' last numbers.
"""

import functools
import importlib
from pathlib import Path

from pugmark import catalogues, literals

REQUIRED = ("TITLE", "SOURCE", "FAMILY", "LABELS", "PARAMS", "ALLOWED", "PUBLISHED")
OPTIONAL = {
    "SEES_TRUTH": False,  # is shown the names when it embeds: the oracle
    "SEES_PATHS": False,  # is shown the batch and the path of each crop when it embeds: vectors from a file
    "JOINS": False,  # is shown the vectors of the methods that `of` names when it embeds: several side by side
    "CHOOSES": False,  # picks its training crops by itself, from all that are named
    "GROUPING": None,  # the one algorithm of clustering that reads its vectors; None for those of the configuration
    "PRESETS": {},  # named settings, for instance those of the paper that compares it
}
FAMILIES = ("label-free", "video", "supervised", "tracker", "frozen", "file", "control")
UNTRAINED = ("tracker", "frozen", "file", "control")
FOLDER = Path(__file__).parent
COUNT = "the number of individuals (`individuals:`)"


class MethodError(ValueError):
    """An unknown method or setting, or a method file that lacks a literal."""


@functools.cache
def catalogue():
    """{name: literals} of every method file, without importing any."""
    return catalogues.read(FOLDER, REQUIRED, OPTIONAL, MethodError, "docs/adding_a_method.md")


def load(name):
    """Import and return the module of method `name`."""
    _known(name, catalogue(), "method")
    return importlib.import_module(f"{__name__}.{name}")


def explainable(name):
    """Whether method `name` offers its network."""
    return "network" in literals.bound(FOLDER / f"{name}.py")


def resolve(name, overrides):
    """The complete parameters of method `name`: its PARAMS with the user's `overrides`. Raises MethodError.

    `preset` among the overrides names one of the method's PRESETS, which stands below the others.
    """
    _known(name, catalogue(), "method")
    stated, overrides = catalogue()[name], dict(overrides)
    preset = overrides.pop("preset", None)
    if preset is not None:
        if not stated["PRESETS"]:
            raise MethodError(f"Method {name} has no presets: leave `preset` out.")
        _known(preset, stated["PRESETS"], f"preset of method {name}")
        overrides = {**stated["PRESETS"][preset], **overrides}
    return catalogues.laid_over(f"method {name}", stated, overrides, MethodError)


def facts(name, params):
    """The literals of method `name` under `params`: a setting `labels` says which labels it is shown."""
    stated = catalogue()[name]
    return {**stated, "LABELS": params.get("labels", stated["LABELS"])}


def lacking(facts, collection):
    """What a method with these literals needs of a collection (as the plan has it) and does not find, or None."""
    shown = facts["LABELS"].startswith("identity") or facts["SEES_TRUTH"]
    if shown and collection["labels"] == "none" and "synthetic" not in collection:
        return "named individuals (labels: none)"
    if facts["LABELS"] == "count" and not collection["individuals"]:
        return COUNT
    if facts["FAMILY"] == "tracker" and collection["detect"]["name"] == "whole":
        return "boxes to follow from frame to frame (`detect: {name: whole}` makes each picture one box)"
    return None


def counts(facts, params):
    """Whether a method is told the number of individuals, where it is known: if it needs it, or derives k1 from it."""
    return facts["LABELS"] == "count" or (facts["LABELS"] == "none" and params.get("k1", 0) is None)


def learns(facts):
    """Whether a method with these literals is trained at all."""
    return facts["FAMILY"] not in UNTRAINED


def _known(word, known, what):
    catalogues.known(word, known, what, MethodError)
