"""Part-based convolutional baseline: six stripes of the picture, each of which must name the animal alone.

The backbone keeps the resolution of its last stage; its maps are averaged over six stripes. One 1 x 1 convolution with
BatchNorm and ReLU reduces the stripes of all images alike, and each stripe has a classifier of its own; the loss is the
sum of their cross-entropies. At test time the six stripes, each of unit norm, are laid side by side, before or after
the reduction. Without the paper's second part, the refined pooling.
"""

import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import classification, inference, norm, parts, trainer
from pugmark.learning.backbones import backbone
from pugmark.learning.classification import Classification
from pugmark.learning.heads import classifier

TITLE = "PCB"
SOURCE = "Sun et al., Beyond part models: person retrieval with refined part pooling (ECCV 2018)"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = classification.PARAMS | {
    "backbone": "resnet50",  # [paper] a network of torchvision or timm/NAME
    "last_stride": 1,  # [paper] of a ResNet's last stage; 2 for other networks
    "parts": 6,  # [paper] stripes
    "stripes": "rows",  # [paper] rows for upright people; cols for animals that are longer than high
    "features": 256,  # [paper] channels of a stripe behind the reduction
    "vector": "pooled",  # [paper] which stripes make the vector: pooled, or reduced for a short one
    "height": 384,  # [paper] pixels
    "width": 128,  # [paper] pixels; animals are often wider than high
    "dropout": 0.5,  # [code] probability, on the pooled stripes while training
    "epochs": 60,  # [paper] passes over the training crops; 0 trains nothing
    "batch": 64,  # [paper] crops
    "lr": 0.1,  # [paper] of the new layers, divided by 10 after two thirds of the epochs
    "lr_backbone": 0.01,  # [paper] of the pretrained layers, likewise; 0 freezes them
    "padding": 0,  # [paper] pixels around the image before the random crop; the paper only flips
}
ALLOWED = classification.ALLOWED | {
    "last_stride": [1, 2],
    "parts": ">= 1",
    "stripes": ["rows", "cols"],
    "vector": ["pooled", "reduced"],
}
PRESETS = {
    "matched": {"height": 128, "width": 256},  # FANCL's sizes
    "native": {},  # as it stands above
}
PUBLISHED = [
    {"data": "red pandas, 23 test individuals", "metric": "mAP", "value": 0.406, "setting": "FANCL, supervised"},
    # The paper prints 93.78, which no share of its 138 queries gives; 129 of them are 93.48.
    {"data": "red pandas, 23 test individuals", "metric": "rank1", "value": 0.9378, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank5", "value": 0.9782, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank10", "value": 0.9855, "setting": "FANCL, supervised"},
]


def fit(crops, params, run):
    """Let every stripe classify the training individuals."""
    learner = PartClassification(crops, params, run, Parts(params, run.file(params["weights"])))
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model[0].state_dict()}


def embed(crops, params, state):
    """float32 N x (parts x D), D the backbone's channels or `features`."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained network as a function of images, B x 3 x H x W -> the unit vectors of the stripes side by side."""
    trained = Parts(params)
    trained.load_state_dict(state["model"])
    return SideBySide(trained, params["vector"])


class Parts(nn.Module):
    """B x 3 x H x W -> the reduced stripes, B x parts x features."""

    def __init__(self, params, weights=None):
        super().__init__()
        self.backbone = backbone(params["backbone"], weights, params["last_stride"], "none")
        self.parts, self.direction, self.size = params["parts"], params["stripes"], params["features"]
        self.dropout = nn.Dropout(params["dropout"])
        # A 1 x 1 convolution over the stripes as positions of one line.
        self.reduction = nn.Sequential(
            nn.Conv1d(self.backbone.size, self.size, 1, bias=False), nn.BatchNorm1d(self.size), nn.ReLU()
        )
        nn.init.kaiming_normal_(self.reduction[0].weight, mode="fan_out")

    def pooled(self, images):
        """B x 3 x H x W -> the stripes of the backbone's maps, B x parts x D."""
        return torch.stack(parts.stripes(self.backbone(images), self.parts, self.direction), 1)

    def reduced(self, images):
        """B x 3 x H x W -> B x parts x features."""
        stripes = self.dropout(self.pooled(images))
        return self.reduction(stripes.transpose(1, 2)).transpose(1, 2)

    def forward(self, images):
        """As `reduced`."""
        return self.reduced(images)

    def classifier(self, classes):
        """One classifier for each stripe, B x parts x features -> parts x B x classes."""
        return Classifiers(self.parts, self.size, classes)


class Classifiers(nn.ModuleList):
    """Linear layers that share no weight, one for each stripe."""

    def __init__(self, count, size, classes):
        super().__init__(classifier(size, classes) for _ in range(count))

    def forward(self, stripes):
        """B x parts x D -> logits, parts x B x classes."""
        return torch.stack([layer(stripe) for layer, stripe in zip(self, stripes.unbind(1), strict=True)])


class SideBySide(nn.Module):
    """B x 3 x H x W -> B x (parts x D): the stripes at unit norm, and at unit norm together."""

    def __init__(self, trained, vector):
        super().__init__()
        self.trained, self.stripes = trained, {"pooled": trained.pooled, "reduced": trained.reduced}[vector]

    @property
    def backbone(self):
        """Of the trained network."""
        return self.trained.backbone

    def forward(self, images):
        """B x 3 x H x W -> unit vectors."""
        return F.normalize(F.normalize(self.stripes(images), dim=2).flatten(1))


class PartClassification(Classification):
    """The sum of the stripes' cross-entropies."""

    def loss(self, images, indices):
        """Sum over the stripes of the mean over the batch."""
        labels = self.model.labels[indices]
        return sum(F.cross_entropy(logits, labels) for logits in self.model(images))
