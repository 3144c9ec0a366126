"""Supervised classification with a DenseNet-121, whose 1,024 channels are pooled instead of 2,048.

All else is as in the ResNet-50 baseline: Linear(512), BatchNorm and dropout behind the average over positions,
cross-entropy over the training individuals, image and mirror image added at test time.
"""

from pugmark.learning.classification import embed, fit, network

__all__ = ["embed", "fit", "network"]
TITLE = "DenseNet-121, identity classification"
SOURCE = "Huang et al., CVPR 2017; recipe: Zheng et al., layumi/Person_reID_baseline_pytorch"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = {
    "backbone": "densenet121",  # torchvision name, timm/NAME or open_clip/NAME
    "weights": "densenet121-imagenet",  # name of a weight file, null for random initialisation
    "height": 256,  # pixels
    "width": 128,  # pixels; animals are often wider than high
    "features": 512,  # length of the vectors
    "dropout": 0.5,  # probability, on the vector while training
    "epochs": 60,  # passes over the training crops
    "batch": 32,  # crops
    "lr": 0.05,  # of the new layers, divided by 10 after two thirds of the epochs
    "lr_backbone": 0.005,  # of the pretrained layers, likewise
    "weight_decay": 0.0005,  # of all layers
    "flip": 0.5,  # probability; 0 where the two flanks of an animal differ
    "padding": 10,  # pixels around the image before the random crop
    "erasing": 0.0,  # probability of random erasing
    "amp": True,  # mixed precision on a GPU
}
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
