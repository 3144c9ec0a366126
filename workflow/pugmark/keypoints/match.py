"""Match the key points of one crop with those of many others, and count those that agree under one map.

One matrix product compares a crop with a block of others. What is left for each pair is the map, which MAGSAC++ (Barath
et al., CVPR 2020; in OpenCV) estimates from the matches.
"""

import cv2
import numpy as np

AGREEMENT = {
    "model": "affine",  # [ours: few matches on an animal] affine or fundamental: the map between two crops
    "tolerance": 0.02,  # [ours: skin bends] distance from the map at which key points agree, as a share of `side`
    "floor": 8,  # [code] agreeing key points, fewer of which are no evidence
}
"""Settings of the map."""
AGREEMENT_ALLOWED = {"model": ["affine", "fundamental"], "tolerance": "> 0, <= 0.5", "floor": ">= 4"}
BLOCK = 64
"""Crops that are compared with one at a time: 16 MB of similarities at 256 key points."""
STRETCH = 4.0
"""An affine map that scales any direction more than this, or less than its inverse, has collapsed: it says nothing."""
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32)


def agreeing(points, query, others, order, params):
    """How many key points of crop `query` agree with each of `others`: int64 of K.

    points: table.Points. others: int64 of K. order: N ranks, in whose order two crops are matched. params: features,
    side, ratio, model, tolerance, floor.
    """
    counts = np.zeros(len(others), np.int64)
    mine = vectors(points, [query], params["features"])[0][: points.number[query]]
    for start in range(0, len(others), BLOCK):
        block = others[start : start + BLOCK]
        theirs = vectors(points, block, params["features"])
        matched = matches(mine, theirs, points.number[block], params["ratio"])
        for at, (other, (left, right)) in enumerate(zip(block, matched, strict=True), start):
            ends = [(query, left), (other, right)] if order[query] < order[other] else [(other, right), (query, left)]
            counts[at] = under_one_map(points, *ends, params)
    return counts


def vectors(points, rows, features):
    """Unit vectors, float32 R x K x D, of the descriptors of these crops; zero in empty slots.

    SIFT becomes RootSIFT, whose products are Hellinger's (Arandjelovic and Zisserman, CVPR 2012). ORB's bits become
    signs, whose product falls with their Hamming distance.
    """
    chosen = points.descriptors[rows]
    if features == "sift":
        totals = chosen.sum(2, dtype=np.float32, keepdims=True)
        return np.sqrt(chosen / np.maximum(totals, 1))
    signs = (2 * _BITS[chosen] - 1).reshape(*chosen.shape[:2], -1)
    return signs / np.float32(np.sqrt(signs.shape[2]))


def matches(mine, theirs, numbers, ratio):
    """[(left, right)] for each of B crops: positions of the key points that are each other's best match and pass the
    ratio test on Euclidean distances (Lowe, IJCV 2004).

    mine: float32 N x D. theirs: float32 B x K x D, of which the first `numbers` (B) count.
    """
    slots = theirs.shape[1]
    products = (theirs.reshape(-1, theirs.shape[2]) @ mine.T).reshape(len(theirs), slots, len(mine))
    return [_mutual(products[at, :number], ratio) for at, number in enumerate(numbers)]


def _mutual(products, ratio):
    """products: K x N, of theirs with mine."""
    if min(products.shape) < 2:
        return np.zeros(0, int), np.zeros(0, int)
    best = products.argmax(0)
    mine = np.arange(products.shape[1])
    mine = mine[products.argmax(1)[best] == mine]
    best = best[mine]
    two = np.partition(products[:, mine], -2, axis=0)[-2:]
    second, first = np.sqrt(np.maximum(2 - 2 * two, 0))
    kept = first < ratio * second
    return mine[kept], best[kept]


def under_one_map(points, one, other, params):
    """How many matches agree, int; 0 with fewer than `floor`. As of `agreed`."""
    return int(agreed(points, one, other, params).sum())


def agreed(points, one, other, params):
    """Which matches agree, bool of N; none with fewer than `floor` matches.

    one, other: (row of `points`, the positions of its N matched key points). params: side, model, tolerance, floor.
    """
    left, right = (params["side"] * points.places[row, at] for row, at in (one, other))
    none = np.zeros(len(left), bool)
    if len(left) < params["floor"]:
        return none
    within = params["tolerance"] * params["side"]
    if params["model"] == "fundamental":
        _, kept = cv2.findFundamentalMat(left, right, cv2.USAC_MAGSAC, within, 0.999, 1000)
        return none if kept is None else kept.ravel().astype(bool)
    found, kept = cv2.estimateAffine2D(left, right, None, cv2.USAC_MAGSAC, within, 1000, 0.999)
    if found is None:
        return none
    most, least = np.linalg.svd(found[:, :2], compute_uv=False)
    return kept.ravel().astype(bool) if 1 / STRETCH <= least <= most <= STRETCH else none
