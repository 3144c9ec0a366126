"""Supervised classification with a ResNet-50, the baseline that re-ID papers start from.

Features: global average pooling, then Linear(512), BatchNorm and dropout. The loss is the cross-entropy over the
training individuals. At test time the 512 numbers of an image and of its mirror image are added; with `flip: 0` those
of the image stand alone, as the flanks of the animals then differ. FANCL, which publishes the figures below, states no
recipe; this is that of layumi's public baseline.
"""

from pugmark.learning import classification
from pugmark.learning.classification import embed, fit, network

__all__ = ["embed", "fit", "network"]
TITLE = "ResNet-50, identity classification"
SOURCE = "He et al., CVPR 2016; recipe: Zheng et al., layumi/Person_reID_baseline_pytorch"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = classification.PARAMS
ALLOWED = classification.ALLOWED
PRESETS = {
    "matched": {"height": 128, "width": 256, "batch": 64},  # FANCL's sizes
    "native": {},  # as it stands above
}
PUBLISHED = [
    {"data": "red pandas, 23 test individuals", "metric": "mAP", "value": 0.331, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank1", "value": 0.7826, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank5", "value": 0.9565, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank10", "value": 0.9782, "setting": "FANCL, supervised"},
]
