"""Re-identification methods: one file each, found by name; only the chosen one is imported.

A file states its facts as literals (read here without running it, so that the workflow's parser needs no torch) and
offers two verbs: `fit(crops, params, run) -> state` and `embed(crops, params, state) -> unit vectors`.
"""

import functools
import importlib
from pathlib import Path

from pugmark import literals

REQUIRED = ("TITLE", "SOURCE", "FAMILY", "LABELS", "PARAMS", "PUBLISHED")
OPTIONAL = {"SEES_TRUTH": False}
FOLDER = Path(__file__).parent


class MethodError(ValueError):
    """An unknown method or setting, or a method file that lacks a literal."""


@functools.cache
def catalogue():
    """{name: literals} of every method file, without importing any."""
    return {path.stem: _literals(path) for path in sorted(FOLDER.glob("*.py")) if path.stem != "__init__"}


def load(name):
    """Import and return the module of method `name`."""
    _known(name, catalogue(), "method")
    return importlib.import_module(f"{__name__}.{name}")


def resolve(name, overrides):
    """The complete parameters of method `name`: its PARAMS with the user's `overrides`. Raises MethodError."""
    _known(name, catalogue(), "method")
    params = catalogue()[name]["PARAMS"]
    for key in overrides:
        _known(key, params, f"setting of method {name}")
    return {**params, **overrides}


def _literals(path):
    found = literals.read(path, {*REQUIRED, *OPTIONAL})
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise MethodError(f"{path.name} does not state {', '.join(missing)} as literals: see the other method files.")
    return {**OPTIONAL, **found}


def _known(word, known, what):
    if word not in known:
        raise MethodError(literals.unknown(word, known, what))
