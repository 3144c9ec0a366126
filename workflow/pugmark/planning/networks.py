"""Whether the installed libraries have a network, by their files: to import them would take seconds at every start."""

import functools
import importlib.util
import re
from pathlib import Path

from pugmark import literals

_LIBRARIES = {"": ("torchvision", "models"), "timm": ("timm", "models"), "open_clip": ("open_clip", "model_configs")}
_DEFINED = re.compile(r"^(?:def )?([\w-]+)(?:\(|$)", re.M)


def fault(name):
    """A sentence where no library has the backbone `name` (see learning.backbones), else None.

    Also None where its library is not installed here, as the jobs may run in another environment.
    """
    family, _, short = (name or "").rpartition("/")
    if family not in _LIBRARIES:
        return f"Unknown backbone {name!r}: write a torchvision name, timm/NAME or open_clip/NAME."
    # What stands behind the dot in a name of timm says whose weights are meant.
    wanted, text = short.partition(".")[0] if family == "timm" else short, _text(*_LIBRARIES[family])
    word = re.escape(wanted or "none")
    # A name in quotation marks is an older one of timm.
    if text is None or re.search(rf"^(def )?{word}(\(|$)|['\"]{word}['\"]", text, re.M):
        return None
    near = literals.nearest(wanted, _DEFINED.findall(text))
    hint = f": did you mean {near!r}?" if near else "; see its list of models."
    return f"{_LIBRARIES[family][0]} has no network {wanted!r}{hint}"


@functools.cache
def _text(library, folder):
    """The functions that make a library's networks, or the names of the files that describe them; None without it."""
    found = importlib.util.find_spec(library)
    if found is None:
        return None
    files = sorted(Path(found.submodule_search_locations[0], folder).iterdir())
    stems = [path.stem for path in files if path.suffix == ".json"]
    return "\n".join(stems + [path.read_text() for path in files if path.suffix == ".py"])
