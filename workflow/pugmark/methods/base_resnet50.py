"""ResNet-50 with the losses on individual, side and cosines: what is left of PartDVE without its parts."""

from pugmark.learning import sided
from pugmark.learning.sided import embed, fit, network

__all__ = ["embed", "fit", "network"]
TITLE = "ResNet-50, individual and side"
SOURCE = "Yu et al., Addressing the Elephant in the Room (2025), baseline"
FAMILY = "supervised"
LABELS = "identity+orientation"
PARAMS = sided.PARAMS | {
    "backbone": "resnet50",  # [paper] a network of torchvision or timm/NAME
    "weights": "resnet50-imagenet",  # [paper] name of a weight file, null for random initialisation
    "last_stride": 2,  # [code] of a ResNet's last stage; 1 keeps the resolution
}
ALLOWED = sided.ALLOWED | {"backbone": "word", "weights": "null or word", "last_stride": [1, 2]}
PRESETS = sided.PRESETS
PUBLISHED = [
    {"data": "ATRW", "metric": "mmAP", "value": 0.659, "setting": "masked, re-ranked"},
    {"data": "YakReID-103, hard", "metric": "mAP", "value": 0.609, "setting": "masked; trapezoidal AP"},
    {"data": "YakReID-103, hard", "metric": "rank1", "value": 0.860, "setting": "masked"},
    {"data": "ELPephants", "metric": "mAP", "value": 0.200, "setting": "masked; trapezoidal AP"},
    {"data": "ELPephants", "metric": "rank1", "value": 0.339, "setting": "masked"},
]
