"""Encounters: the boxes of one animal in one sequence, its left and its right flank apart.

Boxes of one picture are different animals. From picture to picture an animal is followed by position alone, and only
where nobody can be mistaken for it: a wrong link makes two animals one for good, a missing one costs a comparison.
So a track ends where pictures are more than `burst` seconds apart or have no time, where a box lies further than
`reach` from the last one, where two animals could have changed places, or where labels name another animal. A box that
fills the picture tells no place, so it is an encounter of its own. Names do not follow it either: encounters that have
a name would then be of more pictures than those that wait for one, and easier to tell.
"""

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from pugmark.identity import swaps

COLUMNS = ("crop_id", "media_id", "path", "frame_number", "x", "y", "w", "h", "station", "timestamp", "sequence")
"""What is read of the crops table."""
CLEAR = 2.0
"""How many times further any other animal must be than the one that a box is linked with."""
WHOLE = 0.98
"""Share of a picture's width and height from which a box fills it."""
FLANKS = ("left", "right")


def encounters(crops, labels, burst, reach, swapped=()):
    """(The rows of the encounters table, a DataFrame in the order of the crops, sentences about swaps).

    crops: DataFrame with COLUMNS. labels: DataFrame of the labels table. burst: seconds. reach: a distance in boxes,
    as of `distances`. swapped: as of said.swaps. An encounter and a track bear the crop_id of their first crop, so both
    keep their names as long as that crop is there.
    """
    rows = crops.merge(labels[["crop_id", "individual", "viewpoint"]], on="crop_id", how="left", validate="one_to_one")
    rows = rows.sort_values(["sequence", "timestamp", "path", "frame_number", "crop_id"], kind="stable")
    rows["track"] = None
    for _, places in rows.groupby("sequence", sort=False).indices.items():
        tracks = followed(rows.iloc[places], burst, reach)
        rows.iloc[places, rows.columns.get_loc("track")] = rows["crop_id"].iloc[places].to_numpy()[tracks]
    rows["followed"] = rows["track"]
    rows["track"], told = swaps.mended(rows, swapped)
    rows["flank"] = rows["viewpoint"].where(rows["viewpoint"].isin(FLANKS), None)
    rows["encounter"] = rows.groupby(["track", "flank"], dropna=False, sort=False)["crop_id"].transform("first")
    columns = ["crop_id", "encounter", "track", "followed", "flank", "media_id", "sequence", "station", "timestamp"]
    return rows.sort_index()[columns], told


def followed(rows, burst, reach):
    """The position of the first crop of each crop's track, int N; of one sequence in order of time.

    rows: DataFrame with media_id, path, frame_number, timestamp, x, y, w, h and individual.
    """
    first, alive = np.arange(len(rows)), []
    places = boxes(rows)
    whole = (places[:, 2:] >= WHOLE).all(axis=1)
    names = rows["individual"].to_numpy(object, copy=True)  # and what each track is called
    for picture in _pictures(rows):
        alive = [last for last in alive if 0 <= _seconds(rows, last, picture[0]) <= burst]
        far = distances(places[alive], places[picture])
        far[_differ(names[alive], names[picture])] = np.inf
        far[whole[alive][:, None] | whole[picture]] = np.inf
        for last, new in links(far, reach):
            first[picture[new]] = first[alive[last]]
            if pd.isna(names[picture[new]]):
                names[picture[new]] = names[alive[last]]
        # A track without any box in reach may be hidden. One that might be several boxes has ended.
        alive = [last for last, row in zip(alive, far, strict=True) if (row > reach).all()]
        alive = [last for last in alive if first[last] not in first[picture]] + list(picture)
    return first


def links(far, reach):
    """[(row, column)] of boxes that show one animal beyond doubt.

    far: `distances`, infinite where it cannot be one. A single animal may have moved any distance; among several, the
    one must be in reach and nearest by far.
    """
    if far.shape == (1, 1):
        return [(0, 0)] if np.isfinite(far[0, 0]) else []
    pairs = zip(*linear_sum_assignment(np.minimum(far, 1e9)), strict=True)
    return [(a, b) for a, b in pairs if far[a, b] <= reach and _clear(far, a, b)]


def boxes(rows):
    """Centre and size of each box, float N x 4, as shares of the picture. rows: DataFrame with x, y, w and h."""
    sizes = rows[["w", "h"]].to_numpy(float)
    return np.hstack([rows[["x", "y"]].to_numpy(float) + sizes / 2, sizes])


def distances(old, new):
    """Distances of the centres in mean sizes of the two boxes, float N x M: 1 is a step by one box.

    old, new: as of `boxes`, float N x 4 and M x 4.
    """
    apart = old[:, None] - new
    size = (old[:, None] + new) / 2
    return np.hypot(apart[..., 0] / size[..., 2], apart[..., 1] / size[..., 3])


def _differ(old, new):
    """Whether labels name two boxes differently, bool N x M."""
    known = ~pd.isna(old)[:, None] & ~pd.isna(new)
    return known & (old[:, None] != new)


def _clear(far, a, b):
    others = np.concatenate([np.delete(far[a], b), np.delete(far[:, b], a)])
    return bool((others >= CLEAR * far[a, b]).all())


def _pictures(rows):
    """Positions of the crops of each picture or frame, in order."""
    keys = rows["media_id"].to_numpy()
    ends = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    return np.split(np.arange(len(rows)), ends)


def _seconds(rows, last, new):
    """Seconds from crop to crop; NaN where a time is unknown, which is within nothing."""
    return (rows["timestamp"].iloc[new] - rows["timestamp"].iloc[last]).total_seconds()
