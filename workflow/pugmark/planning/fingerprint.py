"""Which code computes a result: a checksum of a module and of every part of the package that it imports.

Rules carry it as a parameter, so that an edit to one method reruns that method and a touched file reruns nothing.
"""

import ast
import functools
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@functools.cache
def of(*modules):
    """Short checksum of the sources of `modules` (dotted names inside the package, such as `stages.detect`
    or `methods.resnet50`), of all they import from the package, directly or through one another, and of the templates
    that lie beside those."""
    paths = {_path(name) for module in modules for name in closure(module)}
    paths |= {template for path in paths for template in (path.parent / "templates").glob("*")}
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@functools.cache
def closure(module):
    """The dotted names (inside the package) of `module` and everything of the package that it needs."""
    found, todo = set(), [module]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(imports(name))
    return frozenset(found)


@functools.cache
def imports(name):
    """The dotted names (inside the package) that module `name` imports itself."""
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
