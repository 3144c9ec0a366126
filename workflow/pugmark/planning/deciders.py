"""The runs that may decide who was seen in a collection.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

from pugmark import literals
from pugmark.planning.configuration import ConfigError

WITHOUT_EVENTS = ("tracker", "video")
"""Families that follow animals through one video; who they are is what their clusters say."""
TOLD = ("oracle", "random")
"""Controls that are told the answers, or nothing."""


def of(name, spec, offered, reranked):
    """The runs that `identify.run` names, else one of each method that is no control; first choice first.

    Where only controls run, those that look at pictures. None in a collection of videos, unless they are named.
    offered: the collection's runs. reranked: its re-ranked ones. Raises ConfigError.
    """
    wanted = spec["identify"]["run"]
    if wanted is not None:
        known = {run.name: run for run in [*offered, *reranked]}
        for one in wanted:
            if one not in known:
                raise ConfigError(f"collections.{name}, identify.run: {literals.unknown(one, known, 'run')}")
            if known[one] in reranked:
                check_reranked(known[one])
        return [known[one] for one in wanted]
    if any(run.facts["FAMILY"] in WITHOUT_EVENTS for run in offered):
        return []
    once = _first([*offered, *(run for run in reranked if run.points)])
    free = [run for run in once if run.facts["FAMILY"] != "control"]
    return free or [run for run in once if run.method not in TOLD]


def check_reranked(run):
    """Refuse a re-ranker that says nothing of two encounters alone. Raises ConfigError."""
    if not run.points:
        raise ConfigError(
            f"{run.name} cannot decide who was seen: {run.reranker} compares the neighbours of all crops, and "
            f"encounters are matched as they come. Take {run.base.name}, or a re-ranker with key points."
        )


def _first(runs):
    """The first run of each method."""
    return list({run.label: run for run in reversed(runs)}.values())[::-1]


def check_withheld(name, spec, batches):
    """Refuse a batch to withhold that is not there. batches: their names. Raises ConfigError."""
    for one in spec["identify"]["withhold"]:
        if one not in batches:
            raise ConfigError(f"collections.{name}, identify.withhold: {literals.unknown(one, batches, 'batch')}")
