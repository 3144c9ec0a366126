"""The epoch of the pseudo-label methods: extract, cluster, fill the bank, draw P x K batches.

Source: section "epoch loop" common to Ge et al., SpCL (2020), Dai et al., Cluster Contrast (2022), and their kin.
"""

import numpy as np
import torch

from pugmark.clustering import algorithms
from pugmark.learning import grouping, loader, samplers, trainer, transforms
from pugmark.learning.heads import neck_encoder
from pugmark.learning.inference import extract
from pugmark.learning.norm import unit
from pugmark.learning.trainer import TrainingError
from pugmark.runtime.devices import device

PARAMS = {
    "backbone": "resnet50",  # [paper] a network of torchvision, timm/NAME or open_clip/NAME
    "weights": "resnet50-imagenet",  # [paper] name of a weight file, null for random initialisation
    "last_stride": 1,  # [code] of a ResNet's last stage; 2 for other networks
    "labels": "none",  # [paper] identity takes the names for the clusters: an upper bound, not a method
    "height": 128,  # [ours: the size that FANCL states] pixels
    "width": 256,  # [ours: the size that FANCL states] pixels
    "epochs": 50,  # [code] clusterings; 0 trains nothing
    "iterations": None,  # [ours: 2 passes over the crops, as published for people] batches per epoch; null for 2 passes
    "identities": 16,  # [code] clusters in a batch, P
    "images": 4,  # [code] crops of each cluster, K
    "lr": 0.00035,  # [code] of Adam
    "weight_decay": 0.0005,  # [code] of all layers
    "eps": 0.6,  # [code] Jaccard distance of neighbours in DBSCAN; never choose it by test scores
    "min_samples": 4,  # [code] neighbours that make a core point
    "k1": None,  # [ours: published 30] size of the k-reciprocal sets; null: the crops of an individual, 4 to 30
    "k2": 6,  # [code] neighbours of the query expansion
    "flip": 0.5,  # [code] probability; 0 where the two flanks of an animal differ
    "padding": 10,  # [code] pixels around the image before the random crop
    "erasing": 0.5,  # [code] probability of random erasing
    "amp": True,  # [ours: half the memory] mixed precision on a GPU
}
"""Settings that the family shares, as published for people; a method's file states what it has otherwise."""
ALLOWED = {
    "backbone": "word",
    "weights": "null or word",
    "last_stride": [1, 2],
    "labels": ["none", "identity"],
    "height": ">= 32",
    "width": ">= 32",
    "epochs": ">= 0",
    "iterations": "null or >= 1",
    "identities": ">= 2",
    "images": ">= 1",
    "lr": "> 0",
    "weight_decay": ">= 0",
    "eps": "> 0, < 1",
    "min_samples": ">= 1",
    "k1": "null or >= 2",
    "k2": ">= 1",
    "flip": ">= 0, <= 1",
    "padding": ">= 0",
    "erasing": ">= 0, <= 1",
}
LARGEST, PATIENCE = 0.5, 3
"""Share of the crops in one cluster, and epochs in a row, that end a training."""
PASSES = 2
"""Times that an epoch shows each crop, where the number of its batches is not stated."""


