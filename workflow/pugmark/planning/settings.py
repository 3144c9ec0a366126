"""The settings of each stage, as canonical JSON: those alone that change its result.

Snakemake makes a result again where they differ, so nothing else may stand in them. Read whenever the workflow is
parsed, so it imports nothing heavy.
"""

from pugmark.planning import batches, deciders, fingerprint, report, reranked
from pugmark.planning.collection import view
from pugmark.planning.configuration import ConfigError
from pugmark.planning.versions import canonical


class Settings:
    """What a plan.Plan gives the jobs of each stage. Arguments have the names of the rules' wildcards."""

    def __init__(self, plan):
        self.plan = plan

    def synthesise(self, collection):
        """Of the drawing of a survey."""
        return self.plan.drawing(collection)

    def ingest(self, collection, batch):
        """Of ingest: with the labels that lie in the batch, of which it takes times and places, and with the detector
        where that says which frames of videos to read."""
        boxes = self.plan.frames_named_by(collection, batch)
        return self._of(collection, "ingest", labels=self.plan.sidecar(collection), boxes=boxes)

    def detect(self, collection, batch):
        """Of the detector, with the checksum of its weights."""
        plan, own = self.plan, self.plan.collections[collection]["detect"]
        more = {"manifest": plan.manifest.facts(plan.detect_weights(collection))}
        if own["name"] == "boxes":
            more["labels"] = plan.sidecar(collection)
        if file := plan.boxes_file(collection, batch):
            more["file"] = file
        return self._of(collection, "detect", **more)

    def mask(self, collection):
        """Of the masking policy. `fill` is not among them: it is applied when a crop is read."""
        plan = self.plan
        own = {key: value for key, value in plan.collections[collection]["mask"].items() if key != "fill"}
        return canonical({**own, "manifest": plan.manifest.facts(plan.mask_weights(collection))})

    def crop(self, collection):
        """Of the crops."""
        return self._of(collection, "crop")

    def label(self, collection):
        """Of the labels."""
        return self._of(collection, "label", labels=self.plan.sidecar(collection))

    def encounter(self, collection, batch):
        """Of the encounters, which names help to tell apart where they are not withheld."""
        withheld = batches.whole(batch) in self.plan.collections[collection]["identify"]["withhold"]
        return self._of(collection, "encounter", **({"told": False} if withheld else {}))

    def split(self, collection):
        """Of the split, with the batches that it is made over and the gap that ends an event in all of them."""
        gap = self.plan.collections[collection]["ingest"]["sequence_gap"]
        withheld = self._withheld(collection)
        more = {"withhold": withheld} if withheld else {}
        return self._of(collection, "split", batches=self.plan.batches(collection), sequence_gap=gap, **more)

    def match(self, collection, run):
        """Of the matches, with the re-ranker of the run if it has one. Raises ConfigError where that cannot match."""
        anew, more = self.plan.reranking(collection, run), {}
        if anew:
            deciders.check_reranked(anew)
            files = self.plan.manifest.facts(self.plan.rerank_weights(collection, run))
            more = {"rerank": anew.settings} | ({"manifest": files} if files else {})
        weighed = self.plan.collections[collection]["match"]["priors"]
        if weighed or (anew and anew.learns):
            more["withhold"] = self._withheld(collection)
        return self._of(collection, "match", **more, **(self._places(collection) if weighed else {}))

    def calibrate(self, collection, run):
        """Of what the scores are worth; a re-ranker may have learned from the training part."""
        anew, withheld = self.plan.reranking(collection, run), self._withheld(collection)
        return self._of(collection, "calibrate", withhold=withheld, learns=bool(anew and anew.learns))

    def identify(self, collection):
        """Of the names that one run gives."""
        return canonical({"withhold": self._withheld(collection)})

    def decide(self, collection):
        """Of which run decides, and of how right it is."""
        error = self.plan.collections[collection]["calibrate"]["error"]
        return canonical({"error": error, "withhold": self._withheld(collection)})

    def review(self, collection):
        """Of the pages on which a person answers."""
        return canonical({"ledger": self.plan.ledger(collection)})

    def export(self, collection):
        """Of the files for other tools, with where stations are told of."""
        return self._of(collection, "export", **self._places(collection))

    def embed(self, collection, run, batch):
        """Of the features: what lies outside the mask looks as it did in training."""
        seen = {"batch": batches.whole(batch)} if self.plan.run(collection, run).facts["SEES_PATHS"] else {}
        return canonical({**self._view(collection, run), **seen})

    def cluster(self, collection, run):
        """Of the clusters. Where the method's vectors are made for one algorithm, that one alone runs."""
        planned = self.plan.run(collection, run)
        own = planned.facts["GROUPING"]
        only = {"algorithms": {own: {}}} if own else {}
        individuals = self.plan.collections[collection]["individuals"]
        return self._of(collection, "cluster", individuals=individuals, seed=planned.seed, **only)

    def keypoints(self, points):
        """Of the table `points` of the key points that a re-ranker reads. Raises ConfigError where none does."""
        wanted = reranked.keypoints(self.plan.config, points)
        if wanted is None:
            raise ConfigError("No re-ranker reads these key points: name local, fusion or lightglue under `rerank`.")
        files = self.plan.manifest.facts(self.plan.keypoint_weights(points))
        return canonical(wanted | ({"manifest": files} if files else {}))

    def evaluate(self, collection, run):
        """Of the figures, with what the tables say of the run, and with its re-ranker if it has one."""
        planned, anew = self.plan.run(collection, run), self.plan.reranking(collection, run)
        about = {"method": (anew or planned).label, "seed": planned.seed, "family": planned.facts["FAMILY"]}
        about["chooses"] = planned.facts["CHOOSES"]
        about |= {"rerank": anew.settings} if anew else {}
        if files := self.plan.manifest.facts(self.plan.rerank_weights(collection, run)):
            about["manifest"] = files
        return self._of(collection, "evaluate", **about)

    def explain(self, collection, run):
        """Of the pictures that explain a network."""
        return canonical({"crops": self.plan.config["explain"]["crops"], **self._view(collection, run)})

    def report(self):
        """Of the report: all that there is to tell of."""
        return report.settings(self.plan)

    def detect_code(self, collection):
        """Fingerprint of the code that detects in `collection`."""
        return fingerprint.of("stages.detect", f"detectors.{self.plan.collections[collection]['detect']['name']}")

    def embed_code(self, collection, run):
        """Fingerprint of the code that makes the features of the run."""
        return fingerprint.of("stages.embed", f"methods.{self.plan.run(collection, run).method}")

    def match_code(self, collection, run):
        """Fingerprint of the code that matches by the run, with that of its re-ranker."""
        anew = self.plan.reranking(collection, run)
        return fingerprint.of("stages.match", *([f"rerankers.{anew.reranker}"] if anew else []))

    def evaluate_code(self, collection, run):
        """Fingerprint of the code that measures the run, with that of its re-ranker."""
        anew = self.plan.reranking(collection, run)
        return fingerprint.of("stages.evaluate", *([f"rerankers.{anew.reranker}"] if anew else []))

    def explain_code(self, collection, run):
        """Fingerprint of the code that explains the run's network."""
        return fingerprint.of("stages.explain", f"methods.{self.plan.run(collection, run).method}")

    def _of(self, collection, section, **more):
        return canonical({**self.plan.collections[collection][section], **more})

    def _places(self, collection):
        parts = self.plan.batches(collection)
        folders = {batches.whole(part): self.plan.folder(collection, part) for part in parts}
        return {"stations": self.plan.collections[collection]["stations"], "folders": folders}

    def _withheld(self, collection):
        wanted = self.plan.collections[collection]["identify"]["withhold"]
        return [part for part in self.plan.batches(collection) if batches.whole(part) in wanted]

    def _view(self, collection, run):
        planned = self.plan.run(collection, run)
        return view(self.plan.collections[planned.source], planned.test_view or planned.train_view)
