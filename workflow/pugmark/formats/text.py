"""Words, paths and tables as people and programs write them, read in one way everywhere.

Imports nothing heavy: the tables of a batch are read whenever the workflow is parsed.
"""

import codecs
import csv
import io
import math
import re
import unicodedata
from typing import NamedTuple

# How R, Python, spreadsheets and databases write that a value is missing. "Nan" and "Na" may be names.
MISSING = frozenset({"", "NA", "na", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "NAN", "NaT"}) | {
    *("null", "NULL", "Null", "None", "none", "NONE"),
}
DELIMITERS = ",;\t"
LONGEST = 131_072
"""Characters of a cell: a longer one is no cell but the rows behind a stray quotation mark."""
# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


class CsvError(ValueError):
    """A file is not the table that it should be: the message says in which line, and what to do."""


class Table(NamedTuple):
    """columns: names, in order. rows: [(line, {column: word or None})]. problems: sentences that begin with a line."""

    columns: list
    rows: list
    problems: list


def word(cell):
    """`cell` without spaces around it and with composed accents (NFC), or None where it is missing."""
    cell = cell.strip() if cell else ""
    if cell in MISSING:
        return None
    return cell if cell.isascii() else unicodedata.normalize("NFC", cell)


def path(given):
    """The relative path `given` with forward slashes, composed accents (NFC), and no `.` or empty parts."""
    first, *rest = unicodedata.normalize("NFC", given).replace("\\", "/").split("/")
    parts = [part for part in (first, *rest) if part not in ("", ".")]
    # A path from the root names no file of a batch, and must not turn into one.
    return ("" if first or not rest else "/") + "/".join(parts)


def number(said):
    """The number in the word `said`, also with a decimal comma, or None. `1,250` could mean two numbers and is none."""
    if re.fullmatch(r"[-+]?\d*,\d+", said) and not re.fullmatch(r"[-+]?[1-9]\d{0,2},\d{3}", said):
        said = said.replace(",", ".")
    try:
        value = float(said)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def decoded(content, encoding=None):
    """The text in the bytes `content`, by its byte order mark, else by `encoding`, else UTF-8. Raises CsvError."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), encoding or "utf-8")
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise CsvError(f"it is not {encoding.upper()} text: save it as CSV in UTF-8") from error
    if "\0" in text:
        raise CsvError("it holds zero bytes: save it as CSV in UTF-8")
    return text


def records(text, delimiter=None, **dialect):
    """Yield (line, cells) of each record of the CSV `text` that is not blank; the line is that on which it begins.

    Without a delimiter, it is the one that an Excel line `sep=;` states, else the most frequent of comma, semicolon and
    tab in the first line. dialect: further options of `csv.reader`. Raises CsvError.
    """
    lines, skipped = io.StringIO(text, newline="").readlines(), 0
    if lines and lines[0].lower().startswith("sep="):
        stated, skipped = lines[0].rstrip("\r\n")[4:], 1
        delimiter = delimiter or stated[:1]
    delimiter = delimiter or max(DELIMITERS, key="".join(lines[:1]).count)
    try:
        reader = csv.reader(lines[skipped:], delimiter=delimiter, strict=True, **dialect)
    except (TypeError, ValueError) as error:
        raise CsvError(f"its dialect cannot be read ({error}): save it as CSV with commas") from error
    while True:
        line = reader.line_num + skipped + 1
        try:
            cells = next(reader, None)
            # A library that is imported beside this may have raised the limit of `csv` for the whole process.
            if any(len(cell) > LONGEST for cell in cells or ()):
                raise csv.Error(f"field larger than {LONGEST} characters")
        except csv.Error as error:
            raise CsvError(f"line {line}: a quotation mark is not closed, or closed too early ({error})") from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def table(text, columns=None, **dialect):
    """The Table in the CSV `text`, whose first record names the columns; blank rows are left out.

    columns: those in which a line break is a problem; None: in every one. There, a quotation mark that was opened by
    mistake would make the rows below part of one cell. dialect: as of `records`. Raises CsvError.
    """
    lines = records(text, **{"skipinitialspace": True} | dialect)
    names = [word(cell) or "" for cell in next(lines, (1, []))[1]]
    found = Table(names, [], [f"line 1: the column {name} is there twice" for name in _twice(names)])
    watched = [i for i, name in enumerate(names) if columns is None or name in columns]
    for line, cells in lines:
        words = [word(cell) for cell in cells]
        if any(words[len(names) :]):
            found.problems.append(f"line {line}: more cells than columns; quote a cell that holds a separator")
        elif any(_breaks(cells[i]) for i in watched if i < len(cells)):
            found.problems.append(f"line {line}: a cell goes on in the next line; close its quotation mark")
        elif any(words):
            words += [None] * (len(names) - len(words))
            found.rows.append((line, dict(zip(names, words, strict=False))))
    return found


def _twice(names):
    return sorted({name for name in names if name and names.count(name) > 1})


def _breaks(cell):
    return ("\n" in cell or "\r" in cell) and any(end in cell.strip() for end in "\r\n")
