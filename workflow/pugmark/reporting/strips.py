"""Retrieval strips: a few queries with their ten nearest neighbours, half answered correctly and half wrongly."""

from dataclasses import dataclass

import numpy as np

from pugmark.reporting import captions
from pugmark.reporting.pictures import Sheet, Tile

NEIGHBOURS = 10
EACH = 4


@dataclass(frozen=True)
class Strip:
    """One query: its Caption, its average precision, and (Caption, correct) for each neighbour, nearest first."""

    query: captions.Caption
    ap: float
    neighbours: tuple


def pick(queries, seed=0):
    """Crop ids of up to four queries whose nearest neighbour is correct and four whose is wrong, drawn with `seed`.

    queries: rows of one protocol. Queries without positives are skipped.
    """
    asked = queries[(queries["positives"] > 0) & (queries["neighbours"].map(len) > 0)].sort_values("crop_id")
    right = asked["correct"].map(lambda correct: bool(correct[0])).astype(bool)
    random = np.random.default_rng(seed)
    picked = []
    for part in (asked[right], asked[~right]):
        chosen = random.permutation(len(part))[:EACH]
        picked += list(part["crop_id"].iloc[np.sort(chosen)])
    return picked


def strips(queries, picked, index, links, file):
    """(sheet, [Strip]) of the queries in `picked`, in that order. index: the index of the Collection."""
    asked, about = queries.set_index("crop_id"), index.set_index("crop_id")
    rows, made = [], []
    for crop_id in picked:
        query = asked.loc[crop_id]
        near = list(zip(query["neighbours"], map(bool, query["correct"]), strict=True))[:NEIGHBOURS]
        rows.append((Tile(crop_id), *(Tile(other, correct) for other, correct in near)))
        neighbours = tuple((captions.of(about.loc[other], links), correct) for other, correct in near)
        made.append(Strip(captions.of(about.loc[crop_id], links), float(query["ap"]), neighbours))
    return Sheet(file, tuple(rows), NEIGHBOURS + 1), made
