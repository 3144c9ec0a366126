"""What the configuration amounts to: collections, batches, runs, and the settings that decide each result.

Read whenever the workflow is parsed, on the login node and by every cluster job, so it imports nothing heavy.
"""

import copy
import fnmatch
import functools
import glob
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from pugmark import configuration, fingerprint, listing, literals, methods
from pugmark.configuration import ConfigError
from pugmark.manifest import Manifest

PACKAGE = Path(__file__).parent
SECTIONS = ("ingest", "detect", "mask", "crop", "label", "split", "cluster", "evaluate")


@dataclass(frozen=True)
class Run:
    """One method with one seed on one collection; `name` is its folder, `source` the collection that trained it."""

    name: str
    label: str
    method: str
    seed: int
    params: dict
    source: str

    @property
    def facts(self):
        """The literals that the method's file states."""
        return methods.catalogue()[self.method]


def canonical(settings):
    """Settings as JSON whose text depends on the values alone, so that reordering config.yaml reruns nothing."""
    return json.dumps(settings, sort_keys=True, separators=(",", ":"))


class Plan:
    """Everything that rules ask of the configuration. Raises ConfigError before any work starts."""

    def __init__(self, config):
        self.config = configuration.complete(config)
        self.results = self.config["results"].rstrip("/")
        self.manifest = Manifest(self.config["weights"], self.results)
        self.collections = {name: self._collection(name, spec) for name, spec in self.config["collections"].items()}
        self._listed = functools.cache(listing.checksums)
        self.folders = {name: self._batches(name) for name in self.collections}
        self._runs = {name: self._runs_of(name) for name in self.collections}
        for name in self.collections:
            self.detect_weights(name), self.mask_weights(name)
            for run in self.runs(name):
                self.run_weights(run)

    # Collections and batches

    def _collection(self, name, spec):
        merged = copy.deepcopy(spec)
        for section in SECTIONS:
            merged[section] = self._merged(name, section, spec.get(section, {}))
        detector, known = merged["detect"]["name"], _names_in("detectors")
        if detector not in known:
            raise ConfigError(f"collections.{name}: {literals.unknown(detector, known, 'detector')}")
        defaults = literals.read(PACKAGE / "detectors" / f"{detector}.py", {"DEFAULTS"})["DEFAULTS"]
        for key in merged["detect"].keys() - {"name"} - defaults.keys():
            raise ConfigError(
                f"collections.{name}: {literals.unknown(key, defaults, f'setting of detector {detector}')}"
            )
        if spec["train_on"] is not None and spec["train_on"] not in self.config["collections"]:
            known = self.config["collections"]
            raise ConfigError(f"collections.{name}.train_on: {literals.unknown(spec['train_on'], known, 'collection')}")
        return merged

    def _merged(self, name, section, own):
        shared = self.config[section]
        if section == "detect" and own.get("name", shared["name"]) != shared["name"]:
            return own
        configuration.check(section, name, {**shared, **own})
        return {**shared, **own}

    def _batches(self, name):
        spec = self.collections[name]
        if "synthetic" in spec:
            count = spec["synthetic"].get("batches", 3)
            return {f"batch_{i:02}": f"{self.results}/{name}/survey/batch_{i:02}" for i in range(1, count + 1)}
        patterns = [spec["batches"]] if isinstance(spec["batches"], str) else spec["batches"]
        folders = sorted(
            {os.path.normpath(path) for pattern in patterns for path in glob.glob(os.path.expanduser(pattern))}
        )
        folders = [folder for folder in folders if os.path.isdir(folder)]
        if not folders:
            raise ConfigError(f"collections.{name}.batches: no folder matches {' or '.join(patterns)}.")
        named = {}
        for folder in folders:
            batch = os.path.basename(os.path.abspath(folder))
            if batch in named or fnmatch.fnmatch(batch, "*[{}]*"):
                why = f"is also the name of {named[batch]}" if batch in named else "holds a brace"
                raise ConfigError(f"collections.{name}.batches: rename {folder}: its name {why}.")
            named[batch] = folder
        return named

    def batches(self, collection):
        """Names of the collection's batches, sorted."""
        return sorted(self.folders[collection])

    def listing(self, collection, batch, kind="media"):
        """Checksum of what lies in the batch folder (see `listing`); a drawn batch is known by its settings instead."""
        return (
            "" if "synthetic" in self.collections[collection] else self._listed(self.folders[collection][batch])[kind]
        )

    # Settings of the stages

    def settings(self, collection, section, **more):
        """The settings of one stage for one collection, as canonical JSON."""
        return canonical({**self.collections[collection][section], **more})

    def drawing(self, collection):
        """The settings of a drawn survey, as canonical JSON; how many batches there are changes none of them."""
        drawn = self.collections[collection]["synthetic"]
        return canonical({key: value for key, value in drawn.items() if key != "batches"})

    def labels_file(self, collection, batch):
        """The labels kept apart from the batch, or None."""
        spec = self.collections[collection]
        if "synthetic" in spec:
            return f"{self.results}/{collection}/truth/{batch}/labels.csv"
        labels = spec["labels"]
        return labels["file"].format(batch=batch) if isinstance(labels, dict) and "file" in labels else None

    def sidecar(self, collection):
        """Which labels the stages find inside the batch."""
        spec = self.collections[collection]
        return "none" if "synthetic" in spec or self.labels_file(collection, "") else spec["labels"]

    # Runs

    def runs(self, collection):
        """The runs whose features this collection gets."""
        return self._runs[collection]

    def run(self, collection, name):
        """The run called `name` of `collection`."""
        return next(run for run in self._runs[collection] if run.name == name)

    def _runs_of(self, collection):
        spec = self.collections[collection]
        wanted = spec.get("methods")
        for label in wanted or ():
            if label not in self.config["methods"]:
                known = self.config["methods"]
                raise ConfigError(f"collections.{collection}.methods: {literals.unknown(label, known, 'method')}")
        runs = []
        for label, overrides in self.config["methods"].items():
            overrides = dict(overrides or {})
            method, seeds = overrides.pop("method", label), overrides.pop("seeds", self.config["seeds"])
            try:
                params = methods.resolve(method, overrides)
            except methods.MethodError as error:
                raise ConfigError(f"methods.{label}: {error}") from error
            if label not in (wanted or self.config["methods"]):
                continue
            source = spec["train_on"] or collection
            lacking = self._lacking(methods.catalogue()[method], self.collections[source])
            if lacking and wanted:
                raise ConfigError(f"collections.{collection}: method {label} needs {lacking}.")
            if not lacking:
                runs += [Run(f"{label}-s{seed}", label, method, seed, params, source) for seed in seeds]
        return runs

    @staticmethod
    def _lacking(facts, collection):
        if facts["LABELS"].startswith("identity") and collection["labels"] == "none" and "synthetic" not in collection:
            return "named individuals (labels: none)"
        if facts["LABELS"] == "count" and not collection["individuals"]:
            return "the number of individuals (`individuals:`)"
        return None

    def training(self, run):
        """The settings that a training rests on, as canonical JSON."""
        source = self.collections[run.source]
        return canonical(
            {
                "method": run.method,
                "params": run.params,
                "seed": run.seed,
                "fill": source["mask"]["fill"],
                "individuals": source["individuals"] if run.facts["LABELS"] == "count" else None,
                "manifest": self.manifest.facts(self.run_weights(run)),
            }
        )

    def version(self, run):
        """Checksum of the settings and the code that make the run's model."""
        made_of = self.training(run) + code("train", f"methods.{run.method}")
        return hashlib.sha256(made_of.encode()).hexdigest()[:12]

    def model(self, run):
        """The folder of the run's model: another for other settings or code, so that no model is taken for one that
        other settings made, nor lost to them."""
        return f"{self.results}/{run.source}/models/{run.name}/{self.version(run)}"

    # Weights

    def detect_weights(self, collection):
        """{name: path} of the weight files that the collection's detector loads."""
        return self.manifest.paths([self.collections[collection]["detect"].get("weights")])

    def mask_weights(self, collection):
        """{name: path} of the weight files that the collection's masking policy loads."""
        mask = self.collections[collection]["mask"]
        return self.manifest.paths([mask.get("sam"), mask.get("isnet")])

    def run_weights(self, run):
        """{name: path} of the weight files that the run's method loads."""
        return self.manifest.paths([run.params.get("weights")])


@functools.cache
def code(*modules):
    """Fingerprint of the modules that compute a result, as they were when the workflow was read."""
    return fingerprint.of(*modules)


def _names_in(folder):
    return [path.stem for path in (PACKAGE / folder).glob("*.py") if path.stem != "__init__"]
