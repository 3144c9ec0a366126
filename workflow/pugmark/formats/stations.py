"""Where and when cameras ran: a table of stations that a user keeps, or the deployments of a Camtrap DP package.

A user's table (CSV) has a row per station and period, under the names that camtrapR, Camtrap DP and spreadsheets use:
Station; x and y in metres, or longitude and latitude in degrees; Setup_date and Retrieval_date; Problem1_from and
Problem1_to, and so on. As in camtrapR, a set-up or retrieval without a time of day was at noon, and a problem lasts
from the first moment of its first day to the last of its last. Coordinates in degrees are projected around their middle
(equirectangular), which over 100 km is off by less than 1 part in 1,000 near the equator.
"""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from pugmark.formats import resources
from pugmark.formats.camtrap_dp import station_of
from pugmark.formats.folder import BatchError, content

ALIASES = {
    "station": ("station", "stationid", "locationname", "locationid", "deploymentid", "camera"),
    "x": ("x", "utmx", "easting"),
    "y": ("y", "utmy", "northing"),
    "longitude": ("longitude", "lon", "lng", "long"),
    "latitude": ("latitude", "lat"),
    "start": ("setupdate", "deploymentstart", "start", "startdate"),
    "end": ("retrievaldate", "deploymentend", "end", "enddate"),
}
COLUMNS = (*ALIASES, "problems")
METRES = 111_320.0  # of a degree of latitude
NOON, DAY = pd.Timedelta(hours=12), pd.Timedelta(days=1)


def read(file=None, packages=()):
    """One row per station and period, with COLUMNS; empty where nothing is known. `problems` is a list of (from, to).

    file: of the user's. packages: datapackage.json of batches, read where there is no such file. Raises BatchError.
    """
    parts = {file: _table(file)} if file else {path: _package(path) for path in packages}
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    try:
        table = _typed(pd.concat(parts.values(), ignore_index=True), "The tables of stations")
    except BatchError:
        for where, part in parts.items():  # one by one, so that the wrong one is named
            _typed(part, where)
        raise
    return _projected(table).drop_duplicates([name for name in COLUMNS if name != "problems"])


def _table(file):
    found = pd.read_csv(file, dtype=str, encoding="utf-8-sig", sep=None, engine="python", keep_default_na=False)
    known = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in found.columns}
    named = {column: next((known[one] for one in names if one in known), None) for column, names in ALIASES.items()}
    if named["station"] is None:
        raise BatchError(f"{file}: no column Station. Its columns are {', '.join(found.columns)}.")
    table = pd.DataFrame({column: found[name] if name else "" for column, name in named.items()})
    table["problems"] = [_problems(row, known, file) for _, row in found.iterrows()]
    return table


def _problems(row, known, file):
    """[(from, to)] of ProblemN_from and ProblemN_to. Raises BatchError."""
    numbers = sorted({name[7:-4] for name in known if re.fullmatch(r"problem\d+from", name)}, key=int)
    said = [(row[known[f"problem{at}from"]], row.get(known.get(f"problem{at}to"), "")) for at in numbers]
    made = []
    for start, end in filter(any, said):
        try:
            first, last = _moments(pd.Series([start]), 0 * DAY)[0], _moments(pd.Series([end]), DAY)[0]
        except ValueError:
            first = last = pd.NaT
        if not first < last:  # also where one of them is missing
            raise BatchError(f"{file}: a problem from {start!r} to {end!r}. Write two dates in order, as 2024-05-31.")
        made.append((first, last))
    return made


def _package(path):
    path = Path(path)
    try:
        stated = {one["name"]: one for one in json.loads(content(path))["resources"]}
    except (ValueError, KeyError, TypeError) as error:
        raise BatchError(f"{path} is no Camtrap DP descriptor ({error}): mend or remove it.") from error
    found = resources.read(path.parent, stated.get("deployments", {}), "deployments", ["deploymentID"])
    rows = [row for _, row in found]
    table = pd.DataFrame({"station": list(map(station_of, rows))})
    facts = {"longitude": "longitude", "latitude": "latitude", "start": "deploymentStart", "end": "deploymentEnd"}
    for column, name in facts.items():
        table[column] = [row.get(name) or "" for row in rows]
    return table.assign(x="", y="", problems=[[]] * len(table))


def _moments(said, late):
    """Times of a column of words, NaT where there is none; `late` is added to those without a time of day.

    The wall clock at the camera counts, as in all other tables: a zone is passed over.
    """
    clock = said.str.strip().str.replace(r"(Z|[+-]\d\d:?\d\d)$", "", regex=True)
    times = pd.to_datetime(clock.replace("", None), format="ISO8601")
    return times.where(clock.str.contains(":"), times + late)


def _typed(table, where):
    """A table of words with its numbers and times. Raises BatchError."""
    try:
        for column in ("x", "y", "longitude", "latitude"):
            table[column] = pd.to_numeric(table[column].replace("", None))
        for column in ("start", "end"):
            table[column] = _moments(table[column], NOON)
    except (ValueError, TypeError) as error:
        raise BatchError(f"{where}, column {column}: {error}. Write numbers, and dates as 2024-05-31.") from error
    return table[list(COLUMNS)]


def _projected(table):
    """With x and y in metres, from degrees where they are not given."""
    if table["x"].isna().any() and table["longitude"].notna().any():
        west, south = table["longitude"].min(), table["latitude"].min()
        narrow = np.cos(np.radians(table["latitude"].mean()))
        x, y = (table["longitude"] - west) * METRES * narrow, (table["latitude"] - south) * METRES
        table["x"], table["y"] = table["x"].fillna(x.round(1)), table["y"].fillna(y.round(1))
    return table
