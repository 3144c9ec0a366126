"""A drawn video: two animals that change places between two frames, so that each is followed as the other."""

import io

import numpy as np
import pandas as pd
from PIL import Image

from pugmark.reviewing import material, moments, pages

LEFT = (0.10, 0.20, 0.28, 0.36, 0.48, 0.56, 0.64, 0.72)
"""The left edge of Ana's box, frame by frame: she goes right. Bo comes towards her; they cross before the fifth."""
CROSSED = 4
COLOURS = {"A": (200, 40, 40), "B": (40, 40, 200), "C": (40, 200, 40)}
"""Of the coats."""


def boxes(path="film.mp4", batch="b1", swapped=True):
    """One row per box, as moments.moments takes them; `animal` is who it shows. Two frames a second, from 10 on."""
    rows = []
    for at, left in enumerate(LEFT):
        for animal, x in (("A", left), ("B", 0.84 - left)):
            track = animal if at < CROSSED or not swapped else "BA"["AB".index(animal)]
            box = {"x": x, "y": 0.4, "w": 0.12, "h": 0.2}
            frame = {"frame_number": 10 + at, "seconds": at / 2, "media_id": f"{path}-f{10 + at}"}
            crop = {"crop_id": f"{path}-f{10 + at}-{animal}", "animal": animal, "followed": f"{path}-f10-{track}"}
            rows.append({"batch": batch, "path": path, **frame, **crop, **box, "encounter": crop["followed"]})
    return pd.DataFrame(rows)


def jpeg(animal):
    held = io.BytesIO()
    Image.fromarray(np.full((40, 60, 3), COLOURS[animal], np.uint8)).save(held, "JPEG")
    return held.getvalue()


def write(folder, *films):
    """The review pages of a collection without questions; videos.html."""
    rows = pd.concat(films, ignore_index=True)
    found, left_out = moments.moments(rows, {one: f"Name of {one[-1]}" for one in rows["encounter"]})
    wanted = [crop for one in found for crop in moments.crops(one)]
    images = {crop: material.picture(jpeg(crop[-1])) for crop in wanted}
    shown = {"questions": [], "encounters": {}, "animals": {}, "order": [], "moments": found, "left_out": left_out}
    pages.write(folder / "review", "pen", shown, list(dict.fromkeys(wanted)), images, "review/pen")
    return folder / "review/videos.html"
