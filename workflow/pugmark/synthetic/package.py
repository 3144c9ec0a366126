"""The Camtrap DP 1.0.2 package of a batch, as a data manager exports it before individuals are named."""

import json

import pandas as pd

from pugmark.formats.camtrap_dp import COLUMNS, STANDARD
from pugmark.synthetic import survey

SPECIES = {"animal": "Panthera pardus", "human": "Homo sapiens"}
MODEL = ("Pugmark", "Drawn 1")  # make and model in EXIF
WEST, SOUTH, STEP = 35.10, -1.50, 0.04  # corner and spacing of the grid of stations, degrees


def station_name(index):
    """S01, S02, ...: the station's name in the package and the folder of its pictures."""
    return f"S{index + 1:02d}"


def write(folder, batch, stations, media):
    """Write datapackage.json, deployments.csv, media.csv and observations.csv into `folder`.

    media: rows with path, station (index), timestamp (aware), event, type (animal, human or blank) and count. The
    package says whether a picture shows an animal, but neither where nor which: https://camtrap-dp.tdwg.org/data.
    """
    tables = {
        "deployments": [_deployment(index, batch) for index in range(stations)],
        "media": [_medium(row, batch) for row in media],
        "observations": [_observation(row, batch) for row in media],
    }
    for name, rows in tables.items():
        table = pd.DataFrame(rows, columns=COLUMNS[name].split())
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    text = json.dumps(_descriptor(batch, tables["deployments"]), indent=2)
    (folder / "datapackage.json").write_text(text + "\n")


def _deployment_id(index, batch):
    return f"{station_name(index)}-{batch}"


def _deployment(index, batch):
    start, end = survey.period(batch)
    return {
        "deploymentID": _deployment_id(index, batch),
        "locationID": station_name(index),
        "locationName": station_name(index),
        "latitude": round(SOUTH + STEP * (index // 4), 4),
        "longitude": round(WEST + STEP * (index % 4), 4),
        "coordinateUncertainty": 10,
        "deploymentStart": start.isoformat(),
        "deploymentEnd": end.isoformat(),
        "cameraID": f"camera-{index + 1:02d}",
        "cameraModel": "-".join(MODEL),
        "timestampIssues": "false",
        "baitUse": "false",
    }


def _media_id(row, batch):
    return f"{batch}-{row['path'].removesuffix('.JPG').replace('/', '-')}"


def _medium(row, batch):
    return {
        "mediaID": _media_id(row, batch),
        "deploymentID": _deployment_id(row["station"], batch),
        "captureMethod": "activityDetection",
        "timestamp": row["timestamp"].isoformat(),
        "filePath": row["path"],
        "filePublic": "false",
        "fileName": row["path"].split("/")[-1],
        "fileMediatype": "image/jpeg",
    }


def _observation(row, batch):
    return {
        "observationID": f"{_media_id(row, batch)}-1",
        "deploymentID": _deployment_id(row["station"], batch),
        "mediaID": _media_id(row, batch),
        "eventID": row["event"],
        "eventStart": row["timestamp"].isoformat(),
        "eventEnd": row["timestamp"].isoformat(),
        "observationLevel": "media",
        "observationType": row["type"],
        "scientificName": SPECIES.get(row["type"], ""),
        "count": row["count"] or "",
        "classificationMethod": "human",
    }


def _descriptor(batch, deployments):
    start, end = survey.period(batch)
    return {
        "name": f"pugmark-demo-{batch}",
        "title": f"Drawn camera-trap survey, field period {batch}",
        "profile": f"{STANDARD}/camtrap-dp-profile.json",
        "created": end.isoformat(),
        "contributors": [{"title": "Pugmark", "role": "contributor"}],
        "licenses": [{"name": "CC0-1.0", "scope": "data"}, {"name": "CC0-1.0", "scope": "media"}],
        "resources": [_resource(name) for name in ("deployments", "media", "observations")],
        "project": {
            "title": "Pugmark's drawn survey",
            "samplingDesign": "systematicRandom",
            "captureMethod": ["activityDetection"],
            "individualAnimals": True,
            "observationLevel": ["media"],
        },
        "spatial": _outline(deployments),
        "temporal": {"start": f"{start:%Y-%m-%d}", "end": f"{end:%Y-%m-%d}"},
        "taxonomic": [{"scientificName": name} for name in SPECIES.values()],
    }


def _resource(name):
    return {
        "name": name,
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": f"{STANDARD}/{name}-table-schema.json",
    }


def _outline(deployments):
    """The stations' bounding box, half a step wider, as a GeoJSON polygon (RFC 7946: closed, counterclockwise)."""
    x, y = ([row[key] for row in deployments] for key in ("longitude", "latitude"))
    west, east, south, north = min(x) - STEP / 2, max(x) + STEP / 2, min(y) - STEP / 2, max(y) + STEP / 2
    ring = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [[[round(value, 4) for value in corner] for corner in ring]]}
