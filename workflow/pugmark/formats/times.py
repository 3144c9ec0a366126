"""When a picture was taken: local wall-clock times with their offset from UTC, from whatever states them.

A camera whose clock was never set says so by a date that cannot be: such a time is no time.
"""

import datetime as dt
import difflib
import re
import zoneinfo
from typing import NamedTuple

EARLIEST, LATEST = 1990, 2100
UNSET = dt.datetime(2000, 1, 1)

# YYYYMMDDHHMMSS, YYYYMMDD_HHMMSS, YYYY-MM-DD_HH-MM-SS, YYYY.MM.DDHH_MM_SS and their like, set off from other digits.
NAMED = re.compile(
    r"(?<!\d)(199\d|20\d\d)(?P<date>[-_.]?)(0[1-9]|1[0-2])(?P=date)(0[1-9]|[12]\d|3[01])[-_T .]{0,2}"
    r"([01]\d|2[0-3])(?P<time>[-_.:]?)([0-5]\d)(?P=time)([0-5]\d)(?!\d)"
)
_ORIGINAL, _OFFSET_ORIGINAL, _EXIF_IFD = 0x9003, 0x9011, 0x8769


class ZoneError(ValueError):
    """The time zone of the settings does not exist."""


class Taken(NamedTuple):
    """A wall-clock time and its offset from UTC as +HH:MM, None where no source states it."""

    local: dt.datetime
    offset: str | None


def zone(name):
    """The tzinfo called `name`: +HH:MM, an IANA zone such as Europe/Berlin, or None for None. Raises ZoneError."""
    if name is None:
        return None
    if re.fullmatch(r"[+-]\d\d:\d\d", name):
        return dt.datetime.strptime(name, "%z").tzinfo
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        nearest = difflib.get_close_matches(name, zoneinfo.available_timezones(), 1)
        hint = f"did you mean {nearest[0]}?" if nearest else "write +02:00 or a name such as Europe/Berlin."
        raise ZoneError(f"there is no zone {name!r}; {hint}") from error


def from_iso(text, tz=None):
    """The time that ISO 8601 `text` states. One in UTC (Z) is told in `tz` where that is known. Raises ValueError."""
    time = dt.datetime.fromisoformat(text)
    if tz is not None and text.upper().endswith("Z"):
        time = time.astimezone(tz)
    return Taken(time.replace(tzinfo=None), _offset(time))


def from_exif(exif):
    """The time of Pillow's `exif` (DateTimeOriginal, OffsetTimeOriginal), or None. Raises ValueError."""
    fields = exif.get_ifd(_EXIF_IFD)
    text = str(fields.get(_ORIGINAL) or "").strip("\0 ")
    if not text:
        return None
    offset = str(fields.get(_OFFSET_ORIGINAL) or "").strip("\0 ")
    local = dt.datetime.strptime(text, "%Y:%m:%d %H:%M:%S")
    return Taken(local, offset if re.fullmatch(r"[+-]\d\d:\d\d", offset) else None)


def from_name(name):
    """The first time in a file's name by the patterns of `NAMED`, or None. Raises ValueError for a 30 February."""
    found = NAMED.search(name)
    return Taken(dt.datetime(*(int(found[i]) for i in (1, 3, 4, 5, 7, 8))), None) if found else None


def doubt(local):
    """Why `local` cannot be when the picture was taken, or None."""
    if local == UNSET:
        return "clock never set"
    return None if EARLIEST <= local.year <= LATEST else f"year {local.year}"


def placed(taken, tz):
    """`taken` with the offset that `tz` has at that time, daylight saving included, where none is stated."""
    return taken if taken.offset or tz is None else taken._replace(offset=_offset(taken.local.replace(tzinfo=tz)))


def _offset(time):
    text = time.strftime("%z")
    return f"{text[:3]}:{text[3:5]}" if text else None
