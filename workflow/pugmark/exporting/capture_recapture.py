"""Other capture-recapture models: oSCR, the 2-flank spatial partial identity model, and pairs with what was answered.

oSCR (jaroyle/oSCR): edf (session, individual, occasion, trap) and tdf (trap, X, Y, an operation column per occasion).
2-flank SPIM (benaug/2-flank-SPIM): arrays animals x traps x occasions of captures of both flanks at once, of the left
and of the right; the first n.fixed rows of left and right are the animals whose flanks are linked, in the same order;
X, the places of the traps, and K2D, how many cameras of each ran. The model knows captures of both flanks only where
two cameras ran; elsewhere one is a capture of each flank.
SCR-Classify-Pairwise (benaug): for each classifier and pair of samples 1 same, 2 unsure, 3 different, with trap and
occasion of each sample. load.R builds all of these from the CSV files with base R.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from pugmark.exporting import opinions, secr
from pugmark.exporting.occasions import cameras
from pugmark.exporting.sightings import csv

LINKED = ("both", "linked")


def write(folder, export):
    """oscr_*.csv, spim_*.csv and pairwise_*.csv, as far as there is anything to tell these tools, and load.R."""
    animals, places = secr.names(export)
    rows = secr.captures(export, animals, places)
    if len(rows):  # else `secr` says why there are none
        edf = {"session": 1, "individual": rows["ID"], "occasion": rows["Occasion"], "trap": rows["Detector"]}
        csv(folder / "oscr_edf.csv", pd.DataFrame(edf).drop_duplicates())
        _traps(folder, export, places)
        _spim(folder, export, rows, animals, places)
    _pairwise(folder, export, places)
    (folder / "load.R").write_text((Path(__file__).parent / "load.R").read_text())


def _traps(folder, export, places):
    on = (export.effort.reindex(list(places)).fillna(1.0) > 0).astype(int).rename(columns="o{}".format)
    table = _placed(export, places, on)
    if places and table[["X", "Y"]].notna().all(axis=None):
        csv(folder / "oscr_tdf.csv", table)


def _spim(folder, export, rows, animals, places):
    """Captures in long form: array (B, L or R), animal (row of the array), trap, occasion; n.fixed; and the traps."""
    status, sides = export.individuals.set_index("individual")["status"], export.sides
    linked = [name for name in animals if len(sides[name]) == 2 and status.get(name) in LINKED]
    order = {}
    for side in ("left", "right"):
        alone = [name for name in animals if side in sides[name] and name not in linked]
        order[side] = {animals[name]: number for number, name in enumerate([*linked, *alone], 1)}
    if unknown := sum(not sides[name] for name in animals):
        export.told.append(f"SPIM: {unknown} animals of which no flank is known are left out.")
    number_of = cameras(export.stations, export.occasions).reindex(list(places)).fillna(1).astype(int)
    together = rows.groupby(["track", "individual"])["flank"].transform("nunique") == 2
    cell = zip(rows["station"], rows["Occasion"], strict=True)
    together &= np.array([number_of.at[at] == 2 for at in cell], bool)
    captured = [_array("B", "left", rows[together], order, places)]
    captured += [_array(side[0].upper(), side, rows[~together], order, places) for side in ("left", "right")]
    if not sum(map(len, captured)):
        export.told.append("SPIM: not written, because no capture shows a known flank.")
        return
    csv(folder / "spim_captures.csv", pd.concat(captured).drop_duplicates())
    sizes = {"n.fixed": len(linked), "n.L": len(order["left"]), "n.R": len(order["right"])}
    csv(folder / "spim_sizes.csv", pd.DataFrame([sizes | {"J": len(places), "K": export.occasions.number}]))
    csv(folder / "spim_traps.csv", _placed(export, places, number_of.rename(columns="k{}".format)))


def _array(name, side, rows, order, places):
    """Rows of spim_captures.csv: the captures of one flank in one array. order: {flank: {ID: row of its array}}."""
    trap = {written: number for number, written in enumerate(places.values(), 1)}
    rows = rows[rows["flank"] == side]
    row, trap = rows["ID"].map(order[side]), rows["Detector"].map(trap)
    return pd.DataFrame({"array": name, "row": row, "trap": trap, "occasion": rows["Occasion"]})


def _placed(export, places, columns):
    """The traps, in order: Trap, X, Y (empty where they are not known), and `columns` by station."""
    located = export.stations.drop_duplicates("station").set_index("station")[["x", "y"]].set_axis(["X", "Y"], axis=1)
    table = located.reindex(list(places)).join(columns)
    return table.set_axis(pd.Index(places.values(), name="Trap")).reset_index()


def _pairwise(folder, export, places):
    """Samples (encounters with trap and occasion), and what each classifier says of their pairs."""
    rows = export.encounters.dropna(subset=["station"])
    rows = rows.assign(occasion=export.occasions.of(rows["timestamp"]))
    rows = rows[rows["occasion"] > 0].reset_index(drop=True)
    sample = dict(zip(rows["encounter"], range(1, len(rows) + 1), strict=True))
    pairs = export.pairs[export.pairs["a"].isin(sample) & export.pairs["b"].isin(sample)]
    if pairs.empty:
        export.told.append(
            "SCR-Classify-Pairwise: not written, because no two encounters with station and time were compared."
        )
        return
    trap = {name: number for number, name in enumerate(places, 1)}
    table = {
        "sample": list(sample.values()),
        "encounter": rows["encounter"],
        "trap": rows["station"].map(trap),
        "occasion": rows["occasion"],
    }
    csv(folder / "pairwise_samples.csv", pd.DataFrame(table))
    numbers = opinions.classifiers(export.pairs)
    table = {"a": pairs["a"].map(sample), "b": pairs["b"].map(sample), "classifier": pairs["classifier"].map(numbers)}
    csv(folder / "pairwise_pairs.csv", pd.DataFrame(table | {"category": pairs["category"]}))
    csv(folder / "pairwise_classifiers.csv", pd.DataFrame({"number": numbers.values(), "classifier": numbers.keys()}))
