"""Retrieval: the ranks of each query's positives, in memory that does not grow with queries times gallery.

Junk is removed from the ranking, neither positive nor negative, and always of the query's own individual, as the image
itself is. So all items of other individuals are negatives, of which only the number before each positive matters.
Ties are pessimistic: a negative as similar as a positive precedes it.
"""

from dataclasses import dataclass

import numpy as np

TIE = 1e-6
"""Similarities closer than this are equal: the error of float32 products of unit vectors. Without it the ranking of a
network that answers the same to everything would depend on the order in which a processor adds."""
CELLS = 2**23
"""Similarities held at a time: 32 MB of float32."""
LOWEST = np.finfo(np.float32).min
SHOWN = 10
"""Neighbours kept of each query, to be looked at."""


@dataclass(frozen=True)
class Items:
    """Vectors (float32 N x D, unit norm) with their crop ids and individuals (arrays of N)."""

    vectors: np.ndarray
    ids: np.ndarray
    individuals: np.ndarray


def rank(queries, gallery, is_junk=None, ties="pessimistic", reorder=None):
    """Rank `gallery` for each of `queries` (Items of one embedding).

    is_junk(query, members): of these positions in the gallery, all of the query's own individual, which are junk; the
    query's own crop always is, though it is not counted as such. ties: pessimistic, or optimistic (positives first).
    reorder(query, similarities, out): changes, in place, the similarities of a query to the whole gallery, of which the
    positions `out` are junk or itself; None leaves the cosines as they are (metrics.shortlist).
    Returns a dict of arrays, one entry per query: positives, junk and available (counts; available is what is left of
    the gallery), first_rank and last_rank of the positives (from 1; 0 without any), ap and ap_trapezoid (NaN without
    any), other_rank and other_ap (first_rank and ap, had ties been counted the other way), neighbours (Q x 10 positions
    in the gallery, -1 beyond its end), correct (Q x 10 bool) and similarity (of the nearest; -1 where there is none).
    Raises ValueError where a vector is not finite.
    """
    for items in (queries, gallery):
        if not np.isfinite(items.vectors.sum()):
            raise ValueError("Features hold NaN or infinite values: the training diverged or the weights are damaged.")
    same, nobody = _members(gallery.individuals), np.zeros(0, np.int64)
    shift = TIE if ties == "pessimistic" else -TIE
    step = max(1, CELLS // max(1, len(gallery.ids)))
    # One buffer for all blocks: memory that is new to the process costs as much as the work on it.
    held = np.empty((min(step, len(queries.ids)), len(gallery.ids)), np.float32)
    blocks = []
    for start in range(0, len(queries.ids), step):
        rows, asked = [], queries.vectors[start : start + step]
        block = np.matmul(asked, gallery.vectors.T, out=held[: len(asked)])
        for query, similarities in enumerate(block, start):
            own = same.get(queries.individuals[query], nobody)
            itself = gallery.ids[own] == queries.ids[query]
            junk = is_junk(query, own) & ~itself if is_junk else np.zeros(len(own), bool)
            if reorder:
                reorder(query, similarities, own[junk | itself])
            left = len(similarities) - np.count_nonzero(junk) - np.count_nonzero(itself)
            rows.append((np.count_nonzero(junk), left, *_rank_one(similarities, own, own[~itself & ~junk], shift)))
        blocks.append(_columns(*zip(*rows, strict=True)))
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]} if blocks else {}


def precisions(ranks, counts):
    """Average precision of each query, standard and trapezoidal; NaN for a query without positives.

    ranks: of the positives, from 1, ascending, one query's after another's; counts: how many each query has.
    Standard: the mean of i/rank_i. Trapezoidal (the Oxford buildings protocol's): the mean of
    ((i-1)/(rank_i - 1) + i/rank_i) / 2, whose first term is 1 where rank_i is 1. Never above the standard one.
    """
    owners = np.repeat(np.arange(len(counts)), counts)
    found = np.arange(1, len(ranks) + 1) - np.repeat(np.cumsum(counts) - counts, counts)
    after = found / ranks
    before = np.where(ranks == 1, 1.0, (found - 1) / np.maximum(ranks - 1, 1))
    below = np.where(counts, counts, np.nan)
    return tuple(np.bincount(owners, terms, len(counts)) / below for terms in (after, (after + before) / 2))


def _members(individuals):
    order = np.argsort(individuals, kind="stable")
    names, starts = np.unique(individuals[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=False))


def _rank_one(similarities, own, positives, shift):
    """One query's ranks of positives, either way of counting ties, its neighbours, which of these are positives, and
    the similarity of the nearest.

    Overwrites `similarities`, the query's to the whole gallery.
    """
    mine = similarities[positives]
    similarities[own] = -np.inf
    # Only the negatives that may stand before a positive, or are shown, need an order: most of a gallery needs none.
    # Taking positions costs a third of indexing with booleans.
    (places,) = (similarities >= mine.min(initial=np.inf) - TIE).nonzero()
    if len(places) < SHOWN:
        shown = np.partition(similarities, -min(SHOWN, len(similarities)))[-SHOWN:]
        places = np.flatnonzero(similarities >= max(shown[0], LOWEST)) if len(shown) else places
    values = similarities.take(places)
    negatives = np.sort(values)
    order = (-mine).argsort(kind="stable")
    positives, mine = positives[order], mine[order]
    first = places[values >= negatives[-SHOWN:][0]] if len(negatives) else places
    nearest, right, closest = _nearest(first, similarities[first], positives[:SHOWN], mine[:SHOWN] - shift)
    return _ranks(negatives, mine, shift), _ranks(negatives, mine, -shift), nearest, right, closest


def _columns(junk, available, ranks, others, nearest, right, closest):
    """The columns that `rank` returns, of one block of queries."""
    counts = np.array([len(found) for found in ranks])
    ap, trapezoid = precisions(np.concatenate(ranks), counts)
    neighbours, correct = np.full((len(counts), SHOWN), -1), np.zeros((len(counts), SHOWN), bool)
    for query, found in enumerate(nearest):
        neighbours[query, : len(found)], correct[query, : len(found)] = found, right[query]
    return {
        "positives": counts,
        "junk": np.array(junk),
        "available": np.array(available),
        "first_rank": np.array([found[0] if len(found) else 0 for found in ranks]),
        "last_rank": np.array([found[-1] if len(found) else 0 for found in ranks]),
        "ap": ap,
        "ap_trapezoid": trapezoid,
        "other_rank": np.array([found[0] if len(found) else 0 for found in others]),
        "other_ap": precisions(np.concatenate(others), counts)[0],
        "neighbours": neighbours,
        "correct": correct,
        "similarity": np.array(closest, np.float32),
    }


def _ranks(negatives, mine, shift):
    """Ranks of the positives `mine` (descending) among `negatives` (ascending): those ahead, and themselves."""
    side = "left" if shift > 0 else "right"
    return len(negatives) - negatives.searchsorted(mine - shift, side) + np.arange(1, len(mine) + 1)


def _nearest(wrong, theirs, right, mine):
    """The SHOWN nearest, or as many as there are, of negatives and positives with their shifted similarities: positions
    in the gallery, which are positives, and the similarity of the first (-1 without any). Equal ones in the order of
    the gallery."""
    places, shifted = np.concatenate([wrong, right]), np.concatenate([theirs, mine])
    correct = np.arange(len(places)) >= len(wrong)
    order = np.lexsort((places, -shifted))[:SHOWN]
    return places[order], correct[order], shifted[order[0]] if len(order) else -1.0
