"""Candidates scored anew: which crops are compared, and what their scores become."""

import numpy as np
import pandas as pd
import pytest

from pugmark.identity import rescoring

CROPS = pd.DataFrame({"crop_id": list("abcdefgh"), "encounter": ["x", "x", "y", "y", "y", "z", "z", "z"]})
ANGLES = np.radians([0, 10, 0, 20, 60, 12, 90, 91])
VECTORS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], 1).astype(np.float32)
FOUND = pd.DataFrame(
    {"encounter": ["z", "z", "y"], "candidate": ["x", "y", "x"], "score": [0.9, 0.8, 0.7], "rank": [1, 2, 1]}
)


def test_the_crops_that_look_most_alike_are_compared():
    pairs = rescoring.alike(FOUND, CROPS, VECTORS)
    assert (pairs.groupby("pair").size() == rescoring.ALIKE).all()
    first = pairs.groupby("pair").head(1)
    # z and x: 12 against 10 degrees; z and y: 12 against 20; y and x: 0 against 0.
    assert first[["one", "other"]].to_numpy().tolist() == [[5, 1], [5, 3], [2, 0]]
    assert first["cosine"].to_numpy() == pytest.approx(np.cos(np.radians([2, 8, 0])))
    assert pairs[pairs["pair"] == 0][["one", "other"]].to_numpy().tolist() == [[5, 1], [5, 0], [6, 1]]


def test_the_best_of_their_scores_counts_and_ranks_anew():
    asked = []

    def rescore(query, others, cosines):
        asked.extend((query, int(other)) for other in others)
        assert cosines == pytest.approx(VECTORS[others] @ VECTORS[query])
        return np.where((query == 5) & (others == 3), 0.95, 0.1).astype(np.float32)

    table = rescoring.rescored(FOUND, CROPS, VECTORS, rescore, 2)
    assert len(asked) == len(set(asked)) == 9
    assert table[["encounter", "candidate", "rank"]].to_numpy().tolist() == [
        ["y", "x", 1],
        ["z", "y", 1],
        ["z", "x", 2],
    ]
    assert table["score"].to_numpy() == pytest.approx([0.1, 0.95, 0.1])
    assert len(rescoring.rescored(FOUND, CROPS, VECTORS, rescore, 1)) == 2
    assert rescoring.rescored(FOUND[:0], CROPS, VECTORS, rescore, 2).empty
