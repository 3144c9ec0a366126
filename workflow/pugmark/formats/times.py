"""When a picture was taken: local wall-clock times with their offset from UTC, from whatever states them.

A clock that was never set, or that started again, shows a date that cannot be: such a time is no time.
"""

import datetime as dt
import difflib
import re
import zoneinfo
from typing import NamedTuple

EARLIEST = 1990
# Where most cameras begin to count when they lose power. How long they then ran nobody knows: a month is set aside.
RESTART, RUNNING = dt.datetime(2000, 1, 1), dt.timedelta(days=31)

# YYYYMMDDHHMMSS, YYYYMMDD_HHMMSS, YYYY-MM-DD_HH-MM-SS, YYYY.MM.DDHH_MM_SS and their like, set off from other digits.
NAMED = re.compile(
    r"(?<!\d)(199\d|20\d\d)(?P<date>[-_.]?)(0[1-9]|1[0-2])(?P=date)(0[1-9]|[12]\d|3[01])[-_T .]{0,2}"
    r"([01]\d|2[0-3])(?P<time>[-_.:]?)([0-5]\d)(?P=time)([0-5]\d)(?!\d)"
)
# 2024:05:31 18:30:00, with or without seconds, their fraction and an offset; or ISO 8601.
_STAMP = re.compile(
    r"(\d{4})[:/.-](\d\d)[:/.-](\d\d)[T ]+(\d\d):(\d\d)(:\d\d)?(?:[.,](\d{1,6})\d*)? ?(Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
EXIF_IFD = 0x8769
# DateTimeOriginal, DateTimeDigitized and, in the main directory, DateTime; each with the tag of its offset.
_EXIF_TIMES = ((EXIF_IFD, 0x9003, 0x9011), (EXIF_IFD, 0x9004, 0x9012), (None, 0x0132, 0x9010))


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


def from_exif(exif, tz=None):
    """The time of Pillow's `exif`, or None: DateTimeOriginal, else DateTimeDigitized, else DateTime.

    Offsets stand behind the time or in their own tag. Raises ValueError where none of the three that are there is one.
    """
    fields, wrong = exif.get_ifd(EXIF_IFD), None
    for directory, tag, offset_tag in _EXIF_TIMES:
        text = _text((fields if directory else exif).get(tag))
        try:
            if text.strip(":- "):
                return from_iso(_iso(text, _text(fields.get(offset_tag))), tz)
        except ValueError as error:
            wrong = wrong or error
    if wrong:
        raise wrong
    return None


def _text(value):
    value = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return str(value or "").strip("\0 ")


def _iso(text, offset):
    found = _STAMP.fullmatch(text)
    if not found:
        raise ValueError(f"time data {text!r} is no time")
    year, month, day, hour, minute, second, fraction, own = found.groups()
    if not own and re.fullmatch(r"[+-]\d\d:\d\d", offset):
        own = offset
    micro = f".{fraction:0<6}" if fraction else ""
    return f"{year}-{month}-{day}T{hour}:{minute}{second or ':00'}{micro}{own or ''}"


def from_name(name):
    """The first time in a file's name by the patterns of `NAMED`, or None. Raises ValueError for a 30 February."""
    found = NAMED.search(name)
    return Taken(dt.datetime(*(int(found[i]) for i in (1, 3, 4, 5, 7, 8))), None) if found else None


def doubt(local, now=None):
    """Why `local` cannot be when the picture was taken, or None. now: by the clock of this machine where it is None."""
    if local == RESTART:
        return "clock never set"
    if RESTART < local < RESTART + RUNNING:
        return "clock started again"
    if local > (now or dt.datetime.now()) + dt.timedelta(days=1):
        return "in the future"
    return None if local.year >= EARLIEST else f"year {local.year}"


def placed(taken, tz):
    """`taken` with the offset that `tz` has at that time, daylight saving included, where none is stated."""
    return taken if taken.offset or tz is None else taken._replace(offset=_offset(taken.local.replace(tzinfo=tz)))


def seconds(offset):
    """Seconds east of UTC of an `offset` such as +05:30."""
    hours, minutes = offset[1:].split(":")
    return (1 if offset[0] == "+" else -1) * (3600 * int(hours) + 60 * int(minutes))


def _offset(time):
    text = time.strftime("%z")
    return f"{text[:3]}:{text[3:5]}" if text else None
