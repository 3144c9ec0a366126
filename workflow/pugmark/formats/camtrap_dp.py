"""Camtrap DP packages (1.0, https://camtrap-dp.tdwg.org) as sidecars: places, times, boxes and names of media at hand.

Media are matched by filePath below the package, else by a fileName that only one file has. Nothing is fetched: media
that are elsewhere are passed over. Names come from observations of single media; those of whole events are left out.
"""

import csv
import json
from collections import Counter
from pathlib import PurePosixPath

from pugmark.formats import labels_csv
from pugmark.formats.folder import BatchError

_MISSING = ("", *labels_csv.LOST_NAMES)
_REQUIRED = {
    "deployments": ["deploymentID"],
    "media": ["mediaID", "deploymentID", "timestamp", "filePath"],
    "observations": ["mediaID", "observationType"],
}
_BOX = {"x": "bboxX", "y": "bboxY", "w": "bboxWidth", "h": "bboxHeight"}


def rows(batch, descriptor, media):
    """What the package at the relative path `descriptor` says of the paths `media`, as `sidecars.read` describes.

    Raises BatchError.
    """
    folder = PurePosixPath(descriptor).parent
    resources = _resources(batch, descriptor)
    stations = {row["deploymentID"]: _station(row) for row in _table(batch, folder, resources, "deployments")}
    by_media = {}
    for line, row in enumerate(_table(batch, folder, resources, "observations"), start=2):
        if row.get("mediaID") and row.get("observationType") == "animal":
            by_media.setdefault(row["mediaID"], []).append(_animal(row, line))
    found, at_hand = [], _at_hand(folder, media)
    for line, row in enumerate(_table(batch, folder, resources, "media"), start=2):
        path = at_hand.get(row.get("filePath")) or at_hand.get(row.get("fileName"))
        if path:
            place = {"path": path, "station": stations.get(row.get("deploymentID")), "timestamp": row.get("timestamp")}
            nothing = {"where": f"{descriptor}, media line {line}"}
            found += [{**place, "source": "package", **said} for said in by_media.get(row["mediaID"], [nothing])]
    return found


def place_and_time(row):
    """`row` without what it says of the animal."""
    return {key: row.get(key) for key in ("path", "station", "timestamp", "source", "where")}


def _resources(batch, descriptor):
    try:
        package = json.loads((batch / descriptor).read_bytes())
        return {resource["name"]: resource.get("path") for resource in package["resources"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BatchError(f"{descriptor} is no Camtrap DP descriptor ({error!r}): mend or remove it.") from error


def _table(batch, folder, resources, name):
    path = resources.get(name)
    if not isinstance(path, str) or "://" in path or path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise BatchError(f"{folder}/datapackage.json: put the table of {name} beside it and name it there.")
    try:
        with open(batch / folder / path, newline="", encoding="utf-8-sig") as text:
            lines = csv.DictReader(text)
            missing = set(_REQUIRED[name]) - set(lines.fieldnames or [])
            if missing:
                raise BatchError(f"{folder / path} lacks the column {min(missing)}: add it, or remove the package.")
            rows = list(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise BatchError(f"{folder / path} cannot be read: put the table of {name} there, in UTF-8.") from error
    return [{key: None if value in _MISSING else value for key, value in row.items() if key} for row in rows]


def _station(row):
    return row.get("locationName") or row.get("locationID") or row["deploymentID"]


def _animal(row, line):
    said = {"individual": row.get("individualID"), "where": f"observations line {line}"}
    try:
        return said | {side: float(row[term]) for side, term in _BOX.items()}
    except (KeyError, TypeError, ValueError):
        return said


def _at_hand(folder, media):
    """{filePath or fileName: path}; a file name that several media have leads nowhere."""
    below = [path for path in media if PurePosixPath(path).is_relative_to(folder)]
    count = Counter(PurePosixPath(path).name for path in below)
    by_name = {PurePosixPath(path).name: path for path in below if count[PurePosixPath(path).name] == 1}
    return by_name | {PurePosixPath(path).relative_to(folder).as_posix(): path for path in below}
