"""camtrapR (3.0): a record table of individuals, and the table of stations with the periods in which a camera was off.

The station's column is called `Station` in both tables, because spatialDetectionHistory looks for that name.
"""

import posixpath

import pandas as pd

from pugmark.exporting.sightings import csv

DELTAS = {"secs": 1, "mins": 60, "hours": 3600, "days": 86400}
SPECIES = "animal"


def write(folder, export):
    """camtrapR_records.csv, and camtrapR_stations.csv where stations are known."""
    rows = records(export)
    csv(folder / "camtrapR_records.csv", rows)
    left_out = export.certain["encounter"].nunique() - len(rows)
    if left_out:
        export.told.append(f"camtrapR: {left_out} encounters without a station or a time are left out of the records.")
    if len(export.stations):
        csv(folder / "camtrapR_stations.csv", stations(export.stations))


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
        Directory=rows["path"].map(posixpath.dirname),
        FileName=rows["path"].map(posixpath.basename),
        metadata_flank=rows["flank"],
        metadata_probability=rows["probability"].round(4),
    )


def stations(table):
    """The station table, one row per station; the time between two of its periods is a problem."""
    rows = []
    for name, part in table.sort_values("start").groupby("station"):
        first = part.iloc[0]
        gaps = [gap for gaps in part["problems"] for gap in gaps]
        ends = part["end"].cummax()
        gaps += [(end, start) for end, start in zip(ends, part["start"][1:], strict=False) if start > end]
        row = {
            "Station": name,
            "utm_x": first["x"],
            "utm_y": first["y"],
            "longitude": first["longitude"],
            "latitude": first["latitude"],
        }
        row |= {"Setup_date": part["start"].min(), "Retrieval_date": part["end"].max()}
        for number, (start, end) in enumerate(sorted(gaps), 1):
            row |= {f"Problem{number}_from": start, f"Problem{number}_to": end}
        rows.append(row)
    return pd.DataFrame(rows)
