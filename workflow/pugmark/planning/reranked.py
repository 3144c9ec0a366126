"""Re-ranked runs: the runs of some methods, their nearest crops ordered anew by a re-ranker.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

from dataclasses import dataclass

from pugmark import literals, rerankers
from pugmark.planning.configuration import ConfigError
from pugmark.planning.runs import Run

MARK = "+"
"""Between the names of a run and of a re-ranker; no method's name may hold it."""


@dataclass(frozen=True)
class Reranked:
    """One run with one re-ranker.

    base: the run whose features it starts from. params: complete. beside: further runs whose features it reads.
    """

    base: Run
    reranker: str
    shortlist: int
    params: dict
    beside: tuple = ()

    @property
    def name(self):
        return f"{self.base.name}{MARK}{self.reranker}"

    @property
    def label(self):
        """What the report calls the method."""
        return f"{self.base.label}{MARK}{self.reranker}"

    @property
    def method(self):
        """What stands for the method's file: a re-ranked control is no control."""
        return f"{self.base.method}{MARK}{self.reranker}"

    @property
    def facts(self):
        """What the report says of the method."""
        base, own = self.base.facts, rerankers.catalogue()[self.reranker]
        title = f"{base['TITLE']}, re-ranked: {own['TITLE']}"
        return base | {"TITLE": title, "SOURCE": own["SOURCE"], "FAMILY": rerankers.FAMILY, "PUBLISHED": []}

    @property
    def changes(self):
        """{setting: value} of those that differ from the files of the method and of the re-ranker."""
        stated = rerankers.catalogue()[self.reranker]["PARAMS"]
        own = {key: value for key, value in self.params.items() if value != stated[key]}
        beside = {"with": ", ".join(run.label for run in self.beside)} if self.beside else {}
        return self.base.changes | own | {"shortlist": self.shortlist} | beside

    @property
    def settings(self):
        """What the evaluation is told."""
        beside = {"with": [run.name for run in self.beside]} if self.beside else {}
        return {"name": self.reranker, "shortlist": self.shortlist, "params": self.params} | beside

    @property
    def reads(self):
        """The runs whose features it reads."""
        return (self.base, *self.beside)

    @property
    def learns(self):
        """Whether it is fitted on named crops."""
        return rerankers.catalogue()[self.reranker]["LEARNS"]

    @property
    def points(self):
        """The name of the table of key points that it reads, or None."""
        own = rerankers.catalogue()[self.reranker]
        return own["POINTS"] if own["KEYPOINTS"] else None

    @property
    def weights(self):
        """{key of the configuration: name} of the weight file of what matches its key points."""
        known = rerankers.catalogue()[self.reranker]["WEIGHTS"]
        return {f"rerank.{self.reranker}": known[self.params["features"]][1]} if known else {}


def check(config):
    """Refuse, under `rerank`, unknown re-rankers, settings and methods. Raises ConfigError."""
    for name, given in config["rerank"].items():
        _resolved(name, given)
        if given.get("with") and not rerankers.catalogue()[name]["SEVERAL"]:
            raise ConfigError(f"rerank.{name}.with: {name} reads no other runs: leave it out.")
        for key in ("methods", "with"):
            for label in given.get(key, ()):
                if label not in config["methods"]:
                    raise ConfigError(f"rerank.{name}.{key}: {literals.unknown(label, config['methods'], 'method')}")
    for points in {own["POINTS"] for own in rerankers.catalogue().values()}:
        keypoints(config, points)


def of(config, runs):
    """The re-ranked runs over `runs`, those of one collection."""
    return [
        Reranked(run, name, given["shortlist"], _resolved(name, given), _beside(run, name, given, runs))
        for name, given in config["rerank"].items()
        for run in runs
        if run.label in given["methods"]
    ]


def keypoints(config, points):
    """The settings of the stage `keypoints` for its table `points`: those of the re-rankers that read it.

    None where none does.     Raises ConfigError where two of them want other key points.
    """
    wanted = {}
    for name, given in config["rerank"].items():
        params = _resolved(name, given)
        facts = rerankers.catalogue()[name]
        if facts["KEYPOINTS"] and facts["POINTS"] == points:
            wanted[name] = {key: params[key] for key in facts["KEYPOINTS"]}
    first = next(iter(wanted), None)
    for name, own in wanted.items():
        for key, value in own.items():
            if value != wanted[first][key]:
                raise ConfigError(
                    f"rerank.{name}: {key} is {value}, and {wanted[first][key]} under rerank.{first}: key points are "
                    "found once, so give both the same."
                )
    return wanted.get(first)


def _beside(run, name, given, runs):
    """The runs of the methods under `with` but its own, of the seed of `run`; of one without that seed, its first."""
    found = []
    for label in [label for label in given.get("with", ()) if label != run.label]:
        offered = [other for other in runs if other.label == label]
        if not offered:
            raise ConfigError(f"rerank.{name}.with: {label} does not run on the collection of {run.label}.")
        found.append(run.beside(offered))
    return tuple(found)


def _resolved(name, given):
    overrides = {key: value for key, value in given.items() if key not in ("methods", "shortlist", "with")}
    try:
        return rerankers.resolve(name, overrides)
    except rerankers.RerankerError as error:
        raise ConfigError(f"rerank.{name}: {error}") from error
