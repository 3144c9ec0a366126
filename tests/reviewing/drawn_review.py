"""A drawn review: encounters with names that nobody would give, and as many questions as wanted."""

import io

import numpy as np
import pandas as pd
from PIL import Image

from pugmark.reviewing import material, pages

EVIL = "</script><img src=x onerror=alert(1)>"


def tables(questions=6, crops=2, odd=EVIL):
    """(identities, individuals, questions, crops): each question compares an encounter of its own with one of Ana's."""
    names = ["ana-0", "ana-1", *(f"q{at}" for at in range(questions))]
    known = pd.DataFrame({"encounter": names, "individual": ["Ana", "Ana", *(f"A-{at}" for at in range(questions))]})
    known.loc[known["encounter"] == "q0", "individual"] = odd
    facts = {"flank": "left", "by": "workflow", "candidate": "ana-0", "probability": 0.5}
    known = known.assign(decision=["new", "known"] + ["review"] * questions, **facts)
    known.loc[1, "flank"] = "right"
    animals = known.drop_duplicates("individual")[["individual"]].assign(
        status="left_only", linked_by=None, named_by="workflow"
    )
    asked = pd.DataFrame(
        {
            "encounter": names[2:],
            "candidate": "ana-0",
            "individual": "Ana",
            "place": range(1, questions + 1),
            "probability": 0.5,
            "why": "doubt",
        }
    )
    rows = [
        {"crop_id": f"{name}.{at}", "encounter": name, "media_id": f"m-{name}-{at}", "batch": "b1", "station": EVIL,
         "timestamp": pd.Timestamp("2024-05-01") + pd.Timedelta(hours=number), "sharpness": 1.0}
        for number, name in enumerate(names) for at in range(crops)
    ]  # fmt: skip
    return known, animals, asked, pd.DataFrame(rows)


def jpeg(seed, size=(60, 40)):
    held = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)).save(held, "JPEG")
    return held.getvalue()


def write(folder, questions=6, crops=2, odd=EVIL, made=None):
    """The pages of a drawn review; their index.html. made: its tables, as of `tables`."""
    shown, wanted = material.material(*(made or tables(questions, crops, odd)))
    pictures = [material.picture(jpeg(seed)) for seed in range(8)]
    images = {crop: pictures[at % 8] for at, crop in enumerate(wanted)}
    shown |= {
        "moments": [],
        "left_out": 0,
        "lines": {"q0.0 ana-0.0": [0, 0, 500, 500, 600, 500, 250, 750], "q0.0 ana-0.1": []},
    }
    pages.write(folder / "review", "leopards", shown, wanted, images, "review/leopards")
    return folder / "review/index.html"
