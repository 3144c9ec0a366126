"""Facts that a module states as literals, read without running it, and the words a user may have meant."""

import ast
import difflib


def read(path, names):
    """{name: value} of the top-level assignments in the Python file `path` whose name is among `names`."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in names:
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def bound(path):
    """The names of the functions that the Python file `path` defines or imports at its top level."""
    body = ast.parse(path.read_text()).body
    imported = {alias.asname or alias.name for node in body if isinstance(node, ast.ImportFrom) for alias in node.names}
    return imported | {node.name for node in body if isinstance(node, ast.FunctionDef)}


def unknown(word, known, what):
    """One sentence that names the unknown word and offers the nearest known one."""
    near = nearest(word, known)
    hint = f"did you mean {near!r}?" if near else f"known: {', '.join(sorted(known)) or 'none'}."
    return f"Unknown {what} {word!r}: {hint}"


def nearest(word, known):
    """The one of `known` that a user who wrote `word` may have meant, or None."""
    return next(iter(difflib.get_close_matches(str(word), known, 1)), None)
