"""Whether an installed library has a network, read from its files: an import would take seconds at every start."""

import functools
import importlib.util
import re
from pathlib import Path

from pugmark import literals

_LIBRARIES = {"": ("torchvision", "models"), "timm": ("timm", "models"), "open_clip": ("open_clip", "model_configs")}
_DEFINED = re.compile(r"^(?:def )?([\w.-]+)(?:\(|$)", re.M)
# timm lists its older names in quotation marks.
_QUOTED = re.compile(r"['\"]([\w.-]+)['\"]")


def fault(name):
    """A sentence if no library has the backbone `name` (see learning.backbones), else None.

    Also None if its library is not installed here, because the jobs may run in another environment.
    """
    family, _, short = (name or "").rpartition("/")
    if family not in _LIBRARIES:
        return f"Unknown backbone {name!r}: write a torchvision name, timm/NAME or open_clip/NAME."
    # In a timm name the part after the dot names the weights.
    wanted = short.partition(".")[0] if family == "timm" else short
    known = _known(*_LIBRARIES[family])
    if known is None or wanted in known[0] or wanted in known[1]:
        return None
    near = literals.nearest(wanted, known[0])
    hint = f": did you mean {near!r}?" if near else "; see its list of models."
    return f"{_LIBRARIES[family][0]} has no network {wanted!r}{hint}"


@functools.cache
def _known(library, folder):
    """Names that a library's networks are defined by, and all words that it has in quotation marks, as two dicts in its
    order; None if it is not installed."""
    text = _text(library, folder)
    return text and tuple(dict.fromkeys(pattern.findall(text)) for pattern in (_DEFINED, _QUOTED))


def _text(library, folder):
    """Source of a library's networks, and names of their description files; None if the library is not installed."""
    found = importlib.util.find_spec(library)
    if found is None:
        return None
    files = sorted(Path(found.submodule_search_locations[0], folder).iterdir())
    stems = [path.stem for path in files if path.suffix == ".json"]
    return "\n".join(stems + [path.read_text() for path in files if path.suffix == ".py"])
