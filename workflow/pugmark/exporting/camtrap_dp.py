"""A Camtrap DP 1.0.2 package (https://camtrap-dp.tdwg.org) with `individualID`, and Darwin Core occurrences of it.

One level of observations: event, one per encounter, whose counts may be summed. The probability of the identity is no
probability of the species, so it stands in `observationTags`: id_p, id_by and flank. A time without a zone is written
as UTC, and the README says so.
"""

import json
import posixpath

import numpy as np
import pandas as pd

from pugmark import __version__
from pugmark.exporting.sightings import csv
from pugmark.formats.camtrap_dp import COLUMNS, STANDARD

DIGITS = {"high": 1, "medium": 2, "low": 3}
"""Decimals of degrees that are left, by the category of sensitivity (Chapman, Current best practices for generalizing
sensitive species occurrence data, 2020); `extreme` is not published at all."""
UNCERTAIN = {"high": 15691, "medium": 1570, "low": 157}
"""Metres by which that moves a place at most, at the equator."""
MISSING = ("NA", "NaN", "nan", "")
NAMES = ("deployments", "media", "observations")


def write(folder, export, generalise, packed):
    """camtrap_dp/ and dwc_occurrences.csv, where every station with sightings has coordinates.

    generalise: of DIGITS, `extreme`, or None. packed: seconds, the time that `created` states.
    """
    places = export.stations.dropna(subset=["latitude", "longitude"])
    rows = export.crops.dropna(subset=["station", "timestamp"])
    rows = rows[rows["station"].isin(places["station"])]
    if generalise == "extreme" or rows.empty:
        why = (
            "this species' places are not to be published"
            if generalise == "extreme"
            else "no station has coordinates in degrees"
        )
        export.told.append(f"Camtrap DP and Darwin Core: not written, because {why}.")
        return
    if rows["utc_offset"].isna().any():
        export.told.append("Camtrap DP: times without a zone are written as if they were UTC.")
    tables = {"deployments": deployments(places, rows, generalise)}
    rows = deployed(rows, tables["deployments"])
    tables |= {"media": media(rows), "observations": observations(rows)}
    if faults := faults_of(tables):
        export.told.append("Camtrap DP and Darwin Core: not written, because they would be wrong. " + " ".join(faults))
        return
    (folder / "camtrap_dp").mkdir()
    for name, table in tables.items():
        csv(folder / "camtrap_dp" / f"{name}.csv", table.reindex(columns=COLUMNS[name].split()))
    described = json.dumps(descriptor(export.name, tables, generalise, packed), indent=2, ensure_ascii=False)
    (folder / "camtrap_dp/datapackage.json").write_text(described + "\n", encoding="utf-8")
    csv(folder / "dwc_occurrences.csv", occurrences(tables, generalise))
    left_out = export.crops["encounter"].nunique() - rows["encounter"].nunique()
    if left_out:
        export.told.append(
            f"Camtrap DP: {left_out} encounters without a station with coordinates, or without a time, are left out."
        )
    if generalise:
        export.told.append(
            f"Coordinates are rounded to {DIGITS[generalise]} decimals. Station names, file paths and the EXIF of the "
            "pictures may still give the places away, and so may the animals' histories: look before you publish."
        )


def deployments(places, rows, generalise):
    """One row per station and period; where a date is missing, the first or last picture stands for it."""
    table = places[places["station"].isin(rows["station"])].sort_values(["station", "start"]).reset_index(drop=True)
    number = table.groupby("station").cumcount() + 1
    several = table["station"].duplicated(keep=False)
    table["deploymentID"] = table["station"] + ("-" + number.astype(str)).where(several, "")
    seen, zone = rows.groupby("station")["timestamp"], rows.groupby("station")["utc_offset"].first()
    start = table["start"].fillna(table["station"].map(seen.min()))
    end = table["end"].fillna(table["station"].map(seen.max()))
    if generalise:
        table[["latitude", "longitude"]] = table[["latitude", "longitude"]].round(DIGITS[generalise])
    return pd.DataFrame(
        {
            "deploymentID": table["deploymentID"],
            "locationID": table["station"],
            "locationName": table["station"],
            "latitude": table["latitude"],
            "longitude": table["longitude"],
            "coordinateUncertainty": 30 + (UNCERTAIN[generalise] if generalise else 0),
            "deploymentStart": stamped(start, table["station"].map(zone)),
            "deploymentEnd": stamped(end, table["station"].map(zone)),
        }
    )


def deployed(rows, table):
    """`rows` with the deployment of each: the last one at its station that had begun; before all of them, the first."""
    clock = pd.to_datetime(table["deploymentStart"].str[:19])
    begun = pd.DataFrame(
        {"station": table["locationName"], "begun": clock.astype("datetime64[us]"), "deployment": table["deploymentID"]}
    )
    rows = rows.assign(place=np.arange(len(rows)), begun=rows["timestamp"].astype("datetime64[us]")).sort_values(
        "begun"
    )
    found = pd.merge_asof(rows, begun.sort_values("begun"), on="begun", by="station").sort_values("place")
    first = found["station"].map(begun.drop_duplicates("station").set_index("station")["deployment"])
    return found.assign(deployment=found["deployment"].fillna(first)).drop(columns=["place", "begun"])


