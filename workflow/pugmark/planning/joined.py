"""Runs that join the vectors of other runs: `of` names the methods.

Read whenever the workflow is parsed, so it imports nothing heavy.
"""

from pugmark import literals, methods
from pugmark.planning import studies
from pugmark.planning.configuration import ConfigError


def check(config):
    """Refuse, in an expanded `config`, an `of` that names what cannot be joined, or stands where none belongs.

    Raises ConfigError.
    """
    for label, given in config["methods"].items():
        given = given or {}
        at, facts = studies.where(config, label), _facts(config, label)
        if facts["JOINS"] and len(given.get("of", ())) < 2:
            raise ConfigError(f"{at}: name two methods or more, whose vectors it joins, under `of`.")
        if "of" in given and not facts["JOINS"]:
            raise ConfigError(f"{at}: `of` is for `method: concat` alone.")
        for other in given.get("of", ()):
            if other not in config["methods"]:
                raise ConfigError(f"{at}, of: {literals.unknown(other, config['methods'], 'method')}")
            if _facts(config, other)["FAMILY"] != "frozen" or _facts(config, other)["JOINS"]:
                raise ConfigError(
                    f"{at}, of: {other} is no frozen network, or a `concat` too: name methods of the family `frozen`."
                )


def possible(name, runs, must):
    """Those of the `runs` of collection `name` whose `of` runs there too, and a sentence for each left out.

    must: {method: whether it must run}. Raises ConfigError where one must.
    """
    offered, kept, left_out = {run.label for run in runs}, [], {}
    for run in runs:
        absent = [label for label in run.of if label not in offered]
        said = f"it joins {absent[0]}, which does not run there." if absent else None
        if absent and must[run.label]:
            raise ConfigError(f"collections.{name}: {run.label} cannot run: {said} Name that under `methods` as well.")
        if absent:
            left_out[run.label] = f"{run.label} is left out of {name}: {said}"
        else:
            kept.append(run)
    return kept, list(left_out.values())


def members(run, runs):
    """Those of `runs` that the run joins."""
    return [run.beside([other for other in runs if other.label == label]) for label in run.of]


def _facts(config, label):
    name = (config["methods"][label] or {}).get("method", label)
    return methods.catalogue().get(name, {"JOINS": False, "FAMILY": None})
