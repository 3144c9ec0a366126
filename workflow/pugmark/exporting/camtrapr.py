"""camtrapR (3.0): a record table of individuals, and the table of stations with the periods in which a camera was off.

The station's column is called `Station` in both tables, because spatialDetectionHistory looks for that name.
"""

import posixpath

import pandas as pd

from pugmark.exporting.occasions import running
from pugmark.exporting.sightings import csv

DELTAS = {"secs": 1, "mins": 60, "hours": 3600, "days": 86400}
SPECIES = "animal"


def write(folder, export):
    """camtrapR_records.csv where anybody was seen, and camtrapR_stations.csv where stations are known."""
    rows = records(export)
    if len(rows):
        csv(folder / "camtrapR_records.csv", rows)
    else:
        export.told.append("camtrapR: no records, because no encounter with a certain name has a station and a time.")
    left_out = export.certain["encounter"].nunique() - len(rows)
    if left_out:
        export.told.append(f"camtrapR: {left_out} encounters without a station or a time are left out of the records.")
    if len(export.stations):
        places = stations(export.stations)
        csv(folder / "camtrapR_stations.csv", places)
        if missing := sorted(set(rows["Station"]) - set(places["Station"])):
            export.told.append(
                f"camtrapR stops at {len(missing)} stations that the table of them lacks ({', '.join(missing[:5])})."
            )


def records(export):
    """The record table: one row per encounter, with the time since the individual was last seen at that station."""
    rows = export.certain.dropna(subset=["station", "timestamp"]).drop_duplicates("encounter")
    rows = rows.sort_values(["station", "individual", "timestamp", "encounter"], kind="stable")
    seconds = rows.groupby(["station", "individual"])["timestamp"].diff().dt.total_seconds().fillna(0)
    table = pd.DataFrame(
        {
            "Station": rows["station"],
            "Species": SPECIES,
            "Individual": rows["individual"],
            "DateTimeOriginal": rows["timestamp"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            "Date": rows["timestamp"].dt.strftime("%Y-%m-%d"),
            "Time": rows["timestamp"].dt.strftime("%H:%M:%S"),
        }
    )
    for unit, length in DELTAS.items():
        table[f"delta.time.{unit}"] = (seconds / length).round(1 if length > 60 else 0)
    return table.assign(
        Directory=(rows["batch"] + "/" + rows["path"]).map(posixpath.dirname),
        FileName=rows["path"].map(posixpath.basename),
        metadata_flank=rows["flank"],
        metadata_probability=rows["probability"].round(4),
    )


def stations(table):
    """The station table, one row per station; whenever it did not run between set-up and retrieval is a problem.

    camtrapR stops where a problem begins before the set-up or ends after the retrieval, and subtracts overlapping ones
    twice: these do neither.
    """
    rows = []
    for name, part in table.groupby("station", sort=True):
        ran, first = running(part), part.iloc[0]
        row = {"Station": name, "utm_x": first["x"], "utm_y": first["y"]}
        row |= {"longitude": first["longitude"], "latitude": first["latitude"]}
        row |= {"Setup_date": part["start"].min(), "Retrieval_date": part["end"].max()}
        ends = [row["Setup_date"], *(moment for period in ran for moment in period), row["Retrieval_date"]]
        gaps = [gap for gap in zip(ends[::2], ends[1::2], strict=True) if ran and gap[0] < gap[1]]
        for number, (start, end) in enumerate(gaps, 1):
            row |= {f"Problem{number}_from": start, f"Problem{number}_to": end}
        rows.append(row)
    return pd.DataFrame(rows)
