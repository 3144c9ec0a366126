"""MiewID: an EfficientNetV2 that learned individuals of dozens of species on Wildbook's pictures, as it came.

The maps of the last stage are pooled by a generalised mean with a learned exponent, then normalised by a batch norm of
2,152 numbers. The published file holds the network under `backbone`, the exponent under `pooling.p` and the batch norm
under `bn`; what it holds of its training loss is left out. No code of the file's is run.
"""

from torch import nn

from pugmark.learning import inference, norm
from pugmark.learning.backbones import backbone, read_state, take

TITLE = "MiewID"
SOURCE = "Otarashvili et al., Multispecies animal re-ID using a large community-curated dataset (2024)"
FAMILY = "frozen"
LABELS = "none"
PARAMS = {
    "backbone": "timm/efficientnetv2_rw_m",  # [paper] the network
    "weights": "miewid-msv3",  # [paper] name of a weight file, null for a random network
    "height": 440,  # [paper] pixels
    "width": 440,  # [paper] pixels; the proportion of the crop is not kept
}
ALLOWED = {"backbone": "word", "weights": "null or word", "height": ">= 32", "width": ">= 32"}
PUBLISHED = []
LOSS = ("final.", "loss_module.", "fc.", "dropout.")
"""Parts of the published file that only its training needed."""


def fit(crops, params, run):
    """The frozen network."""
    return {"model": MiewID(params, run.file(params["weights"])).state_dict()}


def embed(crops, params, state):
    """float32 N x D, behind the batch norm."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The network, B x 3 x H x W -> B x D."""
    made = MiewID(params)
    made.load_state_dict(state["model"])
    return made


class MiewID(nn.Module):
    """Backbone, generalised mean, batch norm. weights: a `Weights` file in the published layout, or None."""

    def __init__(self, params, weights=None):
        super().__init__()
        self.backbone = backbone(params["backbone"], pool="gem")
        self.bn = nn.BatchNorm1d(self.backbone.size)
        if weights is not None:
            self.load(weights)

    def forward(self, images):
        """B x 3 x H x W -> B x D."""
        return self.bn(self.backbone(images))

    def load(self, weights):
        """Load a file in the published layout. Raises BackboneError where it does not fit."""
        state = {key: value for key, value in read_state(weights.path).items() if not key.startswith(LOSS)}
        names = {"backbone.": "backbone.body.", "pooling.p": "backbone.pooling.exponent"}
        renamed = {}
        for key, value in state.items():
            old = next((name for name in names if key.startswith(name)), None)
            renamed[key if old is None else key.replace(old, names[old], 1)] = value
        if "backbone.pooling.exponent" in renamed:
            renamed["backbone.pooling.exponent"] = renamed["backbone.pooling.exponent"].reshape(())
        take(self, renamed, weights)
