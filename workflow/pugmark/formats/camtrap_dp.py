"""Camtrap DP packages (0.1 to 1.0, https://camtrap-dp.tdwg.org) as sidecars: places, times, boxes and names.

Media are matched by filePath below the package, else by a fileName that only one file has. Nothing is fetched. An
observation of one medium holds for that medium; the name that an observation gives to a whole event holds for each of
the event's media, unless the event shows several animals. What matches nothing is counted.
"""

import bisect
import datetime as dt
import json
import logging
from collections import Counter
from pathlib import PurePosixPath

from pugmark.formats import classes, resources, text
from pugmark.formats.folder import BatchError, content

STANDARD = "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2"
# All columns of the standard in its order, empty or not: strict readers require them.
COLUMNS = {
    "deployments": "deploymentID locationID locationName latitude longitude coordinateUncertainty deploymentStart "
    "deploymentEnd setupBy cameraID cameraModel cameraDelay cameraHeight cameraDepth cameraTilt cameraHeading "
    "detectionDistance timestampIssues baitUse featureType habitat deploymentGroups deploymentTags deploymentComments",
    "media": "mediaID deploymentID captureMethod timestamp filePath filePublic fileName fileMediatype exifData "
    "favorite mediaComments",
    "observations": "observationID deploymentID mediaID eventID eventStart eventEnd observationLevel observationType "
    "cameraSetupType scientificName count lifeStage sex behavior individualID individualPositionRadius "
    "individualPositionAngle individualSpeed bboxX bboxY bboxWidth bboxHeight classificationMethod classifiedBy "
    "classificationTimestamp classificationProbability observationTags observationComments",
}
LOG = logging.getLogger(__name__)
_REQUIRED = {
    "deployments": ["deploymentID"],
    "media": ["mediaID", "deploymentID", "timestamp", "filePath"],
    "observations": ["mediaID", "observationType"],
}
_BOX = {"x": "bboxX", "y": "bboxY", "w": "bboxWidth", "h": "bboxHeight"}


def rows(batch, descriptor, media, counts):
    """What the package at the relative path `descriptor` says of the paths `media`, as `sidecars.read` describes.

    counts: a Counter of what matched nothing. Raises BatchError.
    """
    stated = _stated(batch, descriptor)
    deployments, files, observations = (
        resources.read((batch / descriptor).parent, stated.get(name, {}), name, required)
        for name, required in _REQUIRED.items()
    )
    stations = {row["deploymentID"]: station_of(row) for _, row in deployments}
    doubted = {row["deploymentID"] for _, row in deployments if (row.get("timestampIssues") or "").lower() == "true"}
    animals = _animals(observations, files, counts)
    found, at_hand, lost = [], _at_hand(PurePosixPath(descriptor).parent, media), []
    for line, row in files:
        named = (at_hand.get(text.path(row.get(key) or "")) for key in ("filePath", "fileName"))
        path = next(filter(None, named), None)
        if path is None:
            lost.append(row["filePath"] or row["mediaID"] or f"line {line}")
            continue
        counts["package: media whose deployment has timestampIssues"] += row["deploymentID"] in doubted
        place = {"path": path, "station": stations.get(row["deploymentID"]), "sequence": row.get("sequenceID")}
        place |= {"timestamp": row["timestamp"], "source": "package"}
        nothing = {"where": f"{descriptor}, media line {line}"}
        found += [{**place, **said} for said in animals.pop(row["mediaID"], [nothing])]
    _tell(descriptor, lost, len(files), sum(map(len, animals.values())), counts)
    return found


def place_and_time(row):
    """`row` without what it says of the animal."""
    return {key: row.get(key) for key in ("path", "station", "sequence", "timestamp", "source", "where")}


def _stated(batch, descriptor):
    """{name: resource} of the descriptor."""
    try:
        package = json.loads(content(batch / descriptor))
        return {resource["name"]: resource for resource in package["resources"]}
    except BatchError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"[:120]
        raise BatchError(f"{descriptor} is no Camtrap DP descriptor ({reason}): mend or remove it.") from error


def station_of(row):
    return row.get("locationName") or row.get("locationID") or row["deploymentID"]


def _animals(observations, files, counts):
    """{mediaID: what is said of the animals on it}."""
    found, events = {}, {}
    for line, row in observations:
        if not _is_animal(row):
            continue
        if row["mediaID"]:
            found.setdefault(row["mediaID"], []).append(_animal(row, line))
        else:
            event = row.get("sequenceID"), row.get("deploymentID"), row.get("eventStart"), row.get("eventEnd")
            events.setdefault(event, []).append(_animal(row, line))
    members_of = _events(files)
    for event, animals in events.items():
        members, named = members_of(*event), {animal["individual"] for animal in animals}
        counts["package: events without media"] += not members
        counts["package: events of several animals (their names are left out)"] += len(named) > 1
        if len(named) == 1 and named != {None}:
            for media_id in members:
                if not any(animal["individual"] for animal in found.get(media_id, ())):
                    found.setdefault(media_id, []).append(animals[0])
    return found


def _is_animal(row):
    """Not so where people are filed among the animals, as Homo sapiens."""
    species = row.get("scientificName")
    return row["observationType"] == "animal" and (not species or classes.label(species) == "animal")


def _animal(row, line):
    said = {"individual": row.get("individualID"), "where": f"observations line {line}"}
    box = {side: text.number(row.get(term) or "") for side, term in _BOX.items()}
    return said if None in box.values() else said | box | {"species": row.get("scientificName")}


def _events(files):
    """A function that gives the mediaIDs of an event: those of its sequenceID (0.1), else those of its deployment from
    its start to its end."""
    by_sequence, by_deployment = {}, {}
    for _, row in files:
        by_sequence.setdefault(row.get("sequenceID"), []).append(row["mediaID"])
        if (time := _seconds(row["timestamp"])) is not None:
            by_deployment.setdefault(row["deploymentID"], []).append((time, row["mediaID"]))
    for timed in by_deployment.values():
        timed.sort(key=lambda item: item[0])

    def members(sequence, deployment, start, end):
        if sequence:
            return by_sequence.get(sequence, [])
        start, end, timed = _seconds(start), _seconds(end), by_deployment.get(deployment, [])
        if start is None or end is None:
            return []
        first = bisect.bisect_left(timed, start, key=lambda item: item[0])
        last = bisect.bisect_right(timed, end, key=lambda item: item[0])
        return [media_id for _, media_id in timed[first:last]]

    return members


def _seconds(said):
    """Seconds of an ISO 8601 time, or None; one without a zone is taken as UTC, as its neighbours are."""
    try:
        time = dt.datetime.fromisoformat(said or "")
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp()


def _at_hand(folder, media):
    """{filePath or fileName: path}; a file name that several media have leads nowhere."""
    below = {PurePosixPath(path): path for path in media if PurePosixPath(path).is_relative_to(folder)}
    count = Counter(file.name for file in below)
    by_name = {text.path(file.name): path for file, path in below.items() if count[file.name] == 1}
    return by_name | {text.path(file.relative_to(folder).as_posix()): path for file, path in below.items()}


def _tell(descriptor, lost, media, unseen, counts):
    counts["package: media that match no file"] += len(lost)
    counts["package: observations of animals that match no file"] += unseen
    if lost:
        LOG.warning(
            "%s: %d of %d media of the package match no file, for instance %s; nothing that it says of them is used.",
            *(descriptor, len(lost), media, lost[0]),
        )
