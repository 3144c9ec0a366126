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
    """One run with one re-ranker. base: the run whose features it starts from. params: complete."""

    base: Run
    reranker: str
    shortlist: int
    params: dict

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
        return self.base.changes | own | {"shortlist": self.shortlist}

    @property
    def settings(self):
        """What the evaluation is told."""
        return {"name": self.reranker, "shortlist": self.shortlist, "params": self.params}

    @property
    def reads_keypoints(self):
        return bool(rerankers.catalogue()[self.reranker]["KEYPOINTS"])


def check(config):
    """Refuse, under `rerank`, unknown re-rankers, settings and methods. Raises ConfigError."""
    for name, given in config["rerank"].items():
        _resolved(name, given)
        for label in given["methods"]:
            if label not in config["methods"]:
                raise ConfigError(f"rerank.{name}.methods: {literals.unknown(label, config['methods'], 'method')}")


def of(config, runs):
    """The re-ranked runs over `runs`, those of one collection."""
    return [
        Reranked(run, name, given["shortlist"], _resolved(name, given))
        for name, given in config["rerank"].items()
        for run in runs
        if run.label in given["methods"]
    ]


def keypoints(config):
    """The settings of the stage `keypoints`: those of the re-ranker that reads its table."""
    wanted = {name: rerankers.catalogue()[name]["KEYPOINTS"] for name in config["rerank"]}
    name = next(name for name, keys in wanted.items() if keys)
    params = _resolved(name, config["rerank"][name])
    return {key: params[key] for key in wanted[name]}


def _resolved(name, given):
    overrides = {key: value for key, value in given.items() if key not in ("methods", "shortlist")}
    try:
        return rerankers.resolve(name, overrides)
    except rerankers.RerankerError as error:
        raise ConfigError(f"rerank.{name}: {error}") from error
