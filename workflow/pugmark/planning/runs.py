"""Runs: each method with each seed on each collection.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

import os
from dataclasses import dataclass

from pugmark import literals, methods
from pugmark.planning import fingerprint, networks, studies
from pugmark.planning.configuration import ConfigError


@dataclass(frozen=True)
class Run:
    """One method with one seed on one collection.

    name: its folder. label: what the user calls the method. source: the collection whose model it uses.
    """

    name: str
    label: str
    method: str
    seed: int
    params: dict
    source: str

    @property
    def facts(self):
        """The literals that the method's file states, as its settings have them."""
        return methods.facts(self.method, self.params)

    @property
    def changes(self):
        """{setting: value} of those that differ from the method's file."""
        return {key: value for key, value in self.params.items() if value != self.facts["PARAMS"][key]}

    @property
    def learns(self):
        """Whether it is trained at all; a control, a tracker or a frozen network is not."""
        return methods.learns(self.facts)

    @property
    def learns_names(self):
        """Whether it is trained on who is who."""
        return self.facts["LABELS"].startswith("identity")

    @property
    def network(self):
        """Whether it computes with a network."""
        return "backbone" in self.params

    @property
    def code(self):
        """Fingerprint of the code that trains it."""
        return fingerprint.of("stages.train", f"methods.{self.method}")


def of(collection, config, collections):
    """The runs whose features `collection` gets, and a sentence for each method or clustering that is left out.

    config: with its studies expanded. collections: {name: completed settings}. Raises ConfigError.
    """
    spec = collections[collection]
    for label in spec.get("methods", ()):
        _known(label, config, f"collections.{collection}.methods")
    wanted, found, left_out = studies.offered(config, collection, spec.get("methods")), [], []
    if "kmeans_per_frame" in spec["cluster"]["algorithms"] and not spec["individuals"]:
        left_out.append(f"kmeans_per_frame is left out of {collection}: it needs {methods.COUNT}.")
    source = spec["train_on"] or collection
    for label in config["methods"]:
        method, seeds, params = _resolved(label, config)
        if label not in wanted:
            continue
        lacking = methods.lacking(methods.facts(method, params), collections[source])
        if lacking and wanted[label]:
            raise ConfigError(f"collections.{collection}: {studies.where(config, label)} needs {lacking}.")
        if lacking:
            left_out.append(f"{label} is left out of {collection}: it needs {lacking}.")
        else:
            found += [Run(f"{label}-s{seed}", label, method, seed, params, source) for seed in seeds]
    return found, left_out


def check_explained(config):
    """Refuse, under `explain.methods`, what is unknown or has no network to explain. Raises ConfigError."""
    for label in config["explain"]["methods"]:
        _known(label, config, "explain.methods")
        method = (config["methods"][label] or {}).get("method", label)
        if not methods.explainable(method):
            raise ConfigError(f"explain.methods: {label} cannot be explained: method {method} offers no network.")


def check_sources(planned):
    """Refuse a run on the model of another collection that does not train it. planned: {collection: runs}."""
    for collection, runs in planned.items():
        for run in runs:
            if run.name not in {other.name for other in planned[run.source]}:
                raise ConfigError(
                    f"collections.{collection}.train_on: {run.source} does not run {run.label}: name it in "
                    f"collections.{run.source}.methods, or leave it out of collections.{collection}.methods."
                )


def check_networks(config, runs):
    """Refuse a network that the installed libraries do not have. Raises ConfigError."""
    for name, run in {run.params["backbone"]: run for run in runs if run.network}.items():
        if fault := networks.fault(name):
            raise ConfigError(f"{studies.where(config, run.label)}, backbone: {fault}")


def check_files(config, runs):
    """Refuse a file of vectors that is not there. Raises ConfigError."""
    for run in runs:
        file = run.params.get("file")
        if file is not None and not os.path.isfile(file):
            at = studies.where(config, run.label)
            raise ConfigError(
                f"{at}, file: there is no file {file}: write the path of a Parquet file or CSV of vectors."
            )


def _resolved(label, config):
    """The method's file, the seeds and the complete settings of the entry `label` of `methods`."""
    overrides = dict(config["methods"][label] or {})
    method, seeds = overrides.pop("method", label), overrides.pop("seeds", config["seeds"])
    try:
        return method, seeds, methods.resolve(method, overrides)
    except methods.MethodError as error:
        raise ConfigError(f"{studies.where(config, label)}: {error}") from error


def _known(label, config, at):
    if label not in config["methods"]:
        raise ConfigError(f"{at}: {literals.unknown(label, config['methods'], 'method')}")
