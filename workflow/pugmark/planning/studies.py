"""Studies: grids of settings whose cells are ordinary methods, so rules and cache need not know about studies.

A study names axes. Each value of an axis is a named group of settings. Each combination of one value per axis is a
cell, and becomes the entry STUDY.CELL of `methods`. This is read whenever the workflow is parsed, so it imports nothing
heavy.
"""

import functools
import itertools
import re
from pathlib import Path

from pugmark import literals
from pugmark.planning import configuration
from pugmark.planning.configuration import ConfigError

FOLDER = Path(__file__).parents[2] / "studies"
MERGED = ("settings", "grid")  # keys of a ready-made study that are overridden key by key


@functools.cache
def ready_made():
    """{name: path} of the studies that come with the package."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


def expand(config):
    """A copy of a completed `config` in which each study is as `_study` returns it, and its cells are in `methods`.

    Raises ConfigError.
    """
    made = config | {"methods": dict(config["methods"]), "studies": {}}
    for name, given in config["studies"].items():
        study, entries = _study(name, _laid_over(name, given), config["collections"])
        taken = entries.keys() & config["methods"].keys()
        if taken:
            raise ConfigError(f"methods.{min(taken)}: study {name} has a cell of this name: rename the method.")
        made["methods"] |= entries
        made["studies"][name] = study
    return made


def offered(config, collection, own):
    """{method: whether it must run} of the methods that `collection` may run in an expanded `config`.

    own: the collection's own list of methods, None or empty for all. The methods that it names must run. So must the
    cells of a study that names the collection, whatever the list says. Raises ConfigError.
    """
    studies = config["studies"].values()
    cells = {cell["name"]: study["collections"] for study in studies for cell in study["cells"]}
    for label in own or ():
        if collection not in (cells.get(label) or [collection]):
            at = f"collections.{collection}.methods"
            raise ConfigError(f"{at}: {label} is a cell of a study that runs in {', '.join(cells[label])} only.")
    free = [label for label in config["methods"] if cells.get(label) is None]
    named = [label for label, where in cells.items() if collection in (where or ())]
    return dict.fromkeys(own or free, bool(own)) | dict.fromkeys(named, True)


def unused(config, ran):
    """A sentence for each study that runs nowhere because every collection lists its own methods.

    ran: the methods that run somewhere. Other reasons for a method to be left out are reported elsewhere.
    """
    if not all(spec.get("methods") for spec in config["collections"].values()):
        return []
    return [
        f"Study {name} runs nowhere, because every collection lists its own `methods`: in the study, name the "
        f"collections that run it, `collections: [{', '.join(config['collections'])}]` for all."
        for name, study in config["studies"].items()
        if ran.isdisjoint(cell["name"] for cell in study["cells"])
    ]


def where(config, label):
    """Where an expanded `config` defines the method `label`, for messages."""
    for name, study in config["studies"].items():
        for cell in study["cells"]:
            if cell["name"] == label:
                return f"studies.{name}, cell {cell['cell']}"
    return f"methods.{label}"


def _laid_over(name, given):
    """The study `name` as given, merged over the ready-made study that `like` names."""
    if "like" not in given:
        return given
    if given["like"] not in ready_made():
        raise ConfigError(f"studies.{name}.like: {literals.unknown(given['like'], ready_made(), 'ready-made study')}")
    ready = configuration.read_yaml(ready_made()[given["like"]])
    merged = {key: {**ready.get(key, {}), **given.get(key, {})} for key in MERGED}
    return {**ready, **given, **merged}


def _study(name, study, collections):
    """What the report needs to know about a study, and the study's entries in `methods`.

    {"title", "source", "collections" (None for all), "axes": [[axis, [value]]], "cells": [{"name", "cell", "at":
    [value]}], "metrics" (None for what there is), "published": {data: {cell: {metric: number or [number, deviation]}}}}
    """
    for collection in study.get("collections") or ():
        if collection not in collections:
            raise ConfigError(f"studies.{name}.collections: {literals.unknown(collection, collections, 'collection')}")
    if not study.get("grid"):
        raise ConfigError(f"studies.{name}: write `grid:` with an axis of settings, or `like:` and a ready-made study.")
    axes = {str(axis): _values(name, axis, values) for axis, values in study["grid"].items()}
    cells, entries = [], {}
    for chosen in itertools.product(*(values.items() for values in axes.values())):
        cell = "-".join(slug(value) for value, _ in chosen)
        label = f"{name}.{cell}"
        if label in entries:
            raise ConfigError(f"studies.{name}.grid: two cells are called {cell}: give their values different names.")
        cells.append({"name": label, "cell": cell, "at": [value for value, _ in chosen]})
        entries[label] = _entry(name, cell, study, [settings for _, settings in chosen])
    told = {key: study.get(key) for key in ("source", "collections", "metrics")}
    axes = [[axis, list(values)] for axis, values in axes.items()]
    told |= {"title": study.get("title") or name, "axes": axes, "cells": cells}
    return told | {"published": study.get("published", {})}, entries


def _values(name, axis, values):
    """{name of a value: its settings}. The values of a list belong to the setting that the axis is named after."""
    pairs = values.items() if isinstance(values, dict) else [(value, {axis: value}) for value in values]
    named = {text(value): settings or {} for value, settings in pairs}
    if len(named) < len(values):
        raise ConfigError(f"studies.{name}.grid.{axis}: a value is listed twice: remove one.")
    return named


def _entry(name, cell, study, parts):
    settings = functools.reduce(lambda one, other: {**one, **other}, parts, study.get("settings") or {})
    if "seeds" in settings:
        raise ConfigError(f"studies.{name}: write `seeds` beside `grid`; all cells share them.")
    settings = {"method": study.get("method"), **settings}
    if settings["method"] is None:
        raise ConfigError(f"studies.{name}: cell {cell} has no method: write `method:` beside `grid` or in the cell.")
    return settings | ({"seeds": study["seeds"]} if "seeds" in study else {})


def text(value):
    """A setting's value as text: 0.05, true, null, `cluster, instance`, or none for an empty list."""
    if isinstance(value, list | tuple):
        return ", ".join(map(text, value)) or "none"
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    return str(value)


def slug(words):
    """`words` with only the characters that a method's name may have."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", words).strip("_") or "none"
