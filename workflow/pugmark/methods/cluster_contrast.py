"""Cluster Contrast: cluster the features, then pull each towards the memory of its cluster.

Before every epoch all crops are encoded and grouped by DBSCAN on the k-reciprocal Jaccard distance; outliers are left
out. Each cluster has one unit vector in a memory, at first its mean. The loss is the cross-entropy of a feature's
cosine similarities to all of them, over a temperature; after each step every feature of the batch moves its own
cluster's vector: m <- n(0.1 m + 0.9 f). The variant `hard` lets only the feature least similar to it do so.
"""

from torch import nn

from pugmark.learning import pseudo, trainer
from pugmark.learning.bank import ClusterBank
from pugmark.learning.heads import neck_encoder
from pugmark.learning.pseudo import embed, network

__all__ = ["embed", "fit", "network"]
TITLE = "Cluster Contrast"
SOURCE = "Dai et al., Cluster Contrast for unsupervised person re-identification (ACCV 2022)"
FAMILY = "label-free"
LABELS = "none"
PARAMS = pseudo.PARAMS | {
    "pool": "gap",  # [paper] average pooling; gem for the generalised mean, the default of its code
    "images": 16,  # [code]
    "step": 20,  # [code] epochs after which the learning rate is divided by 10
    "momentum": 0.1,  # [code] weight of the old memory against the new feature
    "update": "sequential",  # [code] which features of a batch move a memory
    "temperature": 0.05,  # [code] of the similarities in the loss
}
ALLOWED = pseudo.ALLOWED | {
    "pool": ["gap", "gem"],
    "step": ">= 1",
    "momentum": ">= 0, <= 1",
    "update": ["sequential", "batch_mean", "hard"],
    "temperature": "> 0",
}
PRESETS = {
    "matched": {"epochs": 60, "identities": 16, "images": 4, "erasing": 0.0},  # FANCL's sizes
    "native": {"height": 256, "width": 128, "iterations": 200, "k1": 30},  # of the released code on pictures of people
}
PUBLISHED = [
    {"data": "red pandas, 23 test individuals", "metric": "mAP", "value": 0.361, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank1", "value": 0.8696, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank5", "value": 0.942, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank10", "value": 0.9493, "setting": "FANCL, no labels"},
]


def fit(crops, params, run):
    """Alternate clustering and training."""
    learner = ClusterContrast(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model.encoder.state_dict()}


class ClusterContrast(pseudo.PseudoLabelLearner):
    """One encoder and one memory."""

    def __init__(self, crops, params, run):
        super().__init__(crops, params, run)
        encoder = neck_encoder(params, run.file(params["weights"]))
        bank = ClusterBank(params["momentum"], params["temperature"], params["update"])
        self.model = nn.ModuleDict({"encoder": encoder, "bank": bank})
        pseudo.optimise(self)

    def start(self, features, labels):
        """The memory starts from the clusters' means."""
        self.model.bank.start(features, labels)

    def loss(self, images, indices):
        """Cross-entropy against the memory as it is before this batch."""
        self.latest = self.model.encoder(images), self.labels(indices)
        return self.model.bank.loss(*self.latest)

    def after_step(self):
        """Each feature of the batch moves its cluster's vector."""
        self.model.bank.update(*self.latest)
