"""Other capture-recapture models: oSCR, the 2-flank spatial partial identity model, and pairs with what was answered.

oSCR (jaroyle/oSCR): edf (session, individual, occasion, trap) and tdf (trap, X, Y, an operation column per occasion).
2-flank SPIM (benaug/2-flank-SPIM): arrays animals x traps x occasions of captures of both flanks at once, of the left
and of the right; the first n.fixed rows of left and right are the animals whose flanks are linked, in the same order.
SCR-Classify-Pairwise (benaug): for each pair of samples 1 same, 2 unsure, 3 different, with trap and occasion of each
sample. load.R builds all of these from the CSV files with base R.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from pugmark.exporting import secr
from pugmark.exporting.sightings import csv

LINKED = ("both", "linked")
SAME, UNSURE, DIFFERENT = 1, 2, 3


def write(folder, export):
    """oscr_*.csv, spim_*.csv, pairwise_*.csv and load.R."""
    animals, places = secr.names(export)
    rows = secr.captures(export, animals, places)
    edf = pd.DataFrame({"session": 1, "individual": rows["ID"], "occasion": rows["Occasion"], "trap": rows["Detector"]})
    csv(folder / "oscr_edf.csv", edf.drop_duplicates())
    _traps(folder, export, places)
    _spim(folder, export, rows, animals, places)
    _pairwise(folder, export, places)
    (folder / "load.R").write_text((Path(__file__).parent / "load.R").read_text())


def _traps(folder, export, places):
    located = export.stations.dropna(subset=["x", "y"]).drop_duplicates("station").set_index("station")
    if not places or not set(places) <= set(located.index):
        return
    on = (export.effort.reindex(list(places)).fillna(1.0) > 0).astype(int).rename(columns="o{}".format)
    rows = located.loc[list(places), ["x", "y"]].set_axis(["X", "Y"], axis=1)
    csv(folder / "oscr_tdf.csv", rows.join(on).set_axis(pd.Index(places.values(), name="Trap")).reset_index())


def _spim(folder, export, rows, animals, places):
    """Captures in long form: array (B, L or R), animal (row of the array), trap, occasion; and n.fixed."""
    status = export.individuals.set_index("individual")["status"]
    linked = [name for name in animals if status.get(name) in LINKED]
    order = {}
    for side in ("left", "right"):
        alone = [name for name in animals if status.get(name) == f"{side}_only"]
        order[side] = {animals[name]: number for number, name in enumerate([*linked, *alone], 1)}
    trap = {written: number for number, written in enumerate(places.values(), 1)}
    together = rows.groupby(["track", "individual"])["flank"].transform("nunique") == 2
    parts = []
    for array, side, part in (
        ("B", "left", rows[together]),
        ("L", "left", rows[~together]),
        ("R", "right", rows[~together]),
    ):
        part = part[part["flank"] == side]
        row = part["ID"].map(order[side])
        parts.append(
            pd.DataFrame({"array": array, "row": row, "trap": part["Detector"].map(trap), "occasion": part["Occasion"]})
        )
    csv(folder / "spim_captures.csv", pd.concat(parts).dropna().astype({"row": int}).drop_duplicates())
    facts = {
        "n.fixed": len(linked),
        "n.L": len(order["left"]),
        "n.R": len(order["right"]),
        "J": len(places),
        "K": export.occasions.number,
    }
    csv(folder / "spim_sizes.csv", pd.DataFrame([facts]))


def _pairwise(folder, export, places):
    """Samples (encounters with trap and occasion), and the categories of their pairs."""
    rows = export.encounters.dropna(subset=["station"])
    rows = rows.assign(occasion=export.occasions.of(rows["timestamp"]))
    rows = rows[rows["occasion"] > 0].reset_index(drop=True)
    trap = {name: number for number, name in enumerate(places, 1)}
    sample = dict(zip(rows["encounter"], range(1, len(rows) + 1), strict=True))
    table = {
        "sample": list(sample.values()),
        "encounter": rows["encounter"],
        "trap": rows["station"].map(trap),
        "occasion": rows["occasion"],
    }
    csv(folder / "pairwise_samples.csv", pd.DataFrame(table))
    known = export.crops.drop_duplicates("encounter").set_index("encounter")[["individual", "certain"]]
    pairs = export.pairs[export.pairs["encounter"].isin(sample) & export.pairs["candidate"].isin(sample)]
    one, other = (known.loc[pairs[end]].reset_index(drop=True) for end in ("encounter", "candidate"))
    sure = (one["certain"] & other["certain"]).to_numpy()
    category = np.where(~sure, UNSURE, np.where((one["individual"] == other["individual"]).to_numpy(), SAME, DIFFERENT))
    ends = {name: pairs[end].map(sample).to_numpy() for name, end in (("a", "encounter"), ("b", "candidate"))}
    csv(folder / "pairwise_pairs.csv", pd.DataFrame(ends | {"score": pairs["score"].to_numpy(), "category": category}))
