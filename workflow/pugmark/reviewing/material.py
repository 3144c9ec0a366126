"""What the review pages show: questions, encounters with their pictures, and animals."""

import base64
import hashlib
import io

import pandas as pd
from PIL import Image

MOST = 8
"""Pictures of an encounter, and of a flank of an animal."""
SIDE, QUALITY = 480, 82
"""Pixels of a picture's longer side, and the quality of its JPEG."""
SMALL = 120
"""Pixels of a thumbnail's longer side: those of a thousand animals are three megabytes, loaded as the list is read."""
SHARD = 60
"""Pictures in a file, which the page loads when it comes to the first of them."""
TOTAL = 20_000
"""Pictures of one collection, those of the questions first; an animal beyond them is shown without."""


def material(identities, individuals, questions, crops):
    """({"questions", "encounters", "animals", "order"} for the pages, crop ids in the order in which they are needed).

    identities, individuals, questions: DataFrames of the tables. crops: DataFrame with crop_id, encounter, media_id,
    batch, station, timestamp and sharpness. Of an encounter the sharpest crops are shown.
    """
    crops = crops.sort_values(["encounter", "sharpness", "crop_id"], ascending=[True, False, True])
    shown = crops.groupby("encounter", sort=False).head(MOST).sort_values(["encounter", "timestamp", "crop_id"])
    pictures = {}
    for encounter, *crop in shown[["encounter", "crop_id", "media_id"]].itertuples(index=False):
        pictures.setdefault(encounter, []).append(crop)
    first = shown[["encounter", "batch", "station", "timestamp"]].drop_duplicates("encounter")
    rows = identities.merge(first, on="encounter", validate="one_to_one")
    encounters = {row.encounter: _encounter(row, pictures[row.encounter]) for row in rows.itertuples()}
    animals = _animals(individuals, identities, encounters)
    asked = [
        [row.encounter, row.candidate, row.individual, round(row.probability, 2), row.why]
        for row in questions.sort_values("place").itertuples()
    ]
    wanted = _wanted(asked, animals, encounters)
    _faces(animals, encounters, set(wanted), dict(zip(crops["crop_id"], crops["sharpness"], strict=True)))
    order = _order(animals, encounters)
    return {"questions": asked, "encounters": encounters, "animals": animals, "order": order}, wanted


def _encounter(row, crops):
    return {
        "animal": _or_none(row.individual),
        "flank": _or_none(row.flank),
        "decision": row.decision,
        "by": row.by,
        "probability": round(row.probability, 2),
        "candidate": _or_none(row.candidate),
        "batch": row.batch,
        "station": _or_none(row.station),
        "time": None if pd.isna(row.timestamp) else f"{row.timestamp:%Y-%m-%d %H:%M:%S}",
        "crops": crops,
    }


def _animals(individuals, identities, encounters):
    """{name: its facts and encounters, by time}."""
    of = identities.dropna(subset=["individual"]).groupby("individual")["encounter"].agg(list)
    return {
        row.individual: {
            "status": row.status,
            "linked_by": _or_none(row.linked_by),
            "named_by": row.named_by,
            "encounters": sorted(of[row.individual], key=lambda one: (encounters[one]["time"] or "~", one)),
        }
        for row in individuals.sort_values("individual").itertuples()
    }


def _wanted(asked, animals, encounters):
    """The crops to show: of the questions first, in their order, then some of each flank of each animal."""
    named = [one for encounter, candidate, *_ in asked for one in (encounter, candidate)]
    wanted = [crop for one in dict.fromkeys(named) for crop, _ in encounters[one]["crops"]]
    for animal in animals.values():
        for flank in ("left", "right", None):
            side = [encounters[one]["crops"] for one in animal["encounters"] if encounters[one]["flank"] == flank]
            wanted += [crop for crop, _ in _spread(side)]
    return list(dict.fromkeys(wanted))[:TOTAL]


def _order(animals, encounters):
    """Names, those met most often first, and last those that wait for a person: they are no animals yet."""

    def place(name):
        own = animals[name]["encounters"]
        return all(encounters[one]["decision"] == "review" for one in own), -len(own), name

    return sorted(animals, key=place)


def _faces(animals, encounters, wanted, sharpness):
    """Add to each animal its `face`, which is the sharpest of its pictures among `wanted`, or None."""
    for animal in animals.values():
        own = [crop for one in animal["encounters"] for crop, _ in encounters[one]["crops"] if crop in wanted]
        animal["face"] = max(own, key=sharpness.get, default=None)


def _spread(lists):
    """At most MOST items, of as many of the lists as possible, the first of each before any second."""
    turns = [[one[turn] for one in lists if turn < len(one)] for turn in range(max(map(len, lists), default=0))]
    return [item for turn in turns for item in turn][:MOST]


def picture(jpeg, _mask=None):
    """A crop as a data URL, no longer than SIDE."""
    return _url(jpeg, SIDE)


def small(url):
    """The thumbnail of a `picture`."""
    return _url(base64.b64decode(url.partition(",")[2]), SMALL)


def _url(jpeg, side):
    held = io.BytesIO()
    with Image.open(io.BytesIO(jpeg)) as image:
        image.thumbnail((side, side))
        image.convert("RGB").save(held, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(held.getvalue()).decode()}"


def shards(wanted):
    """[[crop_id]]: which pictures lie in one file."""
    return [wanted[start : start + SHARD] for start in range(0, len(wanted), SHARD)]


def digest(data):
    """A checksum of the pages' data, so that a browser takes no old file for a new one."""
    return hashlib.sha256(data.encode()).hexdigest()[:12]


def _or_none(value):
    return None if pd.isna(value) else value
