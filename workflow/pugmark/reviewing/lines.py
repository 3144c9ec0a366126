"""Match lines: which points of two pictures look alike and agree under one map of the animal.

They are those of the re-ranker `local`, found inside the masks. A person sees them on request: lines lead the eye.
"""

import numpy as np
import pandas as pd

from pugmark import tables
from pugmark.keypoints import extract, match, table
from pugmark.rerankers import local

FIRST, PICTURES, MOST = 300, 2, 20
"""Questions with lines, pictures of each side of them, and lines between two pictures."""


def wanted(questions, encounters):
    """Pairs of crop ids between which lines are sought. Both: as of material.material."""
    found = {}
    for encounter, candidate, *_ in questions[:FIRST]:
        sides = [[crop for crop, _ in encounters[one]["crops"][:PICTURES]] for one in (encounter, candidate)]
        found |= dict.fromkeys((one, other) for one in sides[0] for other in sides[1])
    return list(found)


def between(pairs, crops, folder, params=local.PARAMS):
    """{"crop crop": [x, y, x, y, ...]} in thousandths of each picture's width and height; [] where nothing agrees.

    pairs: of crop ids. crops: DataFrame with crop_id and batch. folder: holds {batch}/crops.parquet. params: `local`'s.
    """
    ids = list(dict.fromkeys(crop for pair in pairs for crop in pair))
    found, sizes = _points(set(ids), crops, folder, params)
    rows = pd.DataFrame([table.row(crop, *found[crop], params["most"]) for crop in ids])
    points = table.stacked(list(rows.itertuples()), params["most"])
    place = {crop: at for at, crop in enumerate(ids)}
    lines = {}
    for pair in pairs:
        ends = _ends(points, *(place[crop] for crop in pair), params)
        shares = [end * max(sizes[crop]) / np.array(sizes[crop]) for end, crop in zip(ends, pair, strict=True)]
        lines[" ".join(pair)] = np.rint(1000 * np.hstack(shares)).astype(int).ravel().tolist()
    return lines


def _ends(points, one, other, params):
    """Places of the points that agree, N x 2 in each of two crops: as shares of the longer side."""
    mine, theirs = (match.vectors(points, [row], params["features"])[0] for row in (one, other))
    numbers = points.number[[other]]
    left, right = match.matches(mine[: points.number[one]], theirs[None], numbers, params["ratio"])[0]
    kept = np.flatnonzero(match.agreed(points, (one, left), (other, right), params))
    if len(kept) < params["floor"]:
        kept = kept[:0]
    # Spread over all that agree, for the first are the strongest and may lie side by side.
    kept = kept[np.linspace(0, len(kept) - 1, min(MOST, len(kept))).astype(int)]
    return points.places[one, left[kept]], points.places[other, right[kept]]


def _points(ids, crops, folder, params):
    """({crop_id: (places, descriptors)}, {crop_id: (width, height)})."""
    finder, found, sizes = extract.finder(params), {}, {}
    columns = ["crop_id", "image", "mask", "width", "height"]
    for batch in sorted(crops["batch"][crops["crop_id"].isin(ids)].unique()):
        for crop, jpeg, mask, *size in tables.stream(folder / batch / "crops.parquet", "crops", columns):
            if crop in ids and crop not in found:
                found[crop], sizes[crop] = extract.of_crop(jpeg, mask, params, finder), size
    return found, sizes
