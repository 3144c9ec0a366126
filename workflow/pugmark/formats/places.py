"""What the folders of a picture tell of the place where it was taken.

Folders that a camera numbers (DCIM, 100RECNX), dates, words for kinds of files, and the words of a split are no places.
"""

import re
from pathlib import PurePosixPath

from pugmark.formats import labels_csv, text

_MONTH = (
    r"jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|"
    r"sep(t(ember)?)?|oct(ober)?|nov(ember)?|dec(ember)?"
)
_YEAR, _DAY, _GAP = r"(19[89]\d|20\d\d)", r"(0?[1-9]|[12]\d|3[01])", r"[-_. ]?"
_DATES = (
    rf"{_YEAR}({_GAP}(0?[1-9]|1[0-2]|{_MONTH}))?",  # 2024, 2024-05, 2024 May
    rf"{_DAY}[-_. ](0?[1-9]|1[0-2])[-_. ]{_YEAR}",  # 31.05.2024
    rf"({_DAY}{_GAP})?({_MONTH})({_GAP}{_DAY})?({_GAP}{_YEAR})?",  # May, 31 May, May 2024
    rf"day{_GAP}\d+",
)
_CAMERAS = r"DCIM|\d{3}[A-Z0-9_]{5}"
_KINDS = r"(photo|picture|image|video|movie)s?|jpe?gs?|mp4|avi|mov"
_EVERYWHERE = re.compile(f"{_CAMERAS}|{_KINDS}", re.IGNORECASE)
_NO_PLACE = re.compile("|".join((*_DATES, _CAMERAS, _KINDS)), re.IGNORECASE)
# 20240531 or 2024-05-31, alone or beside the name of a place.
_DATE_IN = re.compile(rf"(?<!\d){_YEAR}{_GAP}(0[1-9]|1[0-2]){_GAP}(0[1-9]|[12]\d|3[01])(?!\d)")


def folders(path):
    """The folders of `path` (forward slashes), from the top, that may be places; days are cut out of their names."""
    parts = PurePosixPath(path).parts[:-1]
    parts = parts[1:] if parts and parts[0] in labels_csv.SPLITS else parts
    places = (text.word(_DATE_IN.sub("", part).strip("-_. ")) for part in parts if not _NO_PLACE.fullmatch(part))
    return [place for place in places if place]


def is_everywhere(folder):
    """Whether every card or archive may have a folder of this name: a camera's, or a word for kinds of files."""
    return bool(_EVERYWHERE.fullmatch(folder))


def station(path):
    """The folder of `path` that is taken for its station, or None: the first that may be a place. Below the word of a
    split it is not: there lie the classes of a data set."""
    top = PurePosixPath(path).parts[0]
    return next(iter(folders(path)), None) if top not in labels_csv.SPLITS else None


def camera(row):
    """What tells one camera from another: the station of a row (dict) of the media table or, where it is unknown, the
    folders that may be places, joined by slashes."""
    return row["station"] or "/".join(folders(row["path"]))


def name_animals(named):
    """Whether the folders that `station` would take bear the names of the animals in them, so that they are no places.

    named: (path, individual) of all pictures of a batch that are named. True where in half of the folders that hold
    named pictures, or in more, every one of them is of the animal that the folder is called after.
    """
    found = {}
    for path, individual in named:
        if folder := station(path):
            found.setdefault(folder, set()).add(individual.casefold())
    called = sum(individuals == {folder.casefold()} for folder, individuals in found.items())
    return bool(found) and 2 * called >= len(found)
