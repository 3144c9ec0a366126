"""Part-aware re-identification: individual and side from a network whose middle maps know the parts of the body, which
they learn from warped pictures without key points.

An SE-ResNet50 keeps the resolution of its second and last stage. From the maps of the second, a 1 x 1 convolution makes
descriptors of each place, which descriptor vector exchange trains: a picture, a smooth warp of it, and the next picture
of the batch as the auxiliary one. The losses on individual, side and cosines are those of the family.
"""

import torch
from torch import nn

from pugmark.learning import dve, inference, norm, sided, trainer, warps
from pugmark.learning.backbones import backbone, keep_resolution

TITLE = "PartDVE"
SOURCE = "Yu et al., Addressing the Elephant in the Room: unsupervised part-based feature alignment (2025)"
FAMILY = "supervised"
LABELS = "identity+orientation"
PARAMS = sided.PARAMS | {
    "backbone": "timm/legacy_seresnet50",  # [paper] a ResNet of torchvision or timm/NAME
    "weights": "seresnet50-imagenet",  # [paper] name of a weight file, null for random initialisation
    "descriptors": 64,  # [code] length of the descriptor of a place
    "dve_weight": 0.2,  # [paper] lambda_d; 0 leaves descriptor vector exchange out
    "dve_power": 0.5,  # [code] of the distance in pixels; the paper's equation has 1
}
ALLOWED = sided.ALLOWED | {
    "backbone": "word",
    "weights": "null or word",
    "descriptors": ">= 1",
    "dve_weight": ">= 0",
    "dve_power": "> 0",
}
PRESETS = sided.PRESETS | {
    "paper": {"circle": "anchor", "dve_power": 1.0},  # what the text says
}
PUBLISHED = [
    {"data": "ATRW", "metric": "mmAP", "value": 0.686, "setting": "masked, re-ranked, SE-ResNet50"},
    {"data": "ATRW", "metric": "mmAP", "value": 0.762, "setting": "original, re-ranked, SE-ResNet50"},
    {"data": "YakReID-103, hard", "metric": "mAP", "value": 0.610, "setting": "masked; trapezoidal AP"},
    {"data": "YakReID-103, hard", "metric": "rank1", "value": 0.894, "setting": "masked"},
    {"data": "YakReID-103, hard", "metric": "mAP", "value": 0.661, "setting": "original; trapezoidal AP"},
    {"data": "YakReID-103, hard", "metric": "rank1", "value": 0.923, "setting": "original"},
    {"data": "ELPephants", "metric": "mAP", "value": 0.243, "setting": "masked; trapezoidal AP"},
    {"data": "ELPephants", "metric": "rank1", "value": 0.387, "setting": "masked"},
    {"data": "ELPephants", "metric": "mAP", "value": 0.141, "setting": "original; trapezoidal AP"},
    {"data": "ELPephants", "metric": "rank1", "value": 0.303, "setting": "original"},
]


def fit(crops, params, run):
    """Learn individuals, sides and parts."""
    learner = PartDVE(crops, params, run, Parts(params, run.file(params["weights"])))
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model[0].state_dict()}


def embed(crops, params, state):
    """float32 N x 2 features: of the image and of its mirror image."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained network, B x 3 x H x W -> B x 2 features; `descriptors` gives those of the parts."""
    trained = Parts(params)
    trained.load_state_dict(state["model"])
    return PartsAndMirror(trained)


class Parts(sided.Embedding):
    """Backbone and head block, and descriptors of the parts from the backbone's second stage."""

    def __init__(self, params, weights=None):
        body = backbone(params["backbone"], weights, last_stride=1)
        keep_resolution(body.body, params["backbone"], "layer2")
        super().__init__(body, params["features"], params["dropout"])
        with torch.no_grad():
            channels = self.middle(torch.zeros(1, 3, 64, 64)).shape[1]
        self.describe = nn.Sequential(
            nn.Conv2d(channels, params["descriptors"], 1), nn.BatchNorm2d(params["descriptors"]), nn.ReLU()
        )

    def forward(self, images):
        """B x 3 x H x W -> B x features."""
        return self[1](self[0](images))

    def middle(self, images):
        """The maps of the second stage, B x C x H / 4 x W / 4."""
        for name, part in self.backbone.body.named_children():
            images = part(images)
            if name == "layer2":
                return images
        raise AssertionError("unreachable: keep_resolution found the stage")

    def descriptors(self, images):
        """Descriptors of places, B x D x H / 4 x W / 4."""
        return self.describe(self.middle(images))


class PartsAndMirror(sided.FlipConcat):
    """The vectors of an image and of its mirror image side by side; `descriptors` of the image."""

    def descriptors(self, images):
        """Descriptors of places, B x D x H / 4 x W / 4."""
        return self.network.descriptors(images)


class PartDVE(sided.Sided):
    """The family's losses, and descriptor vector exchange between each picture, a warp of it, and the next picture."""

    def __init__(self, crops, params, run, network):
        super().__init__(crops, params, run, network)
        network.describe.requires_grad_(params["dve_weight"] > 0)

    def further(self, images):
        """Descriptor vector exchange. Raises TrainingError for a batch of one, whose next picture is itself."""
        if not self.params["dve_weight"]:
            return 0.0
        if len(images) < 2:
            raise trainer.TrainingError("A batch has one crop, and exchanging descriptors needs two: name more crops.")
        count, _, height, width = images.shape
        first, second = (warps.drawn(count, height, width, size).to(images) for size in (warps.FIRST, warps.SECOND))
        there = warps.applied(images, first)
        here = warps.applied(there, second)
        described = self.model[0].descriptors(torch.cat([here, there])).float()
        here, there = described.chunk(2)
        stride = height // here.shape[2]
        targets = warps.in_pixels(second[:, ::stride, ::stride], height, width)[:, : here.shape[2], : here.shape[3]]
        return self.params["dve_weight"] * dve.loss(
            here, here.roll(-1, 0), there, targets, stride, self.params["dve_power"]
        )
