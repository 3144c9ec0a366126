"""Networks that are never trained here: their features of the crops as they came, at the size and in the colours that
they learned with.

A method's file states PARAMS and ALLOWED, and takes `fit`, `embed` and `network` from here.
"""

from torch import nn

from pugmark.learning import colours, inference, norm
from pugmark.learning.backbones import backbone

PARAMS = {
    "backbone": "resnet50",  # [paper] a network of torchvision, timm/NAME or open_clip/NAME
    "weights": "resnet50-imagenet",  # [paper] name of a weight file, null for a random network
    "height": 224,  # [paper] pixels
    "width": 224,  # [paper] pixels
    "colours": "imagenet",  # [paper] statistics that it learned with: imagenet, half (from -1 to 1) or clip
    "pool": "gap",  # [paper] the network's own pooling; gem for the generalised mean of a convolutional one
}
ALLOWED = {
    "backbone": "word",
    "weights": "null or word",
    "height": ">= 32",
    "width": ">= 32",
    "colours": ["imagenet", "half", "clip"],
    "pool": ["gap", "gem"],
}


def fit(crops, params, run):
    """The frozen network."""
    return {"model": Frozen(params, run.file(params["weights"])).state_dict()}


def embed(crops, params, state):
    """float32 N x D, the pooled features."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The network, B x 3 x H x W -> B x D."""
    made = Frozen(params)
    made.load_state_dict(state["model"])
    return made


class Frozen(nn.Module):
    """A backbone behind the colours that it learned with."""

    def __init__(self, params, weights=None):
        super().__init__()
        self.colours = colours.Restated(*colours.STATISTICS[params["colours"]])
        size = params["height"], params["width"]
        self.backbone = backbone(params["backbone"], weights, pool=params["pool"], size=size)

    def forward(self, images):
        """Images as of `transforms.normalise`, B x 3 x H x W -> B x D."""
        return self.backbone(self.colours(images))
