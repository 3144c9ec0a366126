"""Re-ranking: new scores for the most similar items of each query, the rest below them in its old order."""

import numpy as np

BELOW = np.float32(4)
"""How far the rest is moved down: scores and cosines are from -1 to 1."""


def reorder(ids, size, rescore):
    """The function that `ranking.rank` calls to re-rank its queries.

    ids: of the gallery (array of N). size: how many items are scored anew, after junk has been taken out.
    rescore(query, places, similarities): their new scores, from -1 to 1. Equal similarities enter the shortlist in the
    order of `ids`.
    Raises ValueError where a score is out of range or not a number.
    """

    def reordered(query, similarities, out):
        candidates = similarities.copy()
        candidates[out] = -np.inf
        places = shortlist(candidates, ids, size)
        scores = rescore(query, places, similarities[places])
        if not (np.abs(scores) <= 1 + 1e-4).all():  # not a number is no smaller either
            raise ValueError(f"The re-ranker gave scores beyond -1 to 1, for instance {scores[:3]}.")
        similarities -= BELOW
        similarities[places] = scores

    return reordered


def shortlist(similarities, ids, size):
    """Positions of the `size` highest finite similarities, highest first."""
    size = min(size, int(np.isfinite(similarities).sum()))
    if not size:
        return np.zeros(0, np.int64)
    least = np.partition(similarities, -size)[-size]
    places = np.flatnonzero(similarities >= least)
    return places[np.lexsort((ids[places].astype(str), -similarities[places]))][:size]
