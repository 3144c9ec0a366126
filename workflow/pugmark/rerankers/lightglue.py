"""Learned key points: DISK or ALIKED finds them, LightGlue matches them, and those that agree under one map count as
`local` counts them.
"""

from pugmark.keypoints import match
from pugmark.rerankers import local

TITLE = "Learned key points"
SOURCE = "Lindenberger, Sarlin and Pollefeys, LightGlue: local feature matching at light speed (ICCV 2023)"
KEYPOINTS = ("features", "side", "most")
POINTS = "lightglue"
WEIGHTS = {"aliked": ["aliked-n16", "aliked-lightglue"], "disk": ["disk-depth", "disk-lightglue"]}
PARAMS = match.AGREEMENT | {
    "features": "aliked",  # [ours: the smaller network] aliked or disk, each with weights of its own and LightGlue's
    "side": 512,  # [code] pixels of the crop's longer side, to which it is resized
    "most": 256,  # [code] key points kept of a crop, those with the strongest response
    "confidence": 0.1,  # [code] of a match, from 0 to 1, below which it is dropped
    "weight": 1.0,  # [ours: full evidence decides] w, how much the evidence may add
}
ALLOWED = match.AGREEMENT_ALLOWED | {
    "features": ["aliked", "disk"],
    "side": ">= 64",
    "most": ">= 16",
    "confidence": ">= 0, < 1",
    "weight": "> 0, <= 1",
}


def prepare(crops, params, weights):
    """`rescore` of these crops. weights: the Weights of LightGlue."""
    from pugmark.keypoints import learned  # loads kornia

    matcher = learned.Matcher(weights, params["confidence"])
    return local.rescored(local.counter(crops, params, matcher.agreeing), params)
