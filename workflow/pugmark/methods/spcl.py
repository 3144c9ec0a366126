"""SpCL: contrast every feature with the clusters that are reliable and with all other crops one by one.

A memory holds one unit vector per crop. It is filled once, before training, and from then on only moved: every feature
of a batch moves its crop's vector, v <- n(0.2 v + 0.8 f). Before every epoch the memory is grouped by DBSCAN on the
k-reciprocal Jaccard distance. A cluster is kept if it hardly grows under a slightly looser eps, and in it the crops
that a slightly tighter eps leaves together best; every other crop is a class of its own. The loss is the cross-entropy
of a feature's mean cosine similarity to the crops of each class, over a temperature.
"""

import functools

import torch
from torch import nn

from pugmark.clustering import algorithms, jaccard
from pugmark.learning import grouping, pseudo, samplers, self_paced, trainer
from pugmark.learning.bank import InstanceBank
from pugmark.learning.heads import neck_encoder
from pugmark.learning.pseudo import embed, network
from pugmark.runtime.devices import device

__all__ = ["embed", "fit", "network"]
TITLE = "SpCL"
SOURCE = "Ge et al., Self-paced contrastive learning with hybrid memory for domain adaptive object re-ID (NeurIPS 2020)"
FAMILY = "label-free"
LABELS = "none"
PARAMS = pseudo.PARAMS | {
    "pool": "gap",  # [code] average pooling; gem for the generalised mean
    "step": 20,  # [code] epochs after which the learning rate is divided by 10
    "momentum": 0.2,  # [code] weight of the old vector against the new feature
    "temperature": 0.05,  # [code] of the similarities in the loss
    "images": 4,  # [code] crops of each cluster, K; a single crop comes once
    "eps_gap": 0.02,  # [code] by how much the tighter and the looser eps differ from eps; 0 trusts every cluster
    "independent": 0.9,  # [code] share of the first epoch's clusters that set how independent a cluster must be
}
ALLOWED = pseudo.ALLOWED | {
    "pool": ["gap", "gem"],
    "step": ">= 1",
    "momentum": ">= 0, <= 1",
    "temperature": "> 0",
    "eps_gap": ">= 0, < 1",
    "independent": ">= 0, <= 1",
}
PRESETS = {
    "matched": {"epochs": 60, "identities": 16, "images": 4, "erasing": 0.0},  # FANCL's sizes
    "native": {"height": 256, "width": 128, "iterations": 400, "k1": 30},  # of the released code on pictures of people
}
PUBLISHED = [
    {"data": "red pandas, 23 test individuals", "metric": "mAP", "value": 0.27, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank1", "value": 0.7899, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank5", "value": 0.9348, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank10", "value": 0.971, "setting": "FANCL, no labels"},
]


def fit(crops, params, run):
    """Alternate clustering of the memory and training."""
    learner = SpCL(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model.encoder.state_dict()}


class SpCL(pseudo.PseudoLabelLearner):
    """One encoder and one vector per crop."""

    def __init__(self, crops, params, run):
        super().__init__(crops, params, run)
        network = neck_encoder(params, run.file(params["weights"]))
        bank = InstanceBank(len(crops), network.backbone.size, params["momentum"], params["temperature"])
        self.model = nn.ModuleDict({"encoder": network, "bank": bank})
        self.model.register_buffer("theta", torch.tensor(torch.nan, dtype=torch.float64))
        pseudo.optimise(self)

    def features(self):
        """The memory, which the network fills before the first epoch alone."""
        if not self.model.bank.filled:
            self.model.bank.fill(torch.from_numpy(super().features()))
        return self.model.bank.rows.cpu().numpy()

    def cluster(self, features):
        """The reliable clusters under three values of eps, which share one matrix of distances."""
        p, gap = self.params, self.params["eps_gap"]
        if p["labels"] == "identity":
            return super().cluster(features)
        vectors, farthest = torch.from_numpy(features).to(device()), max(grouping.EPS[1], p["eps"]) + gap
        distances = functools.cache(lambda k1: jaccard.distances(vectors, k1, p["k2"], farthest))
        labels, found_by = self.grouped(lambda k1, eps: algorithms.dbscan(distances(k1), eps, p["min_samples"]))
        near = distances(found_by["k1"])
        tight, loose = (algorithms.dbscan(near, found_by["eps"] + by, p["min_samples"]) for by in (-gap, gap))
        return self_paced.reliable(labels, tight, loose, self.threshold(labels, loose)), found_by

    def threshold(self, labels, loose):
        """Theta, set by the first epoch that has a cluster of two crops; before, all are independent enough."""
        if self.model.theta.isnan():
            found = self_paced.limit(labels, loose, self.params["independent"])
            self.model.theta.fill_(torch.nan if found is None else found)
        return self.model.theta.nan_to_num(nan=1.0).item()

    def start(self, features, labels):
        """Clusters and single crops are the classes of the epoch."""
        self.model.bank.group(torch.from_numpy(self_paced.singled(labels.numpy())))

    def order(self, labels, rng):
        """Batches from clusters and single crops alike."""
        p = self.params
        size = p["identities"] * p["images"]
        count = self.iterations(len(labels), size)
        return samplers.stream_batches(self_paced.singled(labels), size, p["images"], count, rng)

    def loss(self, images, indices):
        """Cross-entropy against the memory as it is before this batch."""
        self.latest = self.model.encoder(images), indices
        return self.model.bank.loss(*self.latest)

    def after_step(self):
        """Each feature of the batch moves its crop's vector."""
        self.model.bank.update(*self.latest)
