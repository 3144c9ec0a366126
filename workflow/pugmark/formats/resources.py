"""Tables of a data package (Frictionless `tabular-data-resource`), in the spelling that its descriptor states.

https://specs.frictionlessdata.io: `path` may be a list, `compression` gz, `encoding` any that Python knows, and
`dialect` states delimiter, quotes and whether there is a header.
"""

import gzip
import zlib
from pathlib import PurePosixPath

from pugmark.formats import text
from pugmark.formats.folder import BatchError, content

# The dialect's words for the options of `csv.reader`.
_DIALECT = {
    "delimiter": "delimiter",
    "quoteChar": "quotechar",
    "doubleQuote": "doublequote",
    "escapeChar": "escapechar",
    "skipInitialSpace": "skipinitialspace",
}


def read(folder, resource, name, required):
    """[(line, {column: word or None})] of the table `name` that `resource`, a dict, describes, in the package `folder`.

    required: columns that must be there, and whose cells hold no line breaks; those of comments may. Raises BatchError.
    """
    paths = resource.get("path")
    paths = paths if isinstance(paths, list) else [paths]
    if not paths or not all(map(_lies_inside, paths)):
        raise BatchError(f"{folder}/datapackage.json: put the table of {name} beside it and name it there.")
    rows = []
    for path in paths:
        try:
            found = _table(folder / path, resource, required)
        except text.CsvError as error:
            raise BatchError(f"{folder / path} is no table of {name}: {error}.") from error
        if missing := set(required) - set(found.columns):
            raise BatchError(f"{folder / path} lacks the column {min(missing)}: add it, or remove the package.")
        if found.problems:
            raise BatchError(f"{folder / path}, {found.problems[0]}.")
        rows += found.rows
    return rows


def _lies_inside(path):
    if not isinstance(path, str) or "\0" in path or "://" in path:
        return False
    return not path.startswith("/") and ".." not in PurePosixPath(path).parts


def _table(file, resource, required):
    dialect, schema = resource.get("dialect"), resource.get("schema")
    dialect = dialect if isinstance(dialect, dict) else {}
    dialect = dialect | (dialect.get("csv") or {})  # as version 5 of frictionless writes it
    said = text.decoded(_unpacked(file, resource.get("compression")), resource.get("encoding"))
    options = {option: dialect[key] for key, option in _DIALECT.items() if key in dialect}
    if dialect.get("header") is False:
        said = _header(schema, options.get("delimiter", ",")) + said
    return text.table(said, required, **options)


def _unpacked(file, compression):
    packed = content(file)
    if not (compression in ("gz", "gzip") or file.suffix.lower() == ".gz"):
        if compression:
            raise text.CsvError(f"it is compressed ({compression}): unpack it, and name the file in datapackage.json")
        return packed
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise text.CsvError(f"it cannot be unpacked ({error}): write it again") from error


def _header(schema, delimiter):
    fields = schema.get("fields") if isinstance(schema, dict) else None
    if not fields:
        raise text.CsvError("it has no line of column names: add one, or list the fields in datapackage.json")
    return delimiter.join(field["name"] for field in fields) + "\n"
