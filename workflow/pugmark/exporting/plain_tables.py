"""Tables for spreadsheets and for whatever has no format of its own."""

import pandas as pd

from pugmark.exporting.sightings import csv

OF_ENCOUNTERS = ["encounter", "batch", "sequence", "station", "start", "end", "occasion", "flank", "individual"]
OF_ENCOUNTERS += ["decision", "probability", "by", "pictures"]
OF_SIGHTINGS = ["individual", "decision", "probability", "by", "flank", "encounter", "batch", "path", "frame_number"]
OF_SIGHTINGS += ["x", "y", "w", "h", "station", "timestamp"]


def write(folder, export):
    """encounters.csv, individuals.csv, sightings.csv (one row per picture and animal), unidentified.csv, pairs.csv."""
    table = encounters(export)
    csv(folder / "encounters.csv", table)
    csv(folder / "individuals.csv", export.individuals)
    csv(folder / "sightings.csv", export.certain[OF_SIGHTINGS])
    csv(folder / "pairs.csv", export.pairs)
    uncertain = export.encounters[~export.encounters["certain"]]["encounter"]
    csv(folder / "unidentified.csv", table[table["encounter"].isin(uncertain)])
    if len(uncertain):
        export.told.append(f"{len(uncertain)} of {len(table)} encounters have no certain name: see unidentified.csv.")


def encounters(export):
    """One row per encounter."""
    groups = export.crops.groupby("encounter", sort=False)
    times = groups["timestamp"].agg(["min", "max"])
    table = export.encounters.set_index("encounter").assign(
        start=times["min"], end=times["max"], pictures=groups.size()
    )
    return pd.DataFrame(table.assign(occasion=export.occasions.of(table["start"])).reset_index())[OF_ENCOUNTERS]
