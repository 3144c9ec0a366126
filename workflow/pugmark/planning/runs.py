"""Runs: each method with each seed on each collection.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

import os
from dataclasses import dataclass

from pugmark import literals, methods
from pugmark.planning import collection, fingerprint, joined, networks, studies
from pugmark.planning.configuration import ConfigError

VIEWS = ("train_view", "test_view")
"""Keys of an entry of `methods` that say what it is shown of crops."""


@dataclass(frozen=True)
class Run:
    """One method with one seed on one collection.

    name: its folder. label: what the user calls the method. source: the collection whose model it uses. train_view,
    test_view: what it is shown of crops (of collection.VIEWS), None for what the collection says. of: the methods whose
    vectors it joins, as the user calls them.
    """

    name: str
    label: str
    method: str
    seed: int
    params: dict
    source: str
    train_view: str | None = None
    test_view: str | None = None
    of: tuple = ()

    @property
    def facts(self):
        """The literals that the method's file states, as its settings have them."""
        return methods.facts(self.method, self.params)

    @property
    def changes(self):
        """{setting: value} of those that differ from the method's file."""
        views = {key: getattr(self, key) for key in VIEWS if getattr(self, key)}
        joined = {"of": ", ".join(self.of)} if self.of else {}
        return views | joined | {key: value for key, value in self.params.items() if value != self.facts["PARAMS"][key]}

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
    def file(self):
        """The file of the user's that it reads, if its method reads one."""
        return self.params.get("file", self.params.get("joints"))

    @property
    def code(self):
        """Fingerprint of the code that trains it."""
        return fingerprint.of("stages.train", f"methods.{self.method}")

    def beside(self, runs):
        """Of the runs of another method, that of its own seed or, where there is none, the first."""
        return next((other for other in runs if other.seed == self.seed), runs[0])


def of(name, config, collections):
    """The runs whose features the collection `name` gets, and a sentence for each method or clustering left out.

    config: with its studies expanded. collections: {name: completed settings}. Raises ConfigError.
    """
    spec = collections[name]
    for label in spec.get("methods", ()):
        _known(label, config, f"collections.{name}.methods")
    wanted, found, left_out = studies.offered(config, name, spec.get("methods")), [], []
    if "kmeans_per_frame" in spec["cluster"]["algorithms"] and not spec["individuals"]:
        left_out.append(f"kmeans_per_frame is left out of {name}: it needs {methods.COUNT}.")
    source = spec["train_on"] or name
    for label in config["methods"]:
        method, seeds, views, others, params = _resolved(label, config)
        if label not in wanted:
            continue
        lacking = methods.lacking(methods.facts(method, params), collections[source])
        if lacking and wanted[label]:
            raise ConfigError(f"collections.{name}: {studies.where(config, label)} needs {lacking}.")
        if lacking:
            left_out.append(f"{label} is left out of {name}: it needs {lacking}.")
        else:
            _check_views(label, config, views, collections[source])
            found += [Run(f"{label}-s{seed}", label, method, seed, params, source, *views, others) for seed in seeds]
    kept, apart = joined.possible(name, found, wanted)
    return kept, left_out + apart


def check_explained(config):
    """Refuse, under `explain.methods`, what is unknown or has no network to explain. Raises ConfigError."""
    for label in config["explain"]["methods"]:
        _known(label, config, "explain.methods")
        method = (config["methods"][label] or {}).get("method", label)
        if not methods.explainable(method):
            raise ConfigError(f"explain.methods: {label} cannot be explained: method {method} offers no network.")


def check_sources(planned):
    """Refuse a run on the model of another collection that does not train it. planned: {collection: runs}."""
    for name, runs in planned.items():
        for run in runs:
            if run.name not in {other.name for other in planned[run.source]}:
                raise ConfigError(
                    f"collections.{name}.train_on: {run.source} does not run {run.label}: name it in "
                    f"collections.{run.source}.methods, or leave it out of collections.{name}.methods."
                )


def check_networks(config, runs):
    """Refuse a network that the installed libraries do not have. Raises ConfigError."""
    for key in ("backbone", "part_backbone"):
        for name, run in {run.params[key]: run for run in runs if key in run.params}.items():
            if fault := networks.fault(name):
                raise ConfigError(f"{studies.where(config, run.label)}, {key}: {fault}")


def check_files(config, runs):
    """Refuse a file of vectors or joints that is not named or not there. Raises ConfigError."""
    for run in runs:
        key = next((key for key in ("file", "joints") if key in run.params), None)
        if key and not (run.file and os.path.isfile(run.file)):
            fault = f"there is no file {run.file}" if run.file else f"{run.method} needs a file"
            wanted = {"file": "Parquet file or CSV of vectors", "joints": "table of joints (docs/methods.md)"}[key]
            raise ConfigError(f"{studies.where(config, run.label)}, {key}: {fault}: write the path of a {wanted}.")


def _resolved(label, config):
    """The method's file, the seeds, both views, what it joins and the settings of the entry `label` of `methods`."""
    overrides = dict(config["methods"][label] or {})
    method, seeds = overrides.pop("method", label), overrides.pop("seeds", config["seeds"])
    others = tuple(overrides.pop("of", ()))
    try:
        views = [overrides.pop(key, None) for key in VIEWS]
        return method, seeds, views, others, methods.resolve(method, overrides)
    except methods.MethodError as error:
        raise ConfigError(f"{studies.where(config, label)}: {error}") from error


def _check_views(label, config, views, spec):
    for key, name in zip(VIEWS, views, strict=True):
        at = f"{studies.where(config, label)}, {key}"
        if name is not None and name not in collection.VIEWS:
            raise ConfigError(f"{at}: {literals.unknown(name, collection.VIEWS, 'view')}")
        try:
            collection.view(spec, name)
        except ConfigError as error:
            raise ConfigError(f"{at}: {error}") from error


def _known(label, config, at):
    if label not in config["methods"]:
        raise ConfigError(f"{at}: {literals.unknown(label, config['methods'], 'method')}")
