"""Write what the code already states into the documents: README's table of methods, methods.md, configuration.md.

`make docs` runs it; a test fails when a document is stale.
"""

import ast
import re
import sys
import tokenize
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from pugmark import literals, methods  # noqa: E402
from pugmark.planning import configuration  # noqa: E402

PACKAGE = Path(configuration.__file__).parents[1]

START, END = "<!-- methods -->", "<!-- /methods -->"
HEAD = """\
# Configuration

Every key of `config.yaml`, from `workflow/schemas/config.schema.yaml`. Defaults need not be written. The sections
`ingest` to `evaluate` may also stand inside a collection, for that collection only.

| key | default | what it says |
|---|---|---|
"""


METHODS_HEAD = """\
# Methods and their settings

What each method file states. A setting goes beside the method's name under `methods` in `config.yaml`, or into a
study's grid; those that are not written keep the value below, which is the paper's unless the line says otherwise.
"""


def methods_table():
    """Markdown table of the methods, from the literals of their files."""
    rows = ["| method | family | labels it sees | source |", "|---|---|---|---|"]
    for name, facts in methods.catalogue().items():
        rows.append(f"| `{name}` | {facts['FAMILY']} | {_seen(facts)} | {facts['SOURCE']} |")
    return "\n".join(rows)


def _seen(facts):
    return "all, in place of pixels" if facts["SEES_TRUTH"] else facts["LABELS"]


def readme(text):
    """README.md with the table of methods brought up to date."""
    return re.sub(f"{START}.*{END}", lambda _: f"{START}\n{methods_table()}\n{END}", text, flags=re.S)


def methods_page():
    """The whole of methods.md: source, presets and settings of every method."""
    return METHODS_HEAD + "".join(_method(name, facts) for name, facts in methods.catalogue().items())


def _method(name, facts):
    about = f"{facts['TITLE']}. {facts['SOURCE']}. Family: {facts['FAMILY']}; labels it sees: {_seen(facts)}."
    yielded = [f"\n## `{name}`\n\n{about}\n"]
    for preset, settings in facts["PRESETS"].items():
        listed = ", ".join(f"`{key}: {value}`" for key, value in settings.items())
        yielded.append(f"\n`preset: {preset}` stands for {listed or 'the settings below'}.\n")
    if facts["PARAMS"]:
        yielded.append(_settings(methods.FOLDER / f"{name}.py", "PARAMS"))
    return "".join(yielded)


def _settings(path, name):
    """Markdown table of the dict `name` in a Python file, or a sentence where it is empty."""
    stated = literals.read(path, {name})[name]
    said = comments(path, name)
    rows = [f"| `{key}` | `{yaml_of(value)}` | {said[key].replace('|', '/')} |\n" for key, value in stated.items()]
    return "\n| setting | value | what it says |\n|---|---|---|\n" + "".join(rows) if rows else "\nNo settings.\n"


def comments(path, name):
    """{setting: the comment behind it in the dict `name`} of a Python file."""
    with tokenize.open(path) as file:
        source = file.read()
    lines = iter(source.splitlines(keepends=True))
    behind = {token.start[0]: token.string.lstrip("# ") for token in _tokens(lines) if token.type == tokenize.COMMENT}
    (stated,) = [node.value for node in ast.parse(source).body if _assigns(node, name)]
    return {key.value: behind.get(value.end_lineno, "") for key, value in zip(stated.keys, stated.values, strict=True)}


def _tokens(lines):
    return tokenize.generate_tokens(lambda: next(lines, ""))


def _assigns(node, name):
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name


def yaml_of(value):
    """A value as YAML writes it within a line."""
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def configuration_page():
    """The whole of configuration.md."""
    schema = yaml.safe_load(configuration.SCHEMA.read_text())
    drawn = _settings(PACKAGE / "stages" / "synthesise.py", "DEFAULTS")
    detectors = [path for path in sorted((PACKAGE / "detectors").glob("*.py")) if path.stem != "__init__"]
    listed = [f"\n## Detector `{path.stem}`\n{_settings(path, 'DEFAULTS')}" for path in detectors]
    return HEAD + "".join([*_rows(schema, schema, ""), *listed, f"\n## A drawn survey (`synthetic`)\n{drawn}"])


def _rows(spec, schema, prefix):
    for key, inner in spec.get("properties", {}).items():
        if "$ref" in inner:
            inner = schema["$defs"][inner["$ref"].rsplit("/", 1)[1]]
        others = inner.get("additionalProperties")
        if "description" in inner and "(as the section" not in inner["description"]:
            default = f"`{inner['default']}`" if "default" in inner else ""
            words = f": {', '.join(f'`{word}`' for word in inner['enum'])}" if "enum" in inner else ""
            yield f"| `{prefix}{key}` | {default} | {inner['description'].replace('|', '/')}{words} |\n"
        if isinstance(others, dict) and "$ref" in others:
            yield from _rows(schema["$defs"][others["$ref"].rsplit("/", 1)[1]], schema, f"{prefix}{key}.NAME.")
        elif isinstance(others, dict):
            yield from _rows(others, schema, f"{prefix}{key}.NAME.")
        yield from _rows(inner, schema, f"{prefix}{key}.")


if __name__ == "__main__":
    (ROOT / "README.md").write_text(readme((ROOT / "README.md").read_text()))
    (ROOT / "docs" / "methods.md").write_text(methods_page())
    (ROOT / "docs" / "configuration.md").write_text(configuration_page())
