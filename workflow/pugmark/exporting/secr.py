"""secr (5.5): captures, also of one flank, traps with their effort, and counts of detections that nobody could name.

`read.capthist` splits lines at blanks and takes `#` for a comment, so names are written without blanks and signs; which
is which stands in names.csv. A detector is `proximity`: one animal counts once per occasion and station.
"""

import numpy as np
import pandas as pd

from pugmark.exporting.sightings import csv, plain, share, text


def write(folder, export):
    """secr_captures*.txt, secr_traps.txt, secr_Tm.txt and names.csv; none without a row, because secr stops at it."""
    animals, places = names(export)
    pairs = [("individual", animals), ("station", places)]
    written = [(kind, *pair) for kind, known in pairs for pair in known.items()]
    if written:
        csv(folder / "names.csv", pd.DataFrame(written, columns=["kind", "name", "written"]))
    _captures(folder, export, captures(export, animals, places))
    _tell(export)
    _traps(folder, export, places)
    if places and export.occasions.number:
        what = "Session, then detections without a name per occasion; detectors in the order of the traps"
        text(folder / "secr_Tm.txt", unidentified(export, places), what)
    elif places:
        export.told.append("secr: secr_Tm.txt not written, because no time is known.")


def names(export):
    """{individual: as it is written}, {station: as it is written}; secr allows no underscore in a detector.

    A station that ran on the first occasion comes first: mixture models of secr fail where the first trap did not.
    """
    stations = {*export.crops["station"].dropna(), *export.stations["station"]}
    places = plain(stations, "-", r"[^A-Za-z0-9.]")
    ran = export.effort.get(1, pd.Series(dtype=float))
    first = min(places, key=lambda name: (not ran.get(name, 0) > 0, name), default=None)
    order = sorted(places, key=lambda name: (name != first, name))
    return plain(export.certain["individual"].unique()), {name: places[name] for name in order}


def captures(export, animals, places):
    """One row per named encounter with a station and an occasion in which that station ran."""
    rows = export.captured(export.certain.drop_duplicates("encounter"))
    rows = rows[rows["ran"] != 0].rename(columns={"occasion": "Occasion"})
    rows = rows.assign(
        Session=session(export), ID=rows["individual"].map(animals), Detector=rows["station"].map(places)
    )
    return rows.sort_values(["ID", "Occasion", "Detector"], kind="stable")


def unidentified(export, places):
    """Rows of counts: session, then how many animals without a certain name each occasion has, per detector.

    Both flanks of one animal in one event are one; an animal that one flank names is not counted.
    """
    counts = np.zeros((len(places), export.occasions.number), int)
    rows = export.captured(export.nameless)
    rows = rows[rows["ran"] != 0]
    at = rows["station"].map({name: number for number, name in enumerate(places)}).to_numpy(int)
    np.add.at(counts, (at, rows["occasion"].to_numpy() - 1), 1)
    return [[session(export), *row] for row in counts.tolist()]


def session(export):
    """The name of the one session."""
    return plain([export.name])[export.name]


def _captures(folder, export, rows):
    """Write the files of captures, and say what they count. rows: as of `captures`."""
    used = {side: rows[rows["flank"] == side] for side in ("left", "right")}
    more = max(used, key=lambda side: used[side]["ID"].nunique())
    parts = {"secr_captures": rows, **{f"secr_captures_{side}": part for side, part in used.items()}}
    parts["secr_captures_hybrid"] = used[more]
    for name, part in parts.items():
        if len(part):
            lines = part[["Session", "ID", "Occasion", "Detector"]].drop_duplicates().to_numpy().tolist()
            text(folder / f"{name}.txt", lines, "Session ID Occasion Detector")
    missing = [f"{name}.txt" for name, part in parts.items() if part.empty]
    if rows.empty:
        export.told.append(
            "secr, oSCR, SPIM: no captures, because no encounter with a certain name has a station and a time within "
            "the survey. Without captures these tools stop, so their files of captures are not written."
        )
        return
    counted, sides = rows["individual"].unique(), export.sides
    alone = sum(len(sides[name]) == 1 for name in counted)
    doubt = f" {alone} of them are known from one flank, and two of those may be one." if alone > 1 else ""
    export.told.append(
        f"secr: {len(counted)} of the {len(sides)} animals of individuals.csv are in secr_captures.txt.{doubt}"
    )
    if missing:
        export.told.append(f"secr: {', '.join(missing)} not written, because no capture shows that flank.")
    if len(used[more]):
        export.told.append(
            f"secr: the files of one flank count nobody twice; secr_captures_hybrid.txt is the {more} one, of which "
            "more animals are known."
        )


def _tell(export):
    """Say which named encounters are no captures, and why."""
    placed = export.captured(export.certain.drop_duplicates("encounter"))
    left_out = export.certain["encounter"].nunique() - len(placed)
    if left_out:
        export.told.append(
            f"secr, oSCR, SPIM: {left_out} encounters without a station or a time, or outside the survey, are left out."
        )
    dark = placed[placed["ran"] == 0]
    if len(dark):
        one = dark.iloc[0]
        export.told.append(
            f"secr, oSCR, SPIM: {len(dark)} encounters are left out, because by the table of stations no camera ran "
            f"there on that occasion, for instance at {one['station']} on {one['timestamp']:%Y-%m-%d}: mend that table "
            "or the camera's clock."
        )


def _traps(folder, export, places):
    located = export.stations.dropna(subset=["x", "y"]).drop_duplicates("station").set_index("station")
    missing = [name for name in places if name not in located.index]
    if not places:
        export.told.append("secr: no traps file, because no station of a named animal is known.")
        return
    if missing:
        export.told.append(
            f"secr: no traps file, because {len(missing)} stations have no coordinates ({', '.join(missing[:5])}). "
            "Name a table of stations under collections.NAME.stations."
        )
        return
    ran = export.effort.reindex(list(places))
    usage = {name: [share(value) for value in row] for name, row in zip(ran.index, ran.to_numpy(), strict=True)}
    whole = not ran.isna().any(axis=None)
    if not whole:
        export.told.append("secr: no effort in the traps file: stations lack dates of set-up or retrieval.")
    rows = [[places[name], *located.loc[name, ["x", "y"]], *(usage[name] if whole else [])] for name in places]
    text(
        folder / "secr_traps.txt",
        rows,
        "Detector X Y and the share of each occasion that it ran (binary.usage = FALSE)",
    )