def embed(crops, params, state):
    """float32 N x D, the features behind the BatchNorm neck of the encoder that was trained."""
    return unit(extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained encoder, B x 3 x H x W -> unit vectors, B x D."""
    trained = neck_encoder(params)
    trained.load_state_dict(state["model"])
    return trained


def augmentation(params):
    """The sizes and chances of a training recipe, in its order."""
    return params["height"], params["width"], params["flip"], params["padding"], params["erasing"]


class PseudoLabelLearner(trainer.Learner):
    """A learner that clusters its crops before every epoch.

    A subclass sets `model`, with the network to cluster by as `model.encoder`, and says how to fill its banks.
    Batches are (view 1, ..., view V, indices), one view per recipe. With the setting `labels: identity` the names take
    the place of the clusters: no method, but the bound that any clustering of the same training stays below.
    """

    def __init__(self, crops, params, run):
        self.crops, self.params, self.seed, self.individuals = crops, params, run.seed, run.individuals
        self.amp = params["amp"]
        self.recipes = (transforms.train_recipe(*augmentation(params), crops.fill),)

    def features(self):
        """Unit features of all crops under the current model, float32 N x D."""
        return unit(extract(self.model.encoder, self.crops, self.params["height"], self.params["width"]))

    def cluster(self, features):
        """Labels (int64 N, -1 outliers) of unit features, an array, and the k1 and eps that gave them, by name."""
        if self.params["labels"] == "identity":
            return self.crops.labels()[0], {}
        vectors, least, k2 = torch.from_numpy(features).to(device()), self.params["min_samples"], self.params["k2"]
        return self.grouped(lambda k1, eps: algorithms.pseudo_labels(vectors, eps, least, k1, k2))

    def grouped(self, clusters):
        """The same of a function (k1, eps) -> labels."""
        labels, k1, eps = grouping.grouped(clusters, self.params, len(self.crops), self.individuals)
        return labels, {"k1": k1, "eps": eps}

    def start(self, features, labels):
        """Fill the banks from unit features (float32 N x D) and labels (int64 N, -1 outliers), tensors."""
        raise NotImplementedError

    def batches(self, epoch):
        """Cluster, fill the banks, and draw the epoch's batches."""
        features = self.features()
        self._grouped, found_by = self.cluster(features)
        self._figures = grouping.figures(self._grouped) | found_by | {"spread": trainer.spread(features)}
        self.start(torch.from_numpy(features), torch.from_numpy(self._grouped))
        self._labels = torch.from_numpy(self._grouped).to(device())
        order = self.order(self._grouped, np.random.default_rng((self.seed, epoch)))
        return loader.batches(self.crops, order, self.recipes, self.seed, epoch)

    def order(self, labels, rng):
        """The epoch's batches as lists of crop indices: P x K of what is no outlier."""
        p, classes = self.params, min(self.params["identities"], labels.max() + 1)
        count = self.iterations((labels >= 0).sum(), classes * p["images"])
        return samplers.pseudo_label_batches(labels, p["identities"], p["images"], count, rng)

    def iterations(self, crops, batch):
        """Batches of `batch` crops per epoch: as stated, else PASSES over `crops` of them."""
        return self.params["iterations"] or max(1, round(PASSES * crops / batch))

    def figures(self):
        """Of the epoch's clustering."""
        return self._figures

    def groups(self):
        """The epoch's pseudo-labels."""
        return self._grouped

    def check(self, history):
        """Also where one cluster has held half of the crops for some epochs: it then holds many individuals."""
        super().check(history)
        if self.params["labels"] == "identity":
            return
        shares = [epoch["largest"] for epoch in history[-PATIENCE:]]
        if len(shares) == PATIENCE and min(shares) >= LARGEST:
            raise TrainingError(
                f"One cluster has held {min(shares):.0%} of the crops or more for {PATIENCE} epochs: it mixes "
                "individuals. Lower eps or k1 (about the crops of an individual), or mask the background."
            )

    def labels(self, indices):
        """The pseudo-labels of a batch."""
        return self._labels[indices]


def optimise(learner):
    """Give `learner` the family's optimiser and its schedule by epoch, a tenth every `step`, from its params."""
    learner.optimiser = adam(learner)
    learner.schedule = torch.optim.lr_scheduler.StepLR(learner.optimiser, learner.params["step"], gamma=0.1)


def adam(learner):
    """Adam with weight decay over all that learns in the learner's model, from its params."""
    learned = [parameter for parameter in learner.model.parameters() if parameter.requires_grad]
    return torch.optim.Adam(learned, lr=learner.params["lr"], weight_decay=learner.params["weight_decay"])
