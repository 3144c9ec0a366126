"""Where and when cameras ran: a table of stations that a user keeps, or the deployments of a Camtrap DP package.

A user's table (CSV) has a row per station and period, under the names that camtrapR, Camtrap DP and spreadsheets use:
Station; x and y in metres, or longitude and latitude in degrees; Setup_date and Retrieval_date; Problem1_from and
Problem1_to, and so on. Coordinates in degrees are projected around their middle (equirectangular), which over 100 km is
off by less than 1 part in 1,000 near the equator.
"""

import re

import numpy as np
import pandas as pd

from pugmark.formats.camtrap_dp import station_of
from pugmark.formats.folder import BatchError

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


def read(file=None, packages=()):
    """One row per station and period, with COLUMNS; empty where nothing is known. `problems` is a list of (from, to).

    file: of the user's. packages: deployments.csv of batches, read where there is no such file. Raises BatchError.
    """
    parts = [_table(file)] if file else [_package(path) for path in packages]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    return _projected(pd.concat(parts, ignore_index=True)).drop_duplicates(
        [name for name in COLUMNS if name != "problems"]
    )


def _table(file):
    found = pd.read_csv(file, dtype=str, encoding="utf-8-sig", sep=None, engine="python", keep_default_na=False)
    known = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in found.columns}
    named = {column: next((known[one] for one in names if one in known), None) for column, names in ALIASES.items()}
    if named["station"] is None:
        raise BatchError(f"{file}: no column Station. Its columns are {', '.join(found.columns)}.")
    table = pd.DataFrame({column: found[name] if name else "" for column, name in named.items()})
    table["problems"] = [_problems(row, known) for _, row in found.iterrows()]
    return _typed(table, file)


def _problems(row, known):
    """[(from, to)] of ProblemN_from and ProblemN_to."""
    numbers = sorted({name[7:-4] for name in known if re.fullmatch(r"problem\d+from", name)}, key=int)
    ends = [(row[known[f"problem{at}from"]], row.get(known.get(f"problem{at}to"), "")) for at in numbers]
    return [tuple(pd.to_datetime(list(pair), format="ISO8601")) for pair in ends if all(pair)]


def _package(path):
    found = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    table = pd.DataFrame({"station": [station_of(row) for row in found.to_dict("records")]})
    facts = {"longitude": "longitude", "latitude": "latitude", "start": "deploymentStart", "end": "deploymentEnd"}
    for column, name in facts.items():
        table[column] = found.get(name, "")
    return _typed(table.assign(x="", y="", problems=[[]] * len(table)), path)


def _typed(table, where):
    try:
        for column in ("x", "y", "longitude", "latitude"):
            table[column] = pd.to_numeric(table[column].replace("", None))
        for column in ("start", "end"):
            # The wall clock at the camera counts, as in all other tables.
            clock = table[column].str.replace(r"(Z|[+-]\d\d:?\d\d)$", "", regex=True)
            table[column] = pd.to_datetime(clock.replace("", None), format="ISO8601")
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
