"""Local key points: two crops show one animal where many of their key points agree under one affine map.

Score: s = g + w l (1 - g), of the cosine g, a weight w and l = n / (n + floor) of n agreeing key points. With fewer
than `floor` there is no evidence: l = 0, and the pair keeps its cosine. The blend is that of a write-up of AnimalCLEF
2026 (g, w and l as there); the map is estimated by MAGSAC++ (Barath et al., CVPR 2020).
"""

import numpy as np

from pugmark.keypoints import match

TITLE = "Local key points"
SOURCE = "Lowe, IJCV 2004; Arandjelovic and Zisserman, CVPR 2012 (RootSIFT); Barath et al., CVPR 2020 (MAGSAC++)"
KEYPOINTS = ("features", "side", "most")
PARAMS = match.AGREEMENT | {
    "features": "sift",  # [ours: finds more on fur than ORB] sift (compared as RootSIFT) or orb
    "side": 512,  # [code] pixels of the crop's longer side, to which it is resized
    "most": 256,  # [code] key points kept of a crop, those with the strongest response
    "ratio": 0.9,  # [ours: matches must be mutual as well] greatest distance of the best match over the second's
    "weight": 1.0,  # [ours: full evidence decides] w, how much the evidence may add
}
ALLOWED = match.AGREEMENT_ALLOWED | {
    "features": ["sift", "orb"],
    "side": ">= 64",
    "most": ">= 16",
    "ratio": "> 0, <= 1",
    "weight": "> 0, <= 1",
}


def prepare(crops, params):
    """`rescore` of these crops."""
    return rescored(counter(crops, params, match.agreeing), params)


def rescored(matched, params):
    """`rescore` by the function `matched`, as of `counter`."""

    def rescore(query, others, similarities):
        return blended(matched(query, others), similarities, params)

    return rescore


def counter(crops, params, agreeing):
    """The function (query, others) -> agreeing key points, int K; each pair is matched once, whoever asks.

    agreeing: what matches, as match.agreeing does.
    """
    # Two pictures are always matched in the order of their ids, so that a score depends on the pair alone.
    order = np.argsort(np.argsort(crops.ids.astype(str), kind="stable"))
    counted = {}

    def matched(query, others):
        pairs = [(min(query, other), max(query, other)) for other in others.tolist()]
        new = np.array([at for at, pair in enumerate(pairs) if pair not in counted], int)
        found = agreeing(crops.keypoints, query, others[new], order, params) if len(new) else ()
        counted.update(zip([pairs[at] for at in new], found, strict=True))
        return np.array([counted[pair] for pair in pairs], int)

    return matched


def blended(agreeing, cosines, params):
    """Scores, float32 of K, from the numbers of agreeing key points and the cosines (K each)."""
    evidence = np.where(agreeing >= params["floor"], agreeing / (agreeing + params["floor"]), 0.0)
    return (cosines + params["weight"] * evidence * (1 - cosines)).astype(np.float32)
