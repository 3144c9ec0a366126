"""Who was seen: the animals of a collection, what became of them since, what waits for a person, and how sure it is."""

import re

import numpy as np
import pandas as pd

from pugmark import tables
from pugmark.identity import ledger
from pugmark.identity.priors import CLASSES
from pugmark.metrics.calibration import BINS
from pugmark.reporting import drawing, plots, sightings
from pugmark.reporting.pictures import Sheet, Tile

MOST, MOST_CHANGES, MOST_TOLD, COLUMNS = 24, 50, 5, 11
"""Animals with pictures, changes and doubts that are told one by one, and crops of an animal in a row."""
ONCE = "Met once, named by nobody"
"""A box without an animal makes one as well: these want a look."""
RATES = ("FNR", "FPR", "wrong names", "asked")
ESTIMATED = {"estimated FNR": "FNR", "estimated FPR": "FPR"}
"""Rates of collections without names, and what they estimate."""
QUIET = ("new", "extended")
"""Changes that are counted alone."""
FILE = "individuals.jpg"


def seen(collection, new):
    """What templates/seen.html shows; {"run": None, "sheet": an empty one} where nobody was to be named.

    new: the batches that the last report did not have.
    """
    identities = collection.decided("identities")
    if identities.empty:
        return {"run": None, "sheet": Sheet(FILE, (), COLUMNS)}
    crops = _named(collection, identities)
    rows = animals(collection.decided("individuals"), identities, crops, new)
    shown, promise = rows[:MOST], sure(collection)
    return {
        "run": tables.provenance(collection.folder / "accuracy.parquet")["settings"]["run"],
        "figures": figures(rows, identities, crops, collection.decided("questions")),
        "animals": rows,
        "shown": shown,
        "sheet": Sheet(FILE, tuple(_row(crops, row["name"]) for row in shown), COLUMNS),
        "changes": changes(collection.decided("changes")),
        "told": told(collection, crops),
        "sure": promise,
        "right": right(collection, promise["rates"]),
        "reviewable": not collection.decided("questions").empty,
    }


def animals(individuals, identities, crops, new):
    """A dict for each animal: those that are decided first, by their encounters; then those that wait for a person."""
    waits = (identities["decision"] == "review").groupby(identities["individual"]).all()
    groups = crops.groupby("name")
    facts = pd.DataFrame(
        {
            "stations": groups["station"].agg(lambda names: sorted(names.dropna().unique())),
            "crops": groups.size(),
            "new": groups["batch"].agg(lambda names: bool(names.isin(new).all())),
        }
    )
    table = individuals.set_index("individual").join(facts).join(waits.rename("waits"))
    table = table.reset_index(names="name").sort_values(["waits", "encounters", "name"], ascending=[True, False, True])
    return table.astype(object).where(table.notna(), None).to_dict("records")


def figures(rows, identities, crops, questions):
    """The figures that open a collection's section: {title: number}. What shows no animal is counted apart."""
    decision, shows = identities["decision"], crops["decision"] != ledger.OTHER
    others = int((decision == ledger.OTHER).sum())
    told = {
        "Animals": sum(not row["waits"] for row in rows),
        ONCE: sum(not row["waits"] and row["encounters"] == 1 and row["named_by"] == "workflow" for row in rows),
        "New since the last report": sum(row["new"] and not row["waits"] for row in rows),
        "Encounters": len(identities) - others,
        "Sightings (crops)": int(shows.sum()),
        "Encounters that wait for a person": int((decision == "review").sum()),
        "Questions": len(questions),
        "Unidentifiable": int((decision == ledger.UNIDENTIFIABLE).sum()),
        "No animal of this collection": others,
    }
    return {title: number for title, number in told.items() if number or title in ("Animals", "Encounters")}


def changes(table):
    """{"every": the table, "told": its first rows of others than QUIET, "more": how many of them are not told}."""
    told = table[~table["change"].isin(QUIET)].sort_values(["change", "individual", "before"])
    told = told.astype(object).where(told.notna(), None)
    rows = told.head(MOST_CHANGES).to_dict("records")
    return {"every": table, "told": rows, "more": len(told) - len(rows)}


def told(collection, crops):
    """What `identify` said of the ledger, and of what cannot all be true, as it stands in the metadata of its table.

    {"ledger", "conflicts": {"shown": the first sentences, "more": how many there are beside them}}. crops: of `_named`.
    """
    counts = tables.provenance(collection.folder / "identities.parquet")["counts"]
    every = {about: counts.get(about, []) for about in ("ledger", "conflicts")}
    return {
        about: {"shown": [_readable(one, crops) for one in said[:MOST_TOLD]], "more": max(0, len(said) - MOST_TOLD)}
        for about, said in every.items()
    }


