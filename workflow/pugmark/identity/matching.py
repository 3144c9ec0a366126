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

    gallery: Sides of earlier batches, and `query` itself. Of equal scores the earlier encounter comes first.
    """
    numbers = {}
    best = [(one, _Best(one.stop - one.start, most)) for one in query.tiles()]
    for other in gallery:
        # One event may lie in two batches: its encounter then has one number.
        ids = np.array([numbers.setdefault(name, len(numbers)) for name in other.encounters.tolist()], int)
        for one, found in best:
            for two in other.tiles():
                found.add(similarities(query, one, other, two), ids[two])
    names = np.array(list(numbers), str)
    parts = [found.rows() for _, found in best] or [(np.zeros(0, int),) * 2 + (np.zeros(0, np.float32),)]
    rows, candidates, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
    first = np.cumsum([0] + [one.stop - one.start for one, _ in best])
    rows = rows + np.repeat(first[: len(parts)], [len(part[0]) for part in parts])
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows) + 1
    return pd.DataFrame(
        {
            "encounter": query.encounters[rows],
            "candidate": names[candidates],
            "score": scores,
            "rank": rank.astype(np.int32),
        }
    )


class _Best:
    """The best candidates so far of E encounters, E x `most`, and their scores, -inf where there are fewer."""

    def __init__(self, encounters, most):
        self.ids, self.scores = np.zeros((encounters, most), int), np.full((encounters, most), -np.inf, np.float32)

    def add(self, scores, ids):
        """Take candidates into account. scores: E x N, float32. ids: of the candidates, N."""
        most, enough = self.scores.shape[1], self.scores[:, -1]
        if np.isinf(enough).any() and scores.shape[1] > most:
            enough = np.maximum(enough, -np.partition(-scores, most - 1, axis=1)[:, most - 1])
        rows, columns = np.nonzero((scores >= enough[:, None]) & np.isfinite(scores))
        if not len(rows):
            return
        kept, places = np.nonzero(np.isfinite(self.scores))
        rows, ids = np.r_[kept, rows], np.r_[self.ids[kept, places], ids[columns]]
        scores = np.r_[self.scores[kept, places], scores[rows[len(kept) :], columns]]
        order = np.lexsort((ids, -scores, rows))
        rows, ids, scores = rows[order], ids[order], scores[order]
        once = np.unique(rows * (ids.max() + 1) + ids, return_index=True)[1]
        rows, ids, scores = (part[np.sort(once)] for part in (rows, ids, scores))
        place = np.arange(len(rows)) - np.searchsorted(rows, rows)
        rows, ids, scores, place = (part[place < most] for part in (rows, ids, scores, place))
        self.scores[:] = -np.inf
        self.ids[rows, place], self.scores[rows, place] = ids, scores

    def rows(self):
        """(encounter, candidate, score) of each pair, encounters in order, best first."""
        rows, places = np.nonzero(np.isfinite(self.scores))
        return rows, self.ids[rows, places], self.scores[rows, places]


def similarities(query, one, other, two):
    """Scores of the encounters `one` of the Side `query` with `two` of `other`, float32; -inf where none is asked for.

    one, two: slices, as of `tiles`.
    """
    left, right = (side.vectors[side.starts[at][0] : side.ends[at][-1]] for side, at in ((query, one), (other, two)))
    by_crop = left @ right.T
    starts = [side.starts[at] - side.starts[at][0] for side, at in ((query, one), (other, two))]
    # Along the first axis whole rows are compared, which is several times faster.
    by_encounter = np.ascontiguousarray(np.maximum.reduceat(by_crop, starts[0], axis=0).T)
    scores = np.maximum.reduceat(by_encounter, starts[1], axis=0).T
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
