"""A Camtrap DP 1.0.2 package (https://camtrap-dp.tdwg.org) with `individualID`, and Darwin Core occurrences of it.

One level of observations: event, one per animal and event whatever its flanks, so that counts may be summed; readers
that take both levels (camtrapR) would count twice. The probability of the identity is no probability of the species, so
it stands in `observationTags`: id_p, id_by and flank. A time without a zone is written as UTC, and the README says so.
"""

import json
import mimetypes
import posixpath

import numpy as np
import pandas as pd

from pugmark import __version__
from pugmark.exporting.sightings import exact
from pugmark.formats.camtrap_dp import COLUMNS, STANDARD

DIGITS = {"high": 1, "medium": 2, "low": 3}
"""Decimals of degrees that are left, by the category of sensitivity (Chapman, Current best practices for generalizing
sensitive species occurrence data, 2020); `extreme` is not published at all."""
UNCERTAIN = {"high": 15691, "medium": 1570, "low": 157}
"""Metres by which that moves a place at most, at the equator."""
MISSING = ("NA", "NaN", "nan", "")
NAMES = ("deployments", "media", "observations")
TYPES = mimetypes.MimeTypes()
"""Python's own table, the same on every machine."""


def write(folder, export, generalise, packed):
    """camtrap_dp/ and dwc_occurrences.csv, where every station with sightings has coordinates.

    generalise: of DIGITS, `extreme`, or None. packed: seconds, the time that `created` states.
    """
    places = export.stations.dropna(subset=["latitude", "longitude"])
    rows = export.crops.dropna(subset=["station", "timestamp"])
    rows = rows[rows["station"].isin(places["station"])]
    if generalise == "extreme" or rows.empty:
        why = "this species' places are not to be published"
        if generalise != "extreme":
            why = "no sighting has a time and a station with coordinates in degrees"
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
        exact(folder / "camtrap_dp" / f"{name}.csv", table.reindex(columns=COLUMNS[name].split()))
    described = json.dumps(descriptor(export.name, tables, generalise, packed), indent=2, ensure_ascii=False)
    (folder / "camtrap_dp/datapackage.json").write_text(described + "\n", encoding="utf-8")
    exact(folder / "dwc_occurrences.csv", occurrences(tables, generalise))
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
    """One row per station and period, also where no animal was seen: that is effort.

    Where a date is missing, the first or last picture stands for it; without any there is no row.
    """
    seen, zones = rows.groupby("station")["timestamp"], rows.groupby("station")["utc_offset"].first()
    table = places.assign(
        start=places["start"].fillna(places["station"].map(seen.min())),
        end=places["end"].fillna(places["station"].map(seen.max())),
    )
    table = table.dropna(subset=["start", "end"]).sort_values(["station", "start"]).reset_index(drop=True)
    number = table.groupby("station").cumcount() + 1
    several = table["station"].duplicated(keep=False)
    table["deploymentID"] = table["station"] + ("-" + number.astype(str)).where(several, "")
    zone = table["station"].map(zones).fillna(next(iter(rows["utc_offset"].mode()), None))
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
            "deploymentStart": stamped(table["start"], zone),
            "deploymentEnd": stamped(table["end"], zone),
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
    found = pd.merge_asof(rows, begun.sort_values("begun"), on="begun", by="station")
    found = found.sort_values("place", ignore_index=True)
    first = found["station"].map(begun.drop_duplicates("station").set_index("station")["deployment"])
    return found.assign(deployment=found["deployment"].fillna(first)).drop(columns=["place", "begun"])


def media(rows):
    """One row per file that shows an animal; the frames of a video are one file."""
    rows = rows.sort_values("timestamp", kind="stable").drop_duplicates(["batch", "path"]).sort_index()
    return pd.DataFrame(
        {
            "mediaID": rows["media_id"].str.replace(r"-f\d+$", "", regex=True),
            "deploymentID": rows["deployment"],
            "timestamp": stamped(rows["timestamp"], rows["utc_offset"]),
            "filePath": rows["batch"] + "/" + rows["path"],
            "filePublic": "false",
            "fileName": rows["path"].map(posixpath.basename),
            "fileMediatype": [_type(*row) for row in zip(rows["path"], rows["kind"], strict=True)],
        }
    )


def _type(path, kind):
    medium = "image" if kind == "image" else "video"
    guessed = TYPES.guess_type(posixpath.basename(path))[0] or ""
    return guessed if guessed.startswith(medium) else {"image": "image/jpeg", "video": "video/mp4"}[medium]


def observations(rows):
    """One row per animal and event: encounters of one certain name, else of one track."""
    named = rows[rows["certain"]].drop_duplicates("track").set_index("track")["individual"]
    rows = rows.assign(who=rows["track"].map(named).astype(object))
    rows["animal"] = rows["who"].where(rows["who"].notna(), rows["track"])
    event = ["deployment", "sequence"]
    times = rows.groupby(event)["timestamp"]
    rows = rows.assign(start=times.transform("min"), end=times.transform("max"))
    # What is said of the name is said by the encounter that bears it.
    rows = rows.assign(doubt=~rows["certain"]).sort_values("doubt", kind="stable")
    groups = rows.groupby([*event, rows["who"].notna(), "animal"], sort=False)
    first = groups[["encounter", *event, "who", "start", "end", "probability", "by", "utc_offset"]].head(1)
    flanks = groups["flank"].agg(lambda sides: "both" if sides.nunique() > 1 else sides.dropna().max()).to_numpy()
    tags = "id_p:" + first["probability"].map("{:.2f}".format) + "|id_by:" + first["by"].fillna("nobody")
    tags += ["" if pd.isna(side) else f"|flank:{side}" for side in flanks]
    table = pd.DataFrame(
        {
            "observationID": first["encounter"],
            "deploymentID": first["deployment"],
            "eventID": first["sequence"],
            "eventStart": stamped(first["start"], first["utc_offset"]),
            "eventEnd": stamped(first["end"], first["utc_offset"]),
            "observationLevel": "event",
            "observationType": "animal",
            "count": 1,
            "individualID": first["who"].where(first["who"].notna(), None),
            "classificationMethod": first["by"].map({"person": "human", "labels": "human"}).fillna("machine"),
            "classifiedBy": np.where(first["by"] == "workflow", f"Pugmark {__version__}", None),
            "observationTags": tags,
        }
    )
    return table.sort_index(ignore_index=True)


def faults_of(tables):
    """What names would do to readers, and validators by schema do not find: sentences."""
    for table, column, what in (
        ("observations", "individualID", "An animal"),
        ("deployments", "locationID", "A station"),
    ):
        names = tables[table][column].dropna()
        if wrong := sorted(names[names.isin(MISSING) | names.str.contains("|", regex=False)]):
            return [f"{what} is called {wrong[0]!r}, which readers take for a missing value or a list: rename it."]
    if tables["media"]["filePath"].str.contains(r"^[./~]|\.\.", regex=True).any():
        return ["A file path begins with a point or a slash, or goes up a folder."]
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
