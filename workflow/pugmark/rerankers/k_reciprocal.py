"""k-reciprocal encoding: two crops are alike where their reciprocal neighbours are the same.

Zhong et al., "Re-ranking person re-identification with k-reciprocal encoding" (CVPR 2017). The distance of a pair is
(1 - lambda) J + lambda d, of the Jaccard distance J of their weighted k-reciprocal sets and of the squared Euclidean
distance d, divided by the greatest from the query (equation 12). The score is 1 less that. Sets are over the crops that
are evaluated, each once, and none is stored whole: J comes from sparse weights, for the shortlist alone.
"""

import numpy as np

from pugmark.clustering import jaccard

TITLE = "k-reciprocal encoding"
SOURCE = "Zhong et al., CVPR 2017"
PARAMS = {
    "k1": 20,  # [paper] crops in a neighbourhood, itself included
    "k2": 6,  # [paper] nearest crops over which the weights are averaged
    "original": 0.3,  # [paper] lambda, the share of the distance before re-ranking
}
ALLOWED = {"k1": ">= 2", "k2": ">= 1", "original": ">= 0, <= 1"}
BLOCK = 2**22
"""Cosines held at a time while the greatest distances are sought: 16 MB."""


def prepare(crops, params):
    """`rescore` of these crops."""
    weights = jaccard.encode(crops.vectors, params["k1"], params["k2"])
    farthest = _farthest(crops.vectors)

    def rescore(query, others, similarities):
        away = jaccard.of_pairs(weights, np.full(len(others), query), others)
        before = (2 - 2 * similarities) / farthest[query]
        return (1 - (1 - params["original"]) * away - params["original"] * before).astype(np.float32)

    return rescore


def _farthest(vectors):
    """The greatest squared distance from each crop to any, float32 N; at least a little."""
    step = max(1, BLOCK // max(1, len(vectors)))
    least = [(vectors[start : start + step] @ vectors.T).min(1, initial=1.0) for start in range(0, len(vectors), step)]
    return np.maximum(2 - 2 * np.concatenate([np.zeros(0, np.float32), *least]), 1e-6)
