"""What the configuration amounts to: collections, batches, runs, and the settings that decide each result.

Read whenever the workflow is parsed, on the login node and by every cluster job, so it imports nothing heavy.
"""

import copy
import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from pugmark import literals, methods
from pugmark.planning import batches, configuration, fingerprint, listing, networks, studies, versions
from pugmark.planning.configuration import ConfigError
from pugmark.planning.manifest import Manifest
from pugmark.planning.versions import canonical

PACKAGE = Path(__file__).parents[1]
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
        """The literals that the method's file states, as its settings have them."""
        return methods.facts(self.method, self.params)

    @property
    def changes(self):
        """{setting: value} of those that differ from the method's file."""
        return {key: value for key, value in self.params.items() if value != self.facts["PARAMS"][key]}

    @property
    def learns(self):
        """Whether it is trained at all; a control or a tracker is not."""
        return methods.learns(self.facts)

    @property
    def learns_names(self):
        """Whether it is trained on who is who."""
        return self.facts["LABELS"].startswith("identity")

    @property
    def code(self):
        """Fingerprint of the code that trains it."""
        return code("stages.train", f"methods.{self.method}")


class Plan:
    """Everything that rules ask of the configuration. Raises ConfigError before any work starts.

    found: what `self.found` was where the run began. Its jobs are handed it, so that a batch that arrives, or a label
    that is corrected, while they wait in the queue does not change what they were submitted for.
    """

    def __init__(self, config, found=None):
        self.config = studies.expand(configuration.complete(config))
        self.results = self.config["results"].rstrip("/")
        self.manifest = Manifest(self.config["weights"], self.results)
        self.collections = {name: self._collection(name, spec) for name, spec in self.config["collections"].items()}
        self.found = found or {"folders": self._folders(), "names": {}}
        self.folders = self.found["folders"]
        self._listings, self._trainings = {}, {}
        self.left_out = []
        self._runs = {name: self._runs_of(name) for name in self.collections}
        for name in self.collections:
            self.detect_weights(name), self.mask_weights(name)
            for run in self.runs(name):
                self.run_weights(run)
        for label in self.config["explain"]["methods"]:
            self._explainable(label)
        if found is None:
            self._check_networks()
        self.left_out += studies.unused(self.config, {run.label for runs in self._runs.values() for run in runs})

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

    def _folders(self):
        return {name: batches.folders(name, spec, self.results) for name, spec in self.collections.items()}

    def batches(self, collection):
        """Names of the collection's batches, sorted; a batch in shards is known by these, as BATCH.1of4."""
        shards = self.collections[collection]["shards"]
        return [name for batch in sorted(self.folders[collection]) for name in batches.shards(batch, shards)]

    def folder(self, collection, batch):
        """The folder of the batch's media."""
        return self.folders[collection][batches.whole(batch)]

    def listing(self, collection, batch):
        """The listing.Listing of the batch folder; of a drawn batch, which its settings tell, nothing."""
        if "synthetic" in self.collections[collection]:
            return listing.Listing()
        labels = self.collections[collection]["labels"]
        key = self.folder(collection, batch), isinstance(labels, dict) and "dataset" in labels
        if key not in self._listings:
            self._listings[key] = listing.of(*key)
        return self._listings[key]

    def names(self, collection):
        """{batch: checksum of who is said to be in its pictures}: what a model that learns from names rests on."""
        if collection not in self.found["names"]:
            known = {batch: self._names(collection, batch) for batch in sorted(self.folders[collection])}
            self.found["names"][collection] = known
        return self.found["names"][collection]

    def _names(self, collection, batch):
        spec = self.collections[collection]
        if "synthetic" in spec:
            return hashlib.sha256(self.drawing(collection).encode()).hexdigest()[:16]
        if apart := self.labels_file(collection, batch):
            return listing.file(apart)
        found = self.listing(collection, batch)
        return found.names if spec["labels"] == "sidecar" else found.labels

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
            return f"{self.results}/{collection}/truth/{batches.whole(batch)}/labels.csv"
        labels = spec["labels"]
        apart = isinstance(labels, dict) and "file" in labels
        return labels["file"].format(batch=batches.whole(batch)) if apart else None

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
        for label in spec.get("methods", ()):
            self._known_method(label, f"collections.{collection}.methods")
        if "kmeans_per_frame" in spec["cluster"]["algorithms"] and not spec["individuals"]:
            self.left_out.append(f"kmeans_per_frame is left out of {collection}: it needs {methods.COUNT}.")
        wanted, runs = studies.offered(self.config, collection, spec.get("methods")), []
        for label, overrides in self.config["methods"].items():
            overrides = dict(overrides or {})
            method, seeds = overrides.pop("method", label), overrides.pop("seeds", self.config["seeds"])
            try:
                params = methods.resolve(method, overrides)
            except methods.MethodError as error:
                raise ConfigError(f"{studies.where(self.config, label)}: {error}") from error
            if label not in wanted:
                continue
            source = spec["train_on"] or collection
            lacking = methods.lacking(methods.facts(method, params), self.collections[source])
            if lacking and wanted[label]:
                at = studies.where(self.config, label)
                raise ConfigError(f"collections.{collection}: {at} needs {lacking}.")
            if lacking:
                self.left_out.append(f"{label} is left out of {collection}: it needs {lacking}.")
            else:
                runs += [Run(f"{label}-s{seed}", label, method, seed, params, source) for seed in seeds]
        return runs

    def explained(self, collection):
        """The runs of `collection` whose networks the report explains."""
        return [run for run in self.runs(collection) if run.label in self.config["explain"]["methods"]]

    def _explainable(self, label):
        self._known_method(label, "explain.methods")
        method = (self.config["methods"][label] or {}).get("method", label)
        if not methods.explainable(method):
            raise ConfigError(f"explain.methods: {label} cannot be explained: method {method} offers no network.")

    def _known_method(self, label, at):
        known = self.config["methods"]
        if label not in known:
            raise ConfigError(f"{at}: {literals.unknown(label, known, 'method')}")

    def _check_networks(self):
        runs = [run for runs in self._runs.values() for run in runs if "backbone" in run.params]
        for name, run in {run.params["backbone"]: run for run in runs}.items():
            if fault := networks.fault(name):
                raise ConfigError(f"{studies.where(self.config, run.label)}, backbone: {fault}")

    def training(self, run):
        """The settings that a training rests on, as canonical JSON: with the names that it learned from, if it did."""
        models = self._models(run)
        if models not in self._trainings:
            settings = self._training(run)
            self._trainings[models] = (
                versions.of_names(settings, run.code, self.names(run.source), models)
                if run.learns_names
                else canonical(settings)
            )
        return self._trainings[models]

    def _training(self, run):
        source = self.collections[run.source]
        return {
            "method": run.method,
            "params": run.params,
            "seed": run.seed,
            "fill": source["mask"]["fill"],
            "individuals": source["individuals"] if run.facts["LABELS"] == "count" else None,
            "manifest": self.manifest.facts(self.run_weights(run)),
            "names": {},
        }

    def version(self, run):
        """Which version of its model the run has."""
        return versions.version(self.training(run), run.code)

    def model(self, run):
        """The folder of the run's model."""
        return f"{self._models(run)}/{self.version(run)}"

    def is_trained(self, run):
        """Whether the run's model is finished: its record is written last, and what was removed since is no model."""
        files = "model.pt", "trained.parquet", versions.RECORD
        return all(os.path.exists(f"{self.model(run)}/{name}") for name in files)

    def _models(self, run):
        return f"{self.results}/{run.source}/models/{run.name}"

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
