"""A vision transformer with the losses on individual, side and cosines. Its vector is the mean over all tokens, that of
the class among them.
"""

from pugmark.learning import sided
from pugmark.learning.sided import embed, fit, network

__all__ = ["embed", "fit", "network"]
TITLE = "ViT-B/16, individual and side"
SOURCE = "Yu et al., Addressing the Elephant in the Room (2025), baseline"
FAMILY = "supervised"
LABELS = "identity+orientation"
PARAMS = sided.PARAMS | {
    "backbone": "timm/vit_base_patch16_224",  # [paper] a vision transformer of timm/NAME
    "weights": "vit_b16-imagenet21k",  # [paper] name of a weight file, null for random initialisation
    "drop_path": 0.2,  # [code] probability that the last block is skipped while training; earlier ones less
    "pool": "tokens",  # [code] the mean over all tokens; gap is the network's own pooling
}
ALLOWED = sided.ALLOWED | {
    "backbone": "word",
    "weights": "null or word",
    "drop_path": ">= 0, < 1",
    "pool": ["gap", "tokens"],
}
PRESETS = sided.PRESETS
PUBLISHED = [
    {"data": "ATRW", "metric": "mmAP", "value": 0.655, "setting": "masked, re-ranked"},
    {"data": "YakReID-103, hard", "metric": "mAP", "value": 0.613, "setting": "masked; trapezoidal AP"},
    {"data": "YakReID-103, hard", "metric": "rank1", "value": 0.884, "setting": "masked"},
    {"data": "ELPephants", "metric": "mAP", "value": 0.206, "setting": "masked; trapezoidal AP"},
    {"data": "ELPephants", "metric": "rank1", "value": 0.368, "setting": "masked"},
]
