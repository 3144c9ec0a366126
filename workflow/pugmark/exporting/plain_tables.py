"""Tables for spreadsheets and for whatever has no format of its own."""

import pandas as pd

from pugmark.exporting.sightings import csv

OF_ENCOUNTERS = ["encounter", "batch", "sequence", "station", "start", "end", "occasion", "flank", "individual"]
OF_ENCOUNTERS += ["decision", "probability", "by", "pictures"]
OF_SIGHTINGS = ["individual", "decision", "probability", "by", "flank", "encounter", "batch", "path", "frame_number"]
OF_SIGHTINGS += ["x", "y", "w", "h", "station", "timestamp"]


def write(folder, export):
    """encounters.csv, individuals.csv, sightings.csv (one row per picture and animal), unidentified.csv, pairs.csv."""
    table, animals = encounters(export), individuals(export)
    csv(folder / "encounters.csv", table)
    csv(folder / "individuals.csv", animals)
    csv(folder / "sightings.csv", export.certain[OF_SIGHTINGS])
    csv(folder / "pairs.csv", export.pairs)
    uncertain = table[~export.encounters["certain"].to_numpy()]
    csv(folder / "unidentified.csv", uncertain)
    waiting = sum(animals["waiting"] > 0)
    export.told.append(
        f"individuals.csv: {len(animals)} animals with a certain name, as in all other files; {waiting} of them have "
        "encounters that wait for a person as well."
    )
    if len(uncertain):
        alone = set(uncertain["individual"].dropna()) - set(animals["individual"])
        export.told.append(
            f"{len(uncertain)} of {len(table)} encounters have no certain name: see unidentified.csv. {len(alone)} "
            "names of theirs are in no other file: such an animal may be another one."
        )


def individuals(export):
    """The animals that other files name: those with a certain encounter, how many are certain and how many wait."""
    rows = export.encounters.assign(waiting=export.encounters["decision"] == "review")
    counts = rows.groupby("individual")[["certain", "waiting"]].sum().astype(int).reset_index()
    return export.individuals.merge(counts[counts["certain"] > 0], on="individual")


def encounters(export):
    """One row per encounter."""
    groups = export.crops.groupby("encounter", sort=False)
    times = groups["timestamp"].agg(["min", "max"])
    table = export.encounters.set_index("encounter").assign(
        start=times["min"], end=times["max"], pictures=groups.size()
    )
    return pd.DataFrame(table.assign(occasion=export.occasions.of(table["start"])).reset_index())[OF_ENCOUNTERS]
