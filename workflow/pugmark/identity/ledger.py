"""The ledger: what people said of encounters. It is only ever added to.

A folder holds one CSV per reviewer, so nobody waits for anybody and no file is merged. A line is an answer on a pair of
encounters, or on one encounter (`candidate` is then empty):

    same, different, unsure     of the pair
    unidentifiable              nobody can tell who `encounter` is
    other                       `encounter` shows no animal of this collection: no animal at all, or another species
    flank                       `encounter` shows the flank `value`: left, right, or none of them
    name                        `encounter` shows the animal `value`, as a label would say
    rename                      the animal of `encounter` is called `value` from now on
    swapped, not swapped,       of the two tracks of a video that show the crops `encounter` and `candidate`: from frame
    perhaps swapped             number `value` on each of them shows the other animal; identity.swaps mends that
    withdrawn                   nothing; it takes back the line that it supersedes

A reviewer's later answer on the same subject replaces the earlier one, and `supersedes` (the time of a line of the same
reviewer) takes any line back. So every step can be undone by one more line, and nothing is ever lost.
"""

import csv
import fcntl
import hashlib
import os
import re
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

from pugmark.formats.text import DELIMITERS

COLUMNS = (
    "time",  # ISO 8601 to the second or finer, UTC unless it states an offset; no two lines of a reviewer share one
    "reviewer",
    "encounter",
    "candidate",
    "encounter_media",  # media_id of each picture that was shown, with blanks between
    "candidate_media",
    "answer",
    "value",
    "shown",  # the probability that was shown
    "version",  # of Pugmark
    "supersedes",
)
OF_PAIRS = ("same", "different", "unsure")
UNIDENTIFIABLE, OTHER = OF_NOBODY = ("unidentifiable", "other")
OF_ONE = (*OF_NOBODY, "flank", "name", "rename")
OF_SWAPS = ("swapped", "not swapped", "perhaps swapped")
ANSWERS = (*OF_PAIRS, *OF_ONE, *OF_SWAPS, "withdrawn")
FLANKS = ("left", "right", "none")
_FORMULA = re.compile(r"^[=+\-@\t\r]")  # what a spreadsheet would run
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
# 27.11.2026 10:15, 11/27/26, or days since 1900.
_OF_SPREADSHEET = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b.*|\d{5}([.,]\d+)?")


class Line(namedtuple("Line", COLUMNS)):
    """An answer. where: the file and line that it was read from, which are no part of it: a copy says nothing new."""

    where = "a line of the ledger"


class LedgerError(ValueError):
    """A ledger that cannot be read; the message says which file, what is wrong and what to do."""


def files(folder):
    """The ledgers in a folder, sorted; none where there is no folder."""
    return sorted(str(path) for path in Path(folder).glob("*.csv"))


def read(paths):
    """(Lines of all ledgers by time, sentences about lines that say nothing).

    A line cut short by a power cut is told and passed over, and so is a file that ends in its first line. A spreadsheet
    may have put semicolons or tabs between the cells. Raises LedgerError where the columns are not COLUMNS.
    """
    lines, told = [], []
    for path in paths:
        with open(path, newline="", encoding="utf-8-sig", errors="replace") as file:
            delimiter = _delimiter(file.readline())
            file.seek(0)
            rows = csv.reader(file, delimiter=delimiter)
            header = next(rows, [])
            if _is_begun(header):
                told.append(f"{path}: it ends in its first line, so it holds no answer.")
                continue
            if missing := [name for name in COLUMNS if name not in header]:
                raise LedgerError(f"{path}: no column {', '.join(missing)}. A ledger begins with {','.join(COLUMNS)}.")
            for row in filter(None, rows):
                named = dict(zip(header, map(_plain, row), strict=False))
                line = Line(*(named.get(name, "") for name in COLUMNS))
                line.where = f"{path}, line {rows.line_num}"
                fault = _fault(line, len(row) == len(header))
                told += [f"{line.where}: {fault}"] if fault else []
                lines += [] if fault else [line]
    return sorted(dict.fromkeys(lines), key=_order), told


def standing(lines):
    """The lines that count: of each reviewer the last on a subject, less those that were taken back."""
    taken_back = {(line.reviewer, moment(line.supersedes)) for line in lines if line.supersedes}
    last = {}
    for line in lines:
        if (line.reviewer, moment(line.time)) not in taken_back and line.answer != "withdrawn":
            pair = frozenset((line.encounter, line.candidate))
            last[line.reviewer, kind(line.answer), pair] = line
    return sorted(last.values(), key=_order)


