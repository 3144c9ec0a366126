"""Facts that a module states as literals, read without running it, and the words a user may have meant."""

import ast
import difflib
import functools
import operator
from pathlib import Path

SOURCES = Path(__file__).parents[1]
"""The folder of the package, to which imports lead."""


def number(value):
    """A finite number as YAML takes it for one: 5.0e-06, where Python writes 5e-06, which is a word to YAML."""
    written = f"{value:g}" if isinstance(value, float) else str(value)
    return written.replace("e", ".0e") if "e" in written and "." not in written else written


def read(path, names):
    """{name: value} of the top-level assignments in the Python file `path` whose name is among `names`.

    A value is a literal, or a union of literals that other modules of the package state too, as in
    `pseudo.PARAMS | {"epochs": 60}`. Raises ValueError where it is anything else.
    """
    written = {name: parts(path, name) for name in names}
    return {
        name: functools.reduce(operator.or_, [ast.literal_eval(node) for _, node in found])
        for name, found in written.items()
        if found
    }


def parts(path, name):
    """[(file, syntax tree of a literal)] whose union is `name` in the Python file `path`, as `read` explains it.

    What a later part says of a key counts. Empty where the file does not assign `name`.
    """
    for node in _body(path.read_text()):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            return _parts(node.value, path)
    return []


def _parts(node, path):
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _parts(node.left, path) + _parts(node.right, path)
    if isinstance(node, ast.Name):
        return parts(path, node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return parts(_module(node.value.id, path), node.attr)
    return [(path, node)]


def _module(name, path):
    """The file of the module that the file `path` imports as `name`: `from pugmark.learning import pseudo`."""
    imports = [node for node in _body(path.read_text()) if isinstance(node, ast.ImportFrom)]
    found = [
        (node.module, alias.name) for node in imports for alias in node.names if name in (alias.asname, alias.name)
    ]
    if not found:
        raise ValueError(f"{path.name} does not import {name} from a folder of the package")
    folder, module = found[0]
    return SOURCES.joinpath(*folder.split("."), f"{module}.py")


@functools.cache
def _body(source):
    return ast.parse(source).body


def bound(path):
    """The names of the functions that the Python file `path` defines or imports at its top level."""
    body = _body(path.read_text())
    imported = {alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}
    return imported | {node.name for node in body if isinstance(node, ast.FunctionDef)}


def unknown(word, known, what):
    """One sentence that names the unknown word and offers the nearest known one."""
    near = nearest(word, known)
    hint = f"did you mean {near!r}?" if near else f"known: {', '.join(sorted(map(str, known))) or 'none'}."
    return f"Unknown {what} {word!r}: {hint}"


def nearest(word, known):
    """The one of `known` that a user who wrote `word` may have meant, or None."""
    return next(iter(difflib.get_close_matches(str(word), [str(one) for one in known], 1)), None)
