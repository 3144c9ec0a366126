"""Supervised classification with a DenseNet-121, which has 1,024 channels to pool instead of 2,048.

All else is as in the ResNet-50 baseline: the average over positions, then Linear(512), BatchNorm and dropout;
cross-entropy over the training individuals. At test time the features of image and mirror image are added unless `flip`
is 0.
"""

from pugmark.learning import classification
from pugmark.learning.classification import embed, fit, network

__all__ = ["embed", "fit", "network"]
TITLE = "DenseNet-121, identity classification"
SOURCE = "Huang et al., CVPR 2017; recipe: Zheng et al., layumi/Person_reID_baseline_pytorch"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = classification.PARAMS | {
    "backbone": "densenet121",  # [paper]
    "weights": "densenet121-imagenet",  # [paper]
}
ALLOWED = classification.ALLOWED
PRESETS = {
    "matched": {"height": 128, "width": 256, "batch": 64},  # FANCL's sizes
    "native": {},  # as it stands above
}
PUBLISHED = [
    {"data": "red pandas, 23 test individuals", "metric": "mAP", "value": 0.318, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank1", "value": 0.8116, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank5", "value": 0.9565, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank10", "value": 0.971, "setting": "FANCL, supervised"},
]
