"""One collection of the configuration: its completed settings, and where the names of its animals stand.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

import copy
import os
from pathlib import Path

from pugmark import literals, ranges
from pugmark.formats import times
from pugmark.planning import batches, configuration, paths, published
from pugmark.planning.configuration import ConfigError
from pugmark.planning.versions import canonical

PACKAGE = Path(__file__).parents[1]
SECTIONS = (
    "ingest",
    "detect",
    "mask",
    "crop",
    "label",
    "encounter",
    "split",
    "match",
    "calibrate",
    "identify",
    "cluster",
    "evaluate",
    "export",
)
BATCHES = 3  # of a drawn survey, where their number is not given


def complete(name, config):
    """The settings of the collection `name` in a completed `config`, with each section laid over the common one.

    Raises ConfigError.
    """
    if fault := paths.fault(name):
        raise ConfigError(f"collections: rename {name}: its name {fault}.")
    own = config["collections"][name]
    spec = copy.deepcopy(own)
    for section in SECTIONS:
        spec[section] = _merged(name, section, spec.get(section, {}), config[section])
    _check_source(name, config["collections"])
    _check_zone("ingest" if "timezone" not in own.get("ingest", {}) else f"collections.{name}.ingest", spec["ingest"])
    spec["detect"] = _detector(f"collections.{name}.detect" if "detect" in own else "detect", spec["detect"])
    if "synthetic" in spec:
        spec["synthetic"] = _survey(f"collections.{name}.synthetic", spec["synthetic"])
    return spec


def drawing(spec):
    """The settings of a drawn survey, as canonical JSON; how many batches there are changes none of them."""
    return canonical({key: value for key, value in spec["synthetic"].items() if key != "batches"})


VIEWS = ("masked", "original", "background")
"""What a method may be shown of crops: without their background, as they are, or without their animal."""
WHITE = 255
"""Grey level of a view that fills something, where `mask.fill` is null."""


def view(spec, name=None):
    """What is filled in the crops of a collection, as settings of a stage. name: of VIEWS, None for what `mask` says.

    {"fill": grey level, None for nothing}, with "shown": "background" where the animal is filled. Raises ConfigError.
    """
    if spec["mask"]["policy"] == "none" and name in ("masked", "background"):
        raise ConfigError(f"{name} needs masks: set `mask.policy`, for instance grabcut.")
    if spec["mask"]["policy"] == "none" or name == "original":
        return {"fill": None}
    own = spec["mask"]["fill"]
    level = {"fill": WHITE if own is None and name else own}
    return level | ({"shown": "background"} if name == "background" else {})


def labels_file(name, spec, batch, results):
    """The table of labels that is kept apart from the batch, or None. Raises ConfigError."""
    if "synthetic" in spec:
        return f"{results}/{name}/truth/{batches.whole(batch)}/labels.csv"
    labels = spec["labels"]
    if isinstance(labels, dict) and "file" in labels:
        return paths.per_batch(f"collections.{name}.labels.file", labels["file"], batches.whole(batch))
    return None


def boxes_file(name, spec, batch):
    """The file of boxes outside the batch that the detector reads, or None. Raises ConfigError."""
    file = spec["detect"].get("file")
    return paths.per_batch(f"collections.{name}.detect.file", file, batches.whole(batch)) if file else None


def check_files(name, spec, found):
    """Refuse a class of data sets that does not exist, and stations, labels or boxes kept apart that are not there.

    found: the names of the batches. Raises ConfigError.
    """
    labels = spec["labels"]
    if isinstance(labels, dict) and "dataset" in labels and (fault := published.fault(labels["dataset"])):
        raise ConfigError(f"collections.{name}.labels.dataset: {fault}")
    if (file := spec["stations"]) and not os.path.isfile(file):
        raise ConfigError(
            f"collections.{name}.stations: there is no file {file}: write the path of a CSV of the stations."
        )
    for batch in found:
        apart = {"detect.file": boxes_file(name, spec, batch)}
        if "synthetic" not in spec:
            apart["labels.file"] = labels_file(name, spec, batch, None)
        for key, file in apart.items():
            if file and not os.path.isfile(file):
                raise ConfigError(f"collections.{name}.{key}: batch {batch} has no file {file}.")


def sidecar(spec):
    """Which labels the stages find inside a batch; `none` where they are kept apart from it."""
    apart = isinstance(spec["labels"], dict) and "file" in spec["labels"]
    return "none" if "synthetic" in spec or apart else spec["labels"]


def _merged(name, section, own, shared):
    # The settings of one detector mean nothing to another.
    if section == "detect" and own.get("name", shared["name"]) != shared["name"]:
        return own
    configuration.check(section, name, {**shared, **own})
    return {**shared, **own}


def _check_source(name, known):
    """Refuse to use models of a collection that is unknown, or that trains none itself."""
    source = known[name]["train_on"]
    if source is None:
        return
    at = f"collections.{name}.train_on"
    if source not in known:
        raise ConfigError(f"{at}: {literals.unknown(source, known, 'collection')}")
    further = known[source]["train_on"] or source
    if further != source:
        raise ConfigError(f"{at}: {source} itself uses the models of {further}: write {further}.")


def _check_zone(at, settings):
    try:
        times.zone(settings["timezone"])
    except times.ZoneError as error:
        raise ConfigError(f"{at}.timezone: {error}") from error


def _detector(at, given):
    """The settings of the detector, with its defaults."""
    detector = given["name"]
    known = [path.stem for path in (PACKAGE / "detectors").glob("*.py") if path.stem != "__init__"]
    if detector not in known:
        raise ConfigError(f"{at}.name: {literals.unknown(detector, known, 'detector')}")
    own = {key: value for key, value in given.items() if key != "name"}
    return {"name": detector, **_settings(PACKAGE / "detectors" / f"{detector}.py", own, at, f"detector {detector}")}


def _survey(at, given):
    """The settings of a drawn survey, with its defaults."""
    own, count = dict(given), given.get("batches", BATCHES)
    own.pop("batches", None)
    if fault := ranges.fault(f"{at}.batches", count, BATCHES, ">= 1"):
        raise ConfigError(fault)
    return {"batches": count, **_settings(PACKAGE / "stages" / "synthesise.py", own, at, "a drawn survey")}


def _settings(path, given, at, what):
    """The DEFAULTS that the file at `path` states, with the settings `given` over them; only what is ALLOWED may be."""
    stated = literals.read(path, {"DEFAULTS", "ALLOWED"})
    defaults, allowed = stated["DEFAULTS"], stated["ALLOWED"]
    for key, value in given.items():
        if key not in allowed:
            raise ConfigError(f"{at}: {literals.unknown(key, allowed, f'setting of {what}')}")
        if fault := ranges.fault(f"{at}.{key}", value, defaults[key], allowed[key]):
            raise ConfigError(fault)
    return {**defaults, **given}
