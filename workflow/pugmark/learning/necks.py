"""Re-identification by names: vectors that a triplet loss pulls apart, and behind a batch norm a classifier for each.

A batch holds some crops of each of a few individuals. Every vector of the network learns twice: as it is, by the
distances between the crops of the batch, and behind a BNNeck, by classifying the individuals. Source: Luo et al., Bag
of Tricks and a Strong Baseline for Deep Person Re-identification (2019).
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import instances, loader, samplers, trainer, transforms

RECIPE = {
    "backbone": "resnet50",  # [paper] a network of torchvision, timm/NAME or open_clip/NAME
    "weights": "resnet50-imagenet",  # [paper] name of a weight file, null for random initialisation
    "height": 256,  # [ours: animals are no upright people] pixels
    "width": 256,  # [ours: animals are no upright people] pixels
    "epochs": 120,  # [paper] each takes the crops once, as far as they fill batches; 0 trains nothing
    "identities": 16,  # [paper] individuals in a batch
    "images": 4,  # [paper] crops of each
    "lr": 0.00035,  # [paper] of all layers
    "weight_decay": 0.0005,  # [paper] of all layers
    "flip": 0.5,  # [paper] probability; 0 where the two flanks of an animal differ
    "padding": 10,  # [paper] pixels around the image before the random crop
    "erasing": 0.5,  # [paper] probability of random erasing
    "amp": True,  # [ours: half the memory] mixed precision on a GPU
}
"""Settings of network, batches and pictures, as published for people; a method's file states what it has otherwise."""
PARAMS = RECIPE | {
    "smoothing": 0.1,  # [paper] share of the label that all individuals get alike
    "margin": 0.3,  # [paper] of the triplet loss, in distances of the vectors as they are
}
"""The same with those of the losses."""
RECIPE_ALLOWED = {
    "backbone": "word",
    "weights": "null or word",
    "height": ">= 32",
    "width": ">= 32",
    "epochs": ">= 0",
    "identities": ">= 2",
    "images": ">= 2",
    "lr": "> 0",
    "weight_decay": ">= 0",
    "flip": ">= 0, <= 1",
    "padding": ">= 0",
    "erasing": ">= 0, <= 1",
}
ALLOWED = RECIPE_ALLOWED | {"smoothing": ">= 0, < 1", "margin": ">= 0"}


class Necked(nn.Module):
    """A network with several vectors, and a BNNeck behind each: a batch norm whose bias stays 0.

    body: module from images B x 3 x H x W to a tuple of vectors, B x D each. sizes: their D.
    """

    def __init__(self, body, sizes):
        super().__init__()
        self.body, self.sizes = body, sizes
        self.necks = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes)
        for neck in self.necks:
            neck.bias.requires_grad_(False)

    @property
    def backbone(self):
        """The pretrained part of the body."""
        return self.body.backbone

    def behind(self, vectors):
        """The vectors behind their necks, a tuple of B x D."""
        return tuple(neck(vector) for neck, vector in zip(self.necks, vectors, strict=True))

    def forward(self, images):
        """B x 3 x H x W -> the tuple of vectors before the necks."""
        return self.body(images)


