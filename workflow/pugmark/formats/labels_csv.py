"""Tables that users write: `labels.csv` (names, with whatever else is known) and `boxes.csv` (names with boxes).

Columns: `path` and `individual`; optionally `frame`, `station`, `sequence`, `timestamp` (ISO 8601; a video's is that of
its start), `viewpoint`, `split`, and the box `x, y, w, h`, which boxes.csv must have. Other columns are passed over. An
empty cell says nothing, and an individual called "unknown" is one that nobody named.
"""

import csv
import math
import unicodedata

from pugmark.formats import kinds, times

REQUIRED = {"labels.csv": ["path", "individual"], "boxes.csv": ["path", "individual", "x", "y", "w", "h"]}
SPLITS = ("train", "val", "query", "gallery")
# These words stand for a missing value in Camtrap DP and in most programs that read tables: a name would be lost.
LOST_NAMES = ("NA", "NaN", "nan")


def first_cells(file):
    """The cells of the first line of the table at `file`, which may separate by comma, semicolon or tab."""
    with open(file, newline="", encoding="utf-8-sig") as text:
        return next(csv.reader(text, delimiter=_delimiter(text)), [])


def read(file, required):
    """Rows of the table at `file` whose columns include `required`.

    Returns (rows, problems): dicts of text (None where empty; frame_number an int, the box floats) with their line, and
    sentences on what is wrong.
    """
    with open(file, newline="", encoding="utf-8-sig") as text:
        lines = csv.DictReader(text, delimiter=_delimiter(text), skipinitialspace=True)
        lines.fieldnames = [name.strip() for name in lines.fieldnames or []]
        missing = [column for column in required if column not in lines.fieldnames]
        if missing:
            return [], [f"line 1: no column {', '.join(missing)}"]
        rows, problems = [], []
        for cells in lines:
            row, wrong = _row(cells)
            rows.append(row | {"line": lines.line_num})
            problems += [f"line {lines.line_num}: {problem}" for problem in wrong]
    return rows, problems


def name_problem(individual):
    """What is wrong with an individual's name, or None."""
    if individual in LOST_NAMES:
        return f"an individual called {individual!r} would be read as a missing value: give it another name"
    return None


def normal(path):
    """`path` with forward slashes, no leading `./`, and accents composed as most systems write them."""
    path = unicodedata.normalize("NFC", path.replace("\\", "/"))
    return path[2:] if path.startswith("./") else path


def _delimiter(text):
    header = text.readline()
    text.seek(0)
    return max(",;\t", key=header.count)


def _row(cells):
    row = {key: (value or "").strip() or None for key, value in cells.items() if isinstance(key, str)}
    row["path"] = row["path"] and normal(row["path"])
    problems = [] if row["path"] else ["no path"]
    if (row["individual"] or "").lower() == "unknown":
        row["individual"] = None
    problems += [problem for problem in [name_problem(row["individual"])] if problem]
    if row.get("split") not in (None, *SPLITS):
        problems.append(f"split {row['split']!r} is none of {', '.join(SPLITS)}")
    row["frame_number"] = _number(row.get("frame"), int, "frame", problems)
    for side in "xywh":
        row[side] = _number(row.get(side), float, side, problems)
    return row, problems + list(_contradictions(row))


def _contradictions(row):
    given = [side for side in "xywh" if row[side] is not None]
    if given and len(given) < 4:
        row.update(dict.fromkeys("xywh"))
        yield "a box needs numbers for all of x, y, w, h"
    if row["path"] and not kinds.is_video(row["path"]) and row["frame_number"] is not None:
        yield "only a video has frames: leave the cell empty"
    if row["path"] and kinds.is_video(row["path"]) and row["frame_number"] is None and row["x"] is not None:
        yield "a box on a video needs the number of its frame, counted from 0"
    try:
        times.from_iso(row.get("timestamp") or "2000-01-01")
    except ValueError:
        yield f"timestamp {row['timestamp']!r} is not ISO 8601: write 2024-05-31 18:30:00 or 2024-05-31T18:30:00+02:00"


def _number(text, kind, column, problems):
    try:
        number = None if text is None else kind(text)
    except ValueError:
        number = math.nan
    if number is None or (math.isfinite(number) and (kind is float or number >= 0)):
        return number
    problems.append(f"{column} {text!r} is not {'a frame number from 0' if kind is int else 'a number'}")
    return None
