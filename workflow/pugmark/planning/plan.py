"""What the configuration amounts to: collections, their batches, and the runs on them.

Read whenever the workflow is parsed, on the login node and by every cluster job, so it imports nothing heavy.
"""

import hashlib
from pathlib import Path

from pugmark import rerankers
from pugmark.planning import (
    batches,
    collection,
    configuration,
    deciders,
    joined,
    listing,
    paths,
    reranked,
    runs,
    studies,
)
from pugmark.planning.detectors import Detectors
from pugmark.planning.manifest import Manifest
from pugmark.planning.models import Models


class Plan:
    """Everything that the rules ask of the configuration. Raises ConfigError before any work starts.

    found: what `self.found` was when the workflow run began. Its jobs are handed it, so that a batch that arrives, or
    a label that is corrected, while they wait in the queue does not change what they were submitted for.
    """

    def __init__(self, config, found=None):
        self.config = studies.expand(configuration.complete(config))
        self.results = paths.results(self.config["results"])
        self.manifest = Manifest(self.config["weights"], self.results)
        self.detectors = self.manifest.trained = Detectors(self.config, self.manifest, self.results)
        self.collections = {name: collection.complete(name, self.config) for name in self.config["collections"]}
        self.found = found or {"folders": self._folders(), "names": {}, "files": {}}
        self.folders = self.found["folders"]
        self.models, self._listings = Models(self), {}
        joined.check(self.config)
        planned = {name: runs.of(name, self.config, self.collections) for name in self.collections}
        self._runs = {name: offered for name, (offered, _) in planned.items()}
        every = [run for offered in self._runs.values() for run in offered]
        runs.check_sources(self._runs)
        runs.check_explained(self.config)
        reranked.check(self.config)
        self._reranked = {name: reranked.of(self.config, offered) for name, offered in self._runs.items()}
        self._deciders = {
            name: deciders.of(name, spec, self._runs[name], self._reranked[name])
            for name, spec in self.collections.items()
        }
        self._require_weights(every)
        # What the jobs need not look at again: they may run in another environment.
        if found is None:
            runs.check_networks(self.config, every)
            runs.check_files(self.config, every)
            for name, spec in self.collections.items():
                collection.check_files(name, spec, self.folders[name])
                deciders.check_withheld(name, spec, self.folders[name])
        self.left_out = [sentence for _, left_out in planned.values() for sentence in left_out]
        self.left_out += studies.unused(self.config, {run.label for run in every})
        self.left_out += [sentence for name in self.collections for sentence in self._no_ledgers(name)]

    # Collections and batches

    def _folders(self):
        return {name: batches.folders(name, spec, self.results) for name, spec in self.collections.items()}

    def batches(self, name):
        """Names of the collection's batches, sorted; a batch in shards is known by these, as BATCH.1of4."""
        shards = self.collections[name]["shards"]
        return [part for batch in sorted(self.folders[name]) for part in batches.shards(batch, shards)]

    def folder(self, collection, batch):
        """The folder of the batch's media."""
        return self.folders[collection][batches.whole(batch)]

    def listing(self, collection, batch):
        """The listing.Listing of the batch folder; of a drawn batch, which its settings tell, nothing."""
        if self.is_drawn(collection):
            return listing.Listing()
        labels = self.collections[collection]["labels"]
        key = self.folder(collection, batch), isinstance(labels, dict) and "dataset" in labels
        if key not in self._listings:
            self._listings[key] = listing.of(*key)
        return self._listings[key]

    def is_drawn(self, name):
        """Whether the collection's media are drawn, not found."""
        return "synthetic" in self.collections[name]

    def drawing(self, name):
        """The settings of a drawn survey, as canonical JSON."""
        return collection.drawing(self.collections[name])

    # Labels

    def labels_file(self, name, batch):
        """The table of labels that is kept apart from the batch, or None."""
        return collection.labels_file(name, self.collections[name], batch, self.results)

    def sidecar(self, name):
        """Which labels the stages find inside a batch."""
        return collection.sidecar(self.collections[name])

    def names(self, name):
        """{batch: checksum of who is said to be in its pictures}: what a model that learns from names rests on."""
        if name not in self.found["names"]:
            self.found["names"][name] = {batch: self._names(name, batch) for batch in sorted(self.folders[name])}
        return self.found["names"][name]

    def _names(self, name, batch):
        if self.is_drawn(name):
            return hashlib.sha256(self.drawing(name).encode()).hexdigest()[:16]
        if apart := self.labels_file(name, batch):
            return listing.file(apart)
        found = self.listing(name, batch)
        return found.names if self.collections[name]["labels"] == "sidecar" else found.labels

    # Runs

    def runs(self, name):
        """The runs whose features the collection gets."""
        return self._runs[name]

    def run(self, collection, run):
        """The run of that name; of a re-ranked one, the run that it starts from."""
        base = run.partition(reranked.MARK)[0]
        return next(planned for planned in self._runs[collection] if planned.name == base)

    def reranked(self, name):
        """The re-ranked runs of the collection."""
        return self._reranked[name]

    def reranking(self, collection, run):
        """The reranked.Reranked of that name; None if the run is not re-ranked."""
        return next((planned for planned in self._reranked[collection] if planned.name == run), None)

    def read_by(self, collection, run):
        """The runs whose features the run of that name is made of: itself, or those that a re-ranked one reads."""
        anew = self.reranking(collection, run)
        return anew.reads if anew else (self.run(collection, run),)

    def joined(self, collection, run):
        """The runs whose vectors the run of that name lays side by side, none but for a `concat`."""
        return joined.members(self.run(collection, run), self._runs[collection])

    def explained(self, name):
        """The runs of the collection whose networks the report explains."""
        return [run for run in self.runs(name) if run.label in self.config["explain"]["methods"]]

    def clustered(self, name):
        """The runs whose crops are clustered: by the algorithms asked for, or by the one that their vectors are for."""
        asked = self.collections[name]["cluster"]["algorithms"]
        return [run for run in self.runs(name) if asked or run.facts["GROUPING"]]

    def deciders(self, name):
        """The runs that may decide who was seen in the collection; none where nothing is to be decided."""
        return self._deciders[name] if self.folders[name] else []

    def ledgers(self, name):
        """The files of what people said of the collection's animals."""
        return sorted(str(path) for path in Path(self.ledger(name)).glob("*.csv"))

    def _no_ledgers(self, name):
        """A sentence for each other file that somebody put beside them."""
        files = sorted(path for path in Path(self.ledger(name)).glob("[!.]*") if path.suffix != ".csv")
        return [f"{path} holds no answers that can be read: only CSV files do. Save it as CSV." for path in files]

    def stations(self, name):
        """The user's table of the collection's stations, as a list; empty where there is none."""
        file = self.collections[name]["stations"]
        return [file] if file else []

    def weighed_by(self, name):
        """The same, where the places of stations weigh in on who is who."""
        return self.stations(name) if self.collections[name]["match"]["priors"] else []

    def ledger(self, name):
        """The folder of those files."""
        return self.collections[name].get("ledger", f"review/{name}")

    # Files that the stages read beside the media

    def boxes_file(self, name, batch):
        """The file of boxes outside the batch that the detector reads, or None."""
        return collection.boxes_file(name, self.collections[name], batch)

    def frames_named_by(self, name, batch):
        """The settings of a detector that brings boxes on single frames of the batch's videos, or None."""
        own = self.collections[name]["detect"]
        brings = own["name"] == "megadetector_json" or (own["name"] == "boxes" and own["file"])
        if not brings or not self.listing(name, batch).videos:
            return None
        return {**own, "file": self.boxes_file(name, batch)}

    def content(self, file):
        """Checksum of a file that a method reads instead of learning."""
        if file not in self.found["files"]:
            self.found["files"][file] = listing.file(file)
        return self.found["files"][file]

    def detect_weights(self, name):
        """{name: path} of the weight files that the collection's detector loads."""
        return self.manifest.paths(
            {f"collections.{name}.detect.weights": self.collections[name]["detect"].get("weights")}
        )

    def mask_weights(self, name):
        """{name: path} of the weight files that the collection's masking policy loads."""
        mask = self.collections[name]["mask"]
        return self.manifest.paths({f"collections.{name}.mask.{key}": mask.get(key) for key in ("sam", "isnet")})

    def keypoint_weights(self, points):
        """{name: path} of the weight files that find the key points of the table `points`."""
        wanted, known = reranked.keypoints(self.config, points), rerankers.catalogue()
        found = known[points]["WEIGHTS"] if wanted and points in known else {}
        return self.manifest.paths({f"rerank.{points}": found[wanted["features"]][0]} if found else {})

    def rerank_weights(self, collection, run):
        """{name: path} of the weight files that the re-ranker of the run loads."""
        anew = self.reranking(collection, run)
        return self.manifest.paths(anew.weights if anew else {})

    def _require_weights(self, planned):
        """Refuse what needs a weight file that cannot be had."""
        self.detectors.check(self.collections)
        for name in self.config["detectors"]:
            self.detectors.weights(name)
        for name in self.collections:
            self.detect_weights(name), self.mask_weights(name)
            for anew in self.reranked(name):
                self.keypoint_weights(anew.points), self.rerank_weights(name, anew.name)
        for run in planned:
            self.models.weights(run)
