"""Tables that users write: `labels.csv` (names, with whatever else is known) and `boxes.csv` (names with boxes).

Columns: `path` and `individual`; optionally `frame`, `station`, `sequence`, `timestamp` (ISO 8601; a video's is that of
its start), `viewpoint`, `split`, `species`, and the box `x, y, w, h`, which boxes.csv must have. Other columns are
ignored. A cell that is empty or holds a word such as NA says nothing, and an individual called "unknown" has no name.
"""

from pugmark.formats import folder, kinds, text, times

REQUIRED = {"labels.csv": ["path", "individual"], "boxes.csv": ["path", "individual", "x", "y", "w", "h"]}
SPLITS = ("train", "val", "query", "gallery", "test")


def read(file, required):
    """Rows of the table at `file` whose columns include `required`; none where the file is empty.

    Returns (rows, problems): dicts of text (None where a cell says nothing; frame_number an int, the box floats) with
    their line, and sentences on what is wrong. Raises BatchError, CsvError.
    """
    found = text.table(text.decoded(folder.content(file)))
    missing = [column for column in required if column not in found.columns]
    if missing and found.columns:
        return [], [f"line 1: no column {', '.join(missing)}"]
    rows, problems = [], list(found.problems)
    for line, words in found.rows:
        row, wrong = _row(words)
        rows.append(row | {"line": line})
        problems += [f"line {line}: {problem}" for problem in wrong]
    return rows, problems


def _row(words):
    row = words | {"path": words["path"] and text.path(words["path"])}
    problems = [] if row["path"] else ["no path"]
    if (row["individual"] or "").lower() == "unknown":
        row["individual"] = None
    if row.get("split") not in (None, *SPLITS):
        problems.append(f"split {row['split']!r} is none of {', '.join(SPLITS)}")
    row["frame_number"] = _frame(row.get("frame"), problems)
    for side in "xywh":
        row[side] = row.get(side) and text.number(row[side])
        if row[side] is None and words.get(side):
            problems.append(f"{side} {words[side]!r} is not a number")
    return row, problems + list(_contradictions(row))


def _frame(said, problems):
    """The frame number in the word `said`; programs that know no whole numbers with gaps write 12 as 12.0."""
    number = text.number(said) if said else None
    if number is not None and number >= 0 and number == int(number):
        return int(number)
    if said:
        problems.append(f"frame {said!r} is not a frame number from 0")
    return None


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
