"""Match encounters: which of those before it look most like each encounter of a batch.

The catalogue has an order (known.in_order), and an encounter is likened to earlier ones alone. So it joins one animal.

The score of two encounters is the highest cosine of any crop of the one with any crop of the other: it needs one good
picture of the same part of the animal, and a blurred one beside it takes nothing away. A left flank is never compared
with a right one, nor are boxes of one picture, which show different animals, or of one track, which show one.
Similarities are computed in tiles, so memory does not grow with the catalogue.
"""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array

from pugmark.identity import known

TILE = 4096
"""Crops on a side of a tile, as far as whole encounters fit: 64 MB of similarities."""
FLANKS = {"left": -1, "right": 1}


class Side:
    """E encounters of a batch, each with its crops.

    rows: DataFrame with crop_id, encounter, track, flank, media_id and timestamp. vectors: float32 N x D of unit norm,
    row by row.
    """

    def __init__(self, rows, vectors):
        rows = known.in_order(rows.assign(row=np.arange(len(rows))))
        self.vectors = vectors[rows["row"]]
        names = rows["encounter"].to_numpy(str)
        self.starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]]) if len(names) else np.zeros(0, int)
        self.encounters = names[self.starts]
        first = rows.iloc[self.starts]
        self.flanks = first["flank"].map(FLANKS).fillna(0).to_numpy(int)
        self.tracks = first["track"].to_numpy(str)
        self.media = rows["media_id"].to_numpy(str)
        self.ends = np.append(self.starts[1:], len(rows)).astype(int)

    def tiles(self):
        """Slices of encounters whose crops fill a tile."""
        first = 0
        while first < len(self.encounters):
            last = max(first + 1, np.searchsorted(self.ends, self.starts[first] + TILE, "right"))
            yield slice(first, int(last))
            first = int(last)


def nearest(query, gallery, most):
    """The `most` candidates of each encounter of the Side `query`: DataFrame with encounter, candidate, score, rank.

    gallery: Sides of earlier batches, and `query` itself.
    """
    nothing = pd.DataFrame({"encounter": [], "candidate": [], "score": []})
    best = {(one.start, one.stop): nothing for one in query.tiles()}
    for other in gallery:
        for ends, found in best.items():
            best[ends] = _best([found, *_found(query, slice(*ends), other, most)], most)
    found = _joined([nothing, *best.values()])
    rank = found.groupby("encounter", sort=False).cumcount() + 1
    return found.assign(rank=rank.astype(np.int32), score=found["score"].astype(np.float32))


def _found(query, one, other, most):
    """The best pairs of a tile of `query` with each tile of the Side `other`."""
    for two in other.tiles():
        scores = similarities(query, one, other, two)
        kept = min(most, scores.shape[1])
        columns = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
        values = np.take_along_axis(scores, columns, 1)
        rows, places = np.nonzero(np.isfinite(values))
        yield pd.DataFrame(
            {
                "encounter": query.encounters[one][rows],
                "candidate": other.encounters[two][columns[rows, places]],
                "score": values[rows, places],
            }
        )


def _best(parts, most):
    found = _joined(parts).sort_values(
        ["encounter", "score", "candidate"], ascending=[True, False, True], kind="stable"
    )
    found = found.drop_duplicates(["encounter", "candidate"])  # one event may lie in two batches
    return found.groupby("encounter", sort=False).head(most)


def _joined(parts):
    # Empty tables know no types that a concatenation should heed.
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def similarities(query, one, other, two):
    """Scores of the encounters `one` of the Side `query` with `two` of `other`, float32; -inf where none is asked for.

    one, two: slices, as of `tiles`.
    """
    left, right = (side.vectors[side.starts[at][0] : side.ends[at][-1]] for side, at in ((query, one), (other, two)))
    by_crop = left @ right.T
    starts = [side.starts[at] - side.starts[at][0] for side, at in ((query, one), (other, two))]
    scores = np.maximum.reduceat(np.maximum.reduceat(by_crop, starts[1], axis=1), starts[0], axis=0)
    scores[query.flanks[one][:, None] * other.flanks[two] < 0] = -np.inf
    if query is other:
        scores[np.arange(one.start, one.stop)[:, None] <= np.arange(two.start, two.stop)] = -np.inf
    if query is other or np.isin(query.tracks[one], other.tracks[two]).any():
        scores[query.tracks[one][:, None] == other.tracks[two]] = -np.inf
        scores[_together(query, one, other, two)] = -np.inf
    return scores


def _together(query, one, other, two):
    """Whether two encounters have boxes in one picture, bool."""
    places = [side.media[side.starts[at][0] : side.ends[at][-1]] for side, at in ((query, one), (other, two))]
    codes, names = pd.factorize(np.concatenate(places))
    parts = np.split(codes, [len(places[0])])
    seen = []
    for (side, at), part in zip(((query, one), (other, two)), parts, strict=True):
        owner = np.repeat(np.arange(len(side.encounters[at])), side.ends[at] - side.starts[at])
        seen.append(coo_array((np.ones(len(part)), (owner, part)), (len(side.encounters[at]), len(names))).tocsr())
    return (seen[0] @ seen[1].T).toarray() > 0
