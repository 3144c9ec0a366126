"""One collection of the configuration: its completed settings, and where the names of its animals stand.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

import copy
from pathlib import Path

from pugmark import literals
from pugmark.planning import batches, configuration
from pugmark.planning.configuration import ConfigError
from pugmark.planning.versions import canonical

PACKAGE = Path(__file__).parents[1]
SECTIONS = ("ingest", "detect", "mask", "crop", "label", "split", "cluster", "evaluate")


def complete(name, config):
    """The settings of the collection `name` in a completed `config`, with each section laid over the common one.

    Raises ConfigError.
    """
    spec = copy.deepcopy(config["collections"][name])
    for section in SECTIONS:
        spec[section] = _merged(name, section, spec.get(section, {}), config[section])
    spec["detect"] = _detector(name, spec["detect"])
    known, source = config["collections"], spec["train_on"]
    if source is not None and source not in known:
        raise ConfigError(f"collections.{name}.train_on: {literals.unknown(source, known, 'collection')}")
    return spec


def drawing(spec):
    """The settings of a drawn survey, as canonical JSON; how many batches there are changes none of them."""
    return canonical({key: value for key, value in spec["synthetic"].items() if key != "batches"})


def fill(spec):
    """The grey level outside the masks of a collection; None where the background stays."""
    return None if spec["mask"]["policy"] == "none" else spec["mask"]["fill"]


def labels_file(name, spec, batch, results):
    """The table of labels that is kept apart from the batch, or None."""
    if "synthetic" in spec:
        return f"{results}/{name}/truth/{batches.whole(batch)}/labels.csv"
    labels = spec["labels"]
    apart = isinstance(labels, dict) and "file" in labels
    return labels["file"].format(batch=batches.whole(batch)) if apart else None


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


def _detector(name, settings):
    """The settings of the detector, with its defaults."""
    detector = settings["name"]
    known = [path.stem for path in (PACKAGE / "detectors").glob("*.py") if path.stem != "__init__"]
    if detector not in known:
        raise ConfigError(f"collections.{name}: {literals.unknown(detector, known, 'detector')}")
    defaults = literals.read(PACKAGE / "detectors" / f"{detector}.py", {"DEFAULTS"})["DEFAULTS"]
    for key in settings.keys() - {"name"} - defaults.keys():
        raise ConfigError(f"collections.{name}: {literals.unknown(key, defaults, f'setting of detector {detector}')}")
    return {**defaults, **settings}
