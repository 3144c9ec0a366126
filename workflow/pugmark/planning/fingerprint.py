"""Which code computes a result: a checksum of a module and of every part of the package that it imports.

Rules carry it as a parameter. So an edit to one method reruns that method, and a new file time reruns nothing.
"""

import ast
import functools
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@functools.cache
def of(*modules):
    """Short checksum of the sources of `modules`, of all that they import from the package, directly or indirectly,
    and of the templates beside those.

    modules: dotted names inside the package, such as `stages.detect` or `methods.resnet50`.
    """
    paths = {_path(name) for module in modules for name in closure(module)}
    paths |= {template for path in paths for template in (path.parent / "templates").glob("*")}
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@functools.cache
def closure(module):
    """The dotted names (inside the package) of `module` and of all that it needs from the package."""
    found, todo = set(), [module]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(imports(name))
    return frozenset(found)


@functools.cache
def imports(name):
    """The dotted names (inside the package) that module `name` imports directly."""
    found = set()
    for node in ast.walk(ast.parse(_path(name).read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for full in names:
            inside = full.removeprefix("pugmark.")
            if full.startswith("pugmark.") and _path(inside):
                found.add(inside)
    return found


@functools.cache
def _path(name):
    base = PACKAGE / name.replace(".", "/")
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)