def kind(answer):
    """The answers of which a reviewer gives one on a subject, with `answer` among them; else `answer` alone."""
    return next((kind for kind in (OF_PAIRS, OF_SWAPS, OF_NOBODY) if answer in kind), answer)


def append(folder, line):
    """Add a Line to its reviewer's ledger in `folder`, and return only when it is on the disk.

    Raises LedgerError where the line says nothing.
    """
    if fault := _fault(line, True):
        raise LedgerError(fault)
    path = Path(folder) / file_name(line.reviewer)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        # A line that a power cut left unfinished stays alone.
        start = "" if size and os.pread(handle, 1, size - 1) == b"\n" else "\n"
        header, end, _ = os.pread(handle, size, 0).partition(b"\n")
        delimiter = _delimiter(header.decode(errors="replace"))
        if not end:  # nor a first line: no answer is lost
            os.ftruncate(handle, 0)
            start = text([COLUMNS], delimiter)
        _write(handle, (start + text([line], delimiter)).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    _sync(path.parent)


def text(rows, delimiter=","):
    """Rows as CSV. What a spreadsheet would take for a formula gets an apostrophe, which `read` takes away."""
    parts = [[f"'{cell}" if _FORMULA.match(cell) else cell for cell in map(str, row)] for row in rows]
    return "".join(delimiter.join(_quoted(cell) for cell in row) + "\n" for row in parts)


def file_name(reviewer):
    """The ledger of a reviewer: their name as far as every file system takes it, and a checksum where it does not."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", reviewer)[:60]
    return f"{plain}.csv" if plain == reviewer else f"{plain}-{hashlib.sha256(reviewer.encode()).hexdigest()[:6]}.csv"


def now():
    """The time of a line written now."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _delimiter(header):
    """What stands between the cells of a ledger, by its first line."""
    return max(DELIMITERS, key=header.count)


def moment(text):
    """An ISO 8601 time in UTC to the microsecond, so that moments are ordered as texts; None where it is no time."""
    if not _TIME.fullmatch(text):
        return None
    try:
        time = datetime.fromisoformat(text)
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # 30 February
        return None
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _order(line):
    return moment(line.time), line


def _fault(line, whole):
    """Why a line says nothing, or None."""
    if not whole:
        return "it is cut short. Answer that pair again."
    if "\ufffd" in "".join(line):
        return "it is not UTF-8 text. Save the file as CSV in UTF-8, or download it again from the review page."
    for column in ("time", "supersedes"):
        if (stated := getattr(line, column)) and not moment(stated):
            return f"`{column}` is {stated!r}, {_no_time(stated)}"
    if line.answer not in ANSWERS:
        return f"nobody knows the answer {line.answer!r}. There are {', '.join(ANSWERS)}."
    if not (line.time and line.reviewer):
        return "it has no time or no reviewer."
    if line.answer == "withdrawn":
        return None if line.supersedes else "it takes back nothing: `supersedes` is empty."
    of_two = line.answer in (*OF_PAIRS, *OF_SWAPS)
    if not line.encounter or (of_two and line.candidate in ("", line.encounter)):
        return f"{line.answer} needs {'two encounters' if of_two else 'an encounter'}."
    if line.answer in ("name", "rename") and not line.value.strip():
        return f"{line.answer} needs a name in `value`."
    if line.answer in OF_SWAPS and not (line.value.isascii() and line.value.isdigit()):
        return f"{line.answer} needs the number of a frame in `value`, not {line.value!r}."
    if line.answer == "flank" and line.value not in FLANKS:
        return f"a flank is one of {', '.join(FLANKS)}, not {line.value!r}."
    return None


def _no_time(stated):
    """What is wrong with the time of a line, and what to do."""
    if _OF_SPREADSHEET.fullmatch(stated):
        return (
            "as a spreadsheet writes times: it has changed them when it saved the file. Download the file again from "
            "the review page, or take an earlier copy. Without either, write times such as 2026-11-27T10:15:00Z."
        )
    return "which is no time of ISO 8601 to the second. Write it in UTC, such as 2026-11-27T10:15:00Z."


def _quoted(cell):
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[",;\t\n\r]', cell) else cell


def _plain(cell):
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def _is_begun(header):
    """Whether a first line is what is left of one that was cut short, or nothing."""
    whole = text([COLUMNS])
    return whole.strip() != ",".join(header) and whole.startswith(",".join(header))


def _write(handle, data):
    """Write all of `data`: on a full disk the system writes a part and calls that well."""
    while data:
        data = data[os.write(handle, data) :]


def _sync(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
