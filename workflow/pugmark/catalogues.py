"""Files of a folder that are found by name, their facts read as literals, and a user's settings laid over theirs.

Imports nothing heavy: the workflow's parser reads what the files state without running them.
"""

from pugmark import literals, ranges


def read(folder, required, optional, error, advice):
    """{name: literals} of every Python file of `folder`, without importing any.

    required: names that each file states. optional: {name: default}. Raises `error`, which ends with `advice`.
    """
    files = sorted(path for path in folder.glob("*.py") if path.stem != "__init__")
    return {path.stem: _stated(path, required, optional, error, advice) for path in files}


def laid_over(what, stated, overrides, error):
    """The PARAMS of the literals `stated` with the user's `overrides`. what: `method fancl`. Raises `error`."""
    for key, value in overrides.items():
        known(key, stated["PARAMS"], f"setting of {what}", error)
        default, allowed = stated["PARAMS"][key], stated["ALLOWED"].get(key)
        if fault := ranges.fault(f"{key} of {what}", value, default, allowed):
            raise error(fault)
    return {**stated["PARAMS"], **overrides}


def known(word, names, what, error):
    """Raise `error` unless `word` is among `names`."""
    if word not in list(names):  # a list among the words is no key
        raise error(literals.unknown(word, names, what))


def _stated(path, required, optional, error, advice):
    place = f"{path.parent.name}/{path.name}"
    try:
        found = literals.read(path, {*required, *optional})
    except ValueError as fault:
        raise error(f"{place}: write its facts as literals, without a call ({fault}).") from fault
    missing = [name for name in required if name not in found]
    if missing:
        raise error(f"{place} does not state {', '.join(missing)}: write literals ({advice}).")
    return {**optional, **found}