def media(rows):
    """One row per picture; its frames are those of a video."""
    rows = rows.drop_duplicates("media_id")
    kinds = {"frame": "video/mp4", "video": "video/mp4"}
    return pd.DataFrame(
        {
            "mediaID": rows["media_id"],
            "deploymentID": rows["deployment"],
            "timestamp": stamped(rows["timestamp"], rows["utc_offset"]),
            "filePath": rows["batch"] + "/" + rows["path"],
            "filePublic": "false",
            "fileName": rows["path"].map(posixpath.basename),
            "fileMediatype": rows["kind"].map(kinds).fillna("image/jpeg"),
        }
    )


def observations(rows):
    """One row per encounter, of level `event`."""
    groups = rows.groupby("encounter", sort=False)
    first, times = groups.first(), groups["timestamp"].agg(["min", "max"])
    named = first["certain"]
    tags = "id_p:" + first["probability"].map("{:.2f}".format) + "|id_by:" + first["by"].fillna("nobody")
    tags += np.where(first["flank"].notna(), "|flank:" + first["flank"].fillna(""), "")
    return pd.DataFrame(
        {
            "observationID": first.index,
            "deploymentID": first["deployment"],
            "eventID": first.index,
            "eventStart": stamped(times["min"], first["utc_offset"]),
            "eventEnd": stamped(times["max"], first["utc_offset"]),
            "observationLevel": "event",
            "observationType": "animal",
            "count": 1,
            "individualID": first["individual"].where(named, None),
            "classificationMethod": first["by"].map({"person": "human", "labels": "human"}).fillna("machine"),
            "classifiedBy": np.where(first["by"] == "workflow", f"Pugmark {__version__}", None),
            "observationTags": tags,
        }
    ).reset_index(drop=True)


def faults_of(tables):
    """What validators by schema do not find: sentences."""
    individuals = tables["observations"]["individualID"].dropna()
    if (lost := sorted(set(individuals) & set(MISSING))) or individuals.str.contains("|", regex=False).any():
        wrong = lost or sorted(individuals[individuals.str.contains("|", regex=False)])
        return [f"An animal is called {wrong[0]!r}, which readers take for a missing value or a list: rename it."]
    if tables["media"]["filePath"].str.contains(r"^[./~]|\.\.", regex=True).any():
        return ["A file path begins with a point or a slash, or goes up a folder."]
    if not tables["observations"]["deploymentID"].isin(tables["deployments"]["deploymentID"]).all():
        return ["An observation names no deployment."]
    return []


def descriptor(name, tables, generalise, packed):
    """datapackage.json as a dictionary."""
    where = tables["deployments"]
    west, east, south, north = (
        float(getattr(where[axis], end)()) for axis in ("longitude", "latitude") for end in ("min", "max")
    )
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    resource = {"profile": "tabular-data-resource", "format": "csv", "mediatype": "text/csv", "encoding": "utf-8"}
    return {
        "name": "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-") or "survey",
        "title": f"Individuals of {name}",
        "description": "Made by Pugmark. The probability of an identity stands in observationTags: id_p, id_by, flank."
        + (f" Coordinates are rounded to {DIGITS[generalise]} decimals." if generalise else ""),
        "profile": f"{STANDARD}/camtrap-dp-profile.json",
        "created": packed,
        "contributors": [{"title": "Pugmark", "role": "contributor"}],
        "resources": [
            {"name": one, "path": f"{one}.csv", "schema": f"{STANDARD}/{one}-table-schema.json", **resource}
            for one in NAMES
        ],
        "project": {
            "title": name,
            "samplingDesign": "targeted",
            "captureMethod": ["activityDetection"],
            "individualAnimals": True,
            "observationLevel": ["event"],
        },
        "coordinatePrecision": 10.0 ** -DIGITS[generalise] if generalise else 0.000001,
        "spatial": {"type": "Polygon", "coordinates": [ring]},
        "temporal": {"start": where["deploymentStart"].min()[:10], "end": where["deploymentEnd"].max()[:10]},
        "taxonomic": [{"scientificName": "Animalia"}],
    }


def occurrences(tables, generalise):
    """Darwin Core occurrences: one per encounter."""
    seen = tables["observations"].merge(tables["deployments"], on="deploymentID")
    checked = (seen["classificationMethod"] == "human") & seen["observationTags"].str.startswith("id_p:1.00")
    return pd.DataFrame(
        {
            "occurrenceID": seen["observationID"],
            "basisOfRecord": "MachineObservation",
            "organismID": seen["individualID"],
            "individualCount": seen["count"],
            "eventID": seen["eventID"],
            "parentEventID": seen["deploymentID"],
            "eventDate": np.where(
                seen["eventStart"] == seen["eventEnd"], seen["eventStart"], seen["eventStart"] + "/" + seen["eventEnd"]
            ),
            "samplingProtocol": "camera trap",
            "samplingEffort": seen["deploymentStart"] + "/" + seen["deploymentEnd"],
            "decimalLatitude": seen["latitude"],
            "decimalLongitude": seen["longitude"],
            "geodeticDatum": "EPSG:4326",
            "coordinateUncertaintyInMeters": seen["coordinateUncertainty"],
            "dataGeneralizations": f"coordinates rounded to {DIGITS[generalise]} decimals" if generalise else None,
            "identifiedBy": seen["classifiedBy"],
            "identificationVerificationStatus": np.where(checked, "verified using recorded media", None),
            "eventRemarks": "tags: " + seen["observationTags"],
            "scientificName": "Animalia",
            "kingdom": "Animalia",
        }
    )


def stamped(times, zones):
    """Times with their zone as Camtrap DP writes them."""
    zones = zones.fillna("Z").replace("+00:00", "Z")
    return times.dt.strftime("%Y-%m-%dT%H:%M:%S") + zones.to_numpy()
