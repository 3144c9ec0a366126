"""Write what the code already states into the documents: README's table of methods, and configuration.md.

`make docs` runs it; a test fails when a document is stale.
"""

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from pugmark import configuration, methods  # noqa: E402

START, END = "<!-- methods -->", "<!-- /methods -->"
HEAD = """\
# Configuration

Every key of `config.yaml`, from `workflow/schemas/config.schema.yaml`. Defaults need not be written. The sections
`ingest` to `evaluate` may also stand inside a collection, for that collection only.

| key | default | what it says |
|---|---|---|
"""


def methods_table():
    """Markdown table of the methods, from the literals of their files."""
    rows = ["| method | family | labels it sees | source |", "|---|---|---|---|"]
    for name, facts in methods.catalogue().items():
        rows.append(f"| `{name}` | {facts['FAMILY']} | {facts['LABELS']} | {facts['SOURCE']} |")
    return "\n".join(rows)


def readme(text):
    """README.md with the table of methods brought up to date."""
    return re.sub(f"{START}.*{END}", lambda _: f"{START}\n{methods_table()}\n{END}", text, flags=re.S)


def configuration_page():
    """The whole of configuration.md."""
    schema = yaml.safe_load(configuration.SCHEMA.read_text())
    return HEAD + "".join(_rows(schema, schema, ""))


def _rows(spec, schema, prefix):
    for key, inner in spec.get("properties", {}).items():
        if "$ref" in inner:
            inner = schema["$defs"][inner["$ref"].rsplit("/", 1)[1]]
        others = inner.get("additionalProperties")
        if "description" in inner and "(as the section" not in inner["description"]:
            default = f"`{inner['default']}`" if "default" in inner else ""
            yield f"| `{prefix}{key}` | {default} | {inner['description'].replace('|', '/')} |\n"
        if isinstance(others, dict) and "$ref" in others:
            yield from _rows(schema["$defs"][others["$ref"].rsplit("/", 1)[1]], schema, f"{prefix}{key}.NAME.")
        elif isinstance(others, dict):
            yield from _rows(others, schema, f"{prefix}{key}.NAME.")
        yield from _rows(inner, schema, f"{prefix}{key}.")


if __name__ == "__main__":
    (ROOT / "README.md").write_text(readme((ROOT / "README.md").read_text()))
    (ROOT / "docs" / "configuration.md").write_text(configuration_page())