class One(nn.Module):
    """A backbone as the body of a `Necked` with one vector."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, images):
        """B x 3 x H x W -> a tuple of one, B x D."""
        return (self.backbone(images),)


class SideBySide(nn.Module):
    """B x 3 x H x W -> the vectors of a `Necked` in a row, before its necks or behind them."""

    def __init__(self, necked, behind=False):
        super().__init__()
        self.necked, self.by_neck = necked, behind

    @property
    def backbone(self):
        """The pretrained part of the body."""
        return self.necked.backbone

    def forward(self, images):
        """B x 3 x H x W -> B x sum of D, not normalised."""
        vectors = self.necked(images)
        return torch.cat(self.necked.behind(vectors) if self.by_neck else vectors, 1)


class Identification(trainer.Learner):
    """Cross-entropy of each vector behind its neck, and batch-hard triplet loss of each vector before it.

    Of the params it reads those of PARAMS but backbone and weights. shares: how much each vector's cross-entropy and
    its triplet loss count; 0 leaves one out.
    """

    def __init__(self, crops, params, run, necked, shares=((1.0, 1.0),)):
        self.crops, self.params, self.seed, self.amp = crops, params, run.seed, params["amp"]
        self.shares = shares
        labels, names = crops.labels()
        classifiers = self.chosen_classifiers(necked.sizes, np.bincount(labels, minlength=len(names)))
        self.model = nn.ModuleDict({"necked": necked, "classifiers": classifiers})
        self.model.register_buffer("labels", torch.from_numpy(labels))
        self.recipe = transforms.train_recipe(
            params["height"], params["width"], params["flip"], params["padding"], params["erasing"], crops.fill
        )
        self.optimiser = self.chosen_optimiser()
        self.schedule = self.chosen_schedule()

    def chosen_classifiers(self, sizes, counts):
        """One for each vector, of length `sizes`. counts: crops of each individual, int C."""
        classifiers = nn.ModuleList(nn.Linear(size, len(counts), bias=False) for size in sizes)
        for layer in classifiers:
            nn.init.normal_(layer.weight, std=0.001)
        return classifiers

    def chosen_optimiser(self):
        """Adam over all that learns."""
        learning = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        return torch.optim.Adam(learning, self.params["lr"], weight_decay=self.params["weight_decay"])

    def chosen_schedule(self):
        """The rate grows over 10 epochs from a tenth, and falls to a tenth after 40 and again after 70 epochs."""
        return torch.optim.lr_scheduler.LambdaLR(self.optimiser, stepped)

    def order(self, epoch):
        """The batches of an epoch, as lists of crop numbers."""
        rng = np.random.default_rng((self.seed, epoch))
        p = self.params
        return samplers.identity_batches(self.model.labels.numpy(force=True), p["identities"], p["images"], rng)

    def batches(self, epoch):
        """`images` crops of each of `identities` individuals."""
        return loader.batches(self.crops, self.order(epoch), (self.recipe,), self.seed, epoch)

    def loss(self, images, indices):
        """The sum over the vectors."""
        return self.told_apart(self.model["necked"](images), self.model.labels[indices])

    def told_apart(self, vectors, labels):
        """Cross-entropies and triplet losses of a tuple of vectors, weighted with `shares`."""
        total, smoothing = 0.0, self.params["smoothing"]
        behind = self.model["necked"].behind(vectors)
        parts = zip(vectors, behind, self.model["classifiers"], self.shares, strict=True)
        for vector, necked, classifier, (identity, triplet) in parts:
            if identity:
                total = total + identity * F.cross_entropy(classifier(necked), labels, label_smoothing=smoothing)
            if triplet:
                total = total + triplet * self.triplet(vector.float(), labels)
        return total

    def triplet(self, vectors, labels):
        """Batch-hard triplet loss with the margin."""
        return instances.margin_triplet(vectors, labels, self.params["margin"])


class OneCycle(Identification):
    """AdamW under one cycle: the rate grows over three tenths of all steps, then falls to nothing."""

    def chosen_optimiser(self):
        """AdamW over all that learns."""
        learning = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        return torch.optim.AdamW(learning, self.params["lr"], weight_decay=self.params["weight_decay"])

    def chosen_schedule(self):
        """One cycle over the steps of all epochs."""
        steps = sum(len(self.order(epoch)) for epoch in range(self.params["epochs"]))
        cycle = torch.optim.lr_scheduler.OneCycleLR
        return cycle(self.optimiser, self.params["lr"], max(2, steps), cycle_momentum=False)

    def after_step(self):
        """The rate changes with each step."""
        self.schedule.step()

    def after_epoch(self):
        """Nothing: the schedule counts steps."""


def with_fast_biases(module, rate):
    """Groups of the parameters of `module` for an optimiser: `rate` for all but biases, which learn twice as fast."""
    groups = {True: [], False: []}
    for name, parameter in module.named_parameters():
        groups[name.endswith("bias")].append(parameter)
    return [{"params": groups[False], "lr": rate}, {"params": groups[True], "lr": 2 * rate}]


def stepped(epoch):
    """Factor of the learning rate in `epoch`, counted from 0."""
    return min(1.0, (epoch + 1) / 10) * 0.1 ** ((epoch >= 40) + (epoch >= 70))
