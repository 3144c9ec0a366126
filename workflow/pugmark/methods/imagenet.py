"""A network as it came, never shown an animal of the collection. Every trained method should beat it.

With `weights: null` the network is random: what its architecture finds without any knowledge.
"""

from pugmark.learning import inference, norm
from pugmark.learning.backbones import backbone

TITLE = "ImageNet features"
SOURCE = "He et al., Deep residual learning for image recognition (CVPR 2016), frozen"
FAMILY = "frozen"
LABELS = "none"
PARAMS = {
    "backbone": "resnet50",  # [paper] a network of torchvision, timm/NAME or open_clip/NAME
    "weights": "resnet50-imagenet",  # [paper] name of a weight file, null for a random network
    "height": 224,  # [paper] pixels
    "width": 224,  # [paper] pixels
    "pool": "gap",  # [paper] average pooling; gem for the generalised mean
}
ALLOWED = {
    "backbone": "word",
    "weights": "null or word",
    "height": ">= 32",
    "width": ">= 32",
    "pool": ["gap", "gem"],
}
PUBLISHED = []


def fit(crops, params, run):
    """The frozen network."""
    return {"model": _network(params, run.file(params["weights"])).state_dict()}


def embed(crops, params, state):
    """float32 N x D, the pooled features."""
    network = _network(params)
    network.load_state_dict(state["model"])
    return norm.unit(inference.extract(network, crops, params["height"], params["width"]))


def _network(params, weights=None):
    return backbone(params["backbone"], weights, pool=params["pool"])
