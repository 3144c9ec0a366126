"""Score candidates anew by a re-ranker, which looks closer than the cosine does.

Of two encounters the ALIKE pairs of crops with the highest cosines are compared, and the best of their scores counts:
one good picture of the same part of the animal is enough, as in identity.matching.
"""

import numpy as np
import pandas as pd

ALIKE = 3


def rescored(found, crops, vectors, rescore, most):
    """The pairs with new scores and ranks, the `most` best candidates of each encounter.

    found: DataFrame of the pairs table. crops: DataFrame with the encounter of each of N crops, among them all of
    these encounters. vectors: float32 N x D, row by row. rescore: a re-ranker's, of these crops (see `rerankers`).
    """
    if found.empty:
        return found
    pairs = alike(found, crops, vectors)
    scores = np.empty(len(pairs), np.float32)
    for query, places in pairs.groupby("one").indices.items():
        others, cosines = pairs["other"].to_numpy()[places], pairs["cosine"].to_numpy(np.float32)[places]
        scores[places] = rescore(int(query), others, cosines)
    best = pd.Series(scores).groupby(pairs["pair"].to_numpy()).max()
    found = found.assign(score=best.reindex(range(len(found))).to_numpy(np.float32))
    found = found.sort_values(["encounter", "score", "candidate"], ascending=[True, False, True], kind="stable")
    found = found.groupby("encounter", sort=False).head(most)
    rank = found.groupby("encounter", sort=False).cumcount() + 1
    return found.assign(rank=rank.astype(np.int32)).reset_index(drop=True)


def alike(found, crops, vectors):
    """The pairs of crops to compare: the number of the `pair` of encounters, `one`, `other` and their `cosine`."""
    of = pd.DataFrame({"encounter": crops["encounter"].to_numpy(), "place": np.arange(len(crops))})
    ends = found[["encounter", "candidate"]].reset_index(drop=True).rename_axis("pair").reset_index()
    pairs = ends.merge(of.rename(columns={"place": "one"}), on="encounter")
    pairs = pairs.merge(of.rename(columns={"encounter": "candidate", "place": "other"}), on="candidate")
    one, other = pairs["one"].to_numpy(), pairs["other"].to_numpy()
    cosine = np.empty(len(pairs), np.float32)
    for start in range(0, len(pairs), 4096):  # so that the vectors of few pairs are held at a time
        part = slice(start, start + 4096)
        cosine[part] = np.einsum("nd,nd->n", vectors[one[part]], vectors[other[part]])
    pairs = pairs.assign(cosine=cosine).sort_values(
        ["pair", "cosine", "one", "other"], ascending=[True, False, True, True]
    )
    return pairs.groupby("pair", sort=False).head(ALIKE)[["pair", "one", "other", "cosine"]].reset_index(drop=True)
