"""Whether wildlife-datasets has a class, by its files: to import the package would take seconds at every start."""

import functools
import importlib.util
import re
from pathlib import Path

from pugmark import literals


def fault(name):
    """A sentence where wildlife-datasets has no class `name`, else None; None also where it is not installed here, as
    the jobs may run in another environment."""
    known = _classes()
    if known is None or name in known:
        return None
    return literals.unknown(name, known, "class of wildlife-datasets")


@functools.cache
def _classes():
    found = importlib.util.find_spec("wildlife_datasets")
    if found is None:
        return None
    files = Path(found.submodule_search_locations[0], "datasets").glob("*.py")
    return set(re.findall(r"^class (\w+)\(", "\n".join(path.read_text() for path in files), re.M))
