"""secr (5.5): captures, also of one flank, traps with their effort, and counts of detections that nobody could name.

`read.capthist` splits lines at blanks and takes `#` for a comment, so names are written without blanks and signs; which
is which stands in names.csv. A detector is `proximity`: one animal counts once per occasion and station.
"""

import numpy as np
import pandas as pd

from pugmark.exporting.occasions import effort
from pugmark.exporting.sightings import csv, plain, share, text


def write(folder, export):
    """secr_captures*.txt, secr_traps.txt, secr_Tm.txt and names.csv."""
    animals, places = names(export)
    pairs = [("individual", animals), ("station", places)]
    csv(
        folder / "names.csv",
        pd.DataFrame(
            [(kind, *pair) for kind, known in pairs for pair in known.items()], columns=["kind", "name", "written"]
        ),
    )
    rows = captures(export, animals, places)
    used = {"left": rows[rows["flank"] == "left"], "right": rows[rows["flank"] == "right"]}
    more = max(used, key=lambda side: used[side]["ID"].nunique())
    used |= {"hybrid": used[more]}
    for name, part in {"": rows, **used}.items():
        lines = part[["Session", "ID", "Occasion", "Detector"]].drop_duplicates().to_numpy().tolist()
        text(folder / f"secr_captures{name and '_'}{name}.txt", lines, "Session ID Occasion Detector")
    alone = int(export.individuals["status"].isin(["left_only", "right_only"]).sum())
    export.told.append(
        f"secr: {alone} of the animals in secr_captures.txt are known from one flank, and two of them may be one. The "
        f"files of one flank count nobody twice; secr_captures_hybrid.txt is the {more} one, of which more animals are "
        "known."
    )
    left_out = export.certain["encounter"].nunique() - rows["encounter"].nunique()
    if left_out:
        export.told.append(f"secr: {left_out} encounters without a station or a time are left out.")
    _traps(folder, export, places)
    text(
        folder / "secr_Tm.txt",
        unidentified(export, places),
        "Session, then detections without a name per occasion; detectors in the order of the traps",
    )


def names(export):
    """{individual: as it is written}, {station: as it is written}; secr allows no underscore in a detector."""
    stations = {*export.crops["station"].dropna(), *export.stations["station"]}
    return plain(export.certain["individual"].unique()), plain(stations, "-", r"[^A-Za-z0-9.]")


def captures(export, animals, places):
    """One row per named encounter with a station and an occasion."""
    rows = export.certain.dropna(subset=["station"]).drop_duplicates("encounter")
    rows = rows.assign(Occasion=export.occasions.of(rows["timestamp"]))
    rows = rows[rows["Occasion"] > 0]
    rows = rows.assign(
        Session=session(export), ID=rows["individual"].map(animals), Detector=rows["station"].map(places)
    )
    return rows.sort_values(["ID", "Occasion", "Detector"], kind="stable")


def unidentified(export, places):
    """Rows of counts: session, then how many encounters without a certain name each occasion has, per detector."""
    counts = np.zeros((len(places), export.occasions.number), int)
    rows = export.encounters[~export.encounters["certain"]].dropna(subset=["station"])
    occasion = export.occasions.of(rows["timestamp"])
    at = rows["station"].map({name: number for number, name in enumerate(places)}).to_numpy(int)
    np.add.at(counts, (at[occasion > 0], occasion[occasion > 0] - 1), 1)
    return [[session(export), *row] for row in counts.tolist()]


def session(export):
    """The name of the one session."""
    return plain([export.name])[export.name]


def _traps(folder, export, places):
    located = export.stations.dropna(subset=["x", "y"]).drop_duplicates("station").set_index("station")
    missing = [name for name in places if name not in located.index]
    if missing or not places:
        export.told.append(
            f"secr: no traps file, because {len(missing)} stations have no coordinates ({', '.join(missing[:5])}). "
            "Name a table of stations under collections.NAME.stations."
        )
        return
    known, ran = effort(export.stations, export.occasions)
    ran = dict(zip(known, ran, strict=True))
    usage = {name: [share(value) for value in ran[name]] for name in places if not np.isnan(ran[name]).any()}
    whole = len(usage) == len(places)
    if not whole:
        export.told.append("secr: no effort in the traps file: stations lack dates of set-up or retrieval.")
    rows = [[places[name], *located.loc[name, ["x", "y"]], *(usage[name] if whole else [])] for name in places]
    text(
        folder / "secr_traps.txt",
        rows,
        "Detector X Y and the share of each occasion that it ran (binary.usage = FALSE)",
    )