def _readable(sentence, crops):
    """A sentence with a picture, and the animal if it does not name it, in place of the checksum of a crop."""
    word = r"[\w-]+"
    meant = crops[crops["crop_id"].isin(re.findall(word, sentence))]
    pictures, names = meant["batch"] + "/" + meant["path"], meant["name"]
    told = names.isna() | names.isin(re.findall(word, sentence.partition("they are named")[2]))
    called = pictures.where(told, names + " (" + pictures + ")")
    called = dict(zip(meant["crop_id"], called, strict=True))
    return re.sub(word, lambda found: called.get(found[0], found[0]), sentence)


def sure(collection):
    """What is promised: the rate that was asked for, whether names and new animals can be told at it, the rates as they
    were measured, which of them are higher, the share of judged animals from which the model had not learned, and what
    distance and time do to the odds where they weigh in.
    """
    table = collection.decided("calibration").drop_duplicates("quantity").set_index("quantity")
    asked = tables.provenance(collection.folder / "calibration.parquet")["settings"]["error"]
    estimated = bool(table.index.isin(list(ESTIMATED)).any())
    rates = table.rename(index=ESTIMATED)
    rates = rates.reindex([name for name in RATES if name in rates.index])
    value, pairs = rates["value"], collection.folder / "pairs.parquet"
    weights = tables.provenance(pairs)["counts"].get("priors", {}) if pairs.exists() else {}
    return {
        "priors": {name: weights[name] for name in CLASSES if name in weights},
        "error": asked,
        "estimated": estimated,
        "names": bool(np.isfinite(table["value"]["accept"])),
        "new": bool(np.isfinite(table["value"]["new"])),
        "higher": {name: value[name] for name in ("FNR", "FPR") if value.get(name, 0) > asked},
        "strangers": table["value"].get("strangers", 1.0),
        "inspect": int(table["value"]["inspect"]),
        "named": int(table["n"]["accept"]),
        "rates": rates.reset_index()[["quantity", "value", "low", "high", "n"]].to_dict("records"),
    }


def right(collection, stated):
    """How right the names are on withheld batches; all is empty without any. stated: rates, as of `sure`.

    rates: rows of RATES. higher: those above the interval that calibration states. shares: the other rows that are
    shares. population: {quantity: row}. ece: a row, with the number of bins and its drawing, or None.
    """
    rows = collection.decided("accuracy").to_dict("records")
    highest = {row["quantity"]: row["high"] for row in stated if row["quantity"] != "asked"}
    ece = next((row for row in rows if row["quantity"] == "ECE"), None)
    if ece:
        drawn = plots.reliability([row for row in rows if row["quantity"] == "reliability"])
        ece |= {"bins": BINS, "drawn": drawing.svg(drawn, f"Reliability of the probabilities of {collection.name}")}
    population = {row["quantity"]: row for row in rows if row["quantity"].startswith("population")}
    apart = {*RATES, *population, "ECE", "reliability"}
    return {
        "rates": [row for row in rows if row["quantity"] in RATES],
        "higher": [row["quantity"] for row in rows if row["value"] > highest.get(row["quantity"], np.inf)],
        "shares": [row for row in rows if row["quantity"] not in apart],
        "population": population,
        "ece": ece,
    }


def sightings_table(collection):
    """One row per crop: who it was, where and when, and how that was decided."""
    crops = _named(collection, collection.decided("identities"))
    columns = ["name", "decision", "probability", "by", "encounter", "batch", "path", "frame_number", *"xywh"]
    return crops[[*columns, "station", "timestamp"]].rename(columns={"name": "individual", "frame_number": "frame"})


def _named(collection, identities):
    """The crops of the collection's index with their encounter, and the name, decision, probability and by of that."""
    told = identities.rename(columns={"individual": "name"})[["encounter", "name", "decision", "probability", "by"]]
    return collection.index.merge(collection.encounters, on="crop_id").merge(told, on="encounter")


def _row(crops, name):
    part = crops[crops["name"] == name]
    picked = sightings.examples(part.assign(score=part["probability"]), COLUMNS)
    return tuple(Tile(crop_id) for crop_id in picked["crop_id"])
