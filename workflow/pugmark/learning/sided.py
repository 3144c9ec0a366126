"""Re-identification with the side of the animal as a second label: the recipe of Yu et al., Addressing the Elephant in
the Room, and of its baselines.

A network turns a picture into 512 numbers, from which one classifier tells the individual and another whether the left
or the right side is shown. A circle loss acts on the numbers themselves. Each side of an animal is an individual of its
own. A mirrored picture keeps its individual and shows the other side. Crops of unknown side do not teach the side.

A batch is made of triplets: a crop, another of the same individual, and one of another individual. For the first epochs
the backbone stands still, while the whole loss grows from a hundredth. At test time the numbers of a picture and of its
mirror image are laid side by side.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.transforms import v2

from pugmark.learning import circle, classification, inference, loader, norm, samplers, trainer, transforms
from pugmark.learning.backbones import backbone, drop_paths
from pugmark.learning.heads import classifier

RECIPE = {
    "height": 224,  # [paper] pixels
    "width": 224,  # [paper] pixels
    "features": 512,  # [code] length of the vector of one picture
    "dropout": 0.5,  # [code] probability, on the vector while training
    "epochs": 80,  # [paper] for tigers and yaks, 100 for elephants; 0 trains nothing
    "batch": 30,  # [paper] crops
    "sampler": "triplets",  # [paper] a third of a batch are anchors; shuffled takes each crop once
    "iterations": None,  # [ours: equal steps for ablations] batches of an epoch; null for a pass over the crops
    "lr": 0.01,  # [paper] of the new layers, divided by 10 after two thirds of the epochs
    "lr_backbone": 0.001,  # [paper] of the pretrained layers, likewise; 0 freezes them
    "weight_decay": 0.0005,  # [paper] of all layers
    "frozen": 3,  # [code] first epochs, in which the backbone stands still
    "smoothing": 0.1,  # [code] share of both labels that all classes get alike
    "identity_weight": 1.0,  # [paper] of the classification of individuals; 0 leaves it out
    "side_weight": 1.0,  # [paper] of the classification of sides; 0 leaves it out
    "flip": 0.5,  # [code] probability; the side changes with it
    "flip_whole_batch": False,  # [ours: more mixtures of sides] one coin for the whole batch, as in the code
    "padding": 10,  # [code] pixels around the image before the random crop
    "erasing": 0.5,  # [code] probability of random erasing
    "cutout": 0.5,  # [code] probability of 64 to 256 holes of 4 x 4 pixels
    "amp": True,  # [ours: half the memory] mixed precision on a GPU
}
"""Settings that the family shares; a method's file states what it has otherwise."""
PARAMS = RECIPE | {
    "circle_weight": 2.0,  # [paper] lambda_r; 0 leaves the circle loss out
    "circle": "pooled",  # [code] over all pairs of the batch; anchor is the paper's mean over anchors
    "gamma": 64.0,  # [paper] scale of the circle loss; its code has 32
    "circle_margin": 0.25,  # [paper] of the circle loss
}
"""The same with those of the circle loss."""
RECIPE_ALLOWED = {
    "height": ">= 32",
    "width": ">= 32",
    "features": ">= 2",
    "dropout": ">= 0, < 1",
    "epochs": ">= 0",
    "batch": ">= 3",
    "sampler": ["triplets", "shuffled"],
    "iterations": "null or >= 1",
    "lr": "> 0",
    "lr_backbone": ">= 0",
    "weight_decay": ">= 0",
    "frozen": ">= 0",
    "smoothing": ">= 0, < 1",
    "identity_weight": ">= 0",
    "side_weight": ">= 0",
    "flip": ">= 0, <= 1",
    "padding": ">= 0",
    "erasing": ">= 0, <= 1",
    "cutout": ">= 0, <= 1",
}
ALLOWED = RECIPE_ALLOWED | {
    "circle_weight": ">= 0",
    "circle": ["pooled", "anchor"],
    "gamma": "> 0",
    "circle_margin": ">= 0, < 1",
}
PRESETS = {
    "paper": {"circle": "anchor"},  # what the text says
    "released": {"gamma": 32.0, "flip_whole_batch": True},  # what the public code does
    "fixed": {},  # as it stands above
}
SIDES = {"left": 0, "right": 1}
UNKNOWN = -100
"""The side of a crop that states none; cross-entropies pass over it."""
RAMP = 0.01


def fit(crops, params, run):
    """Learn individuals and sides."""
    learner = Sided(crops, params, run, encoder(params, run.file(params["weights"])))
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model[0].state_dict()}


def embed(crops, params, state):
    """float32 N x 2 features: of the image and of its mirror image."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained network, B x 3 x H x W -> B x 2 features."""
    trained = encoder(params)
    trained.load_state_dict(state["model"])
    return FlipConcat(trained)


def encoder(params, weights=None):
    """Backbone and head block. Of the params, last_stride, pool and drop_path are optional."""
    size = params["height"], params["width"]
    body = backbone(params["backbone"], weights, params.get("last_stride", 2), params.get("pool", "gap"), size)
    if params.get("drop_path"):
        drop_paths(body.body, params["drop_path"], params["backbone"])
    return Embedding(body, params["features"], params["dropout"])


class Embedding(classification.Embedding):
    """Backbone and head block, with a classifier of individuals and one of sides."""

    def classifier(self, classes):
        """Both, as one module: B x features -> (logits of individuals, logits of sides)."""
        return Heads(self.size, classes)


class Heads(nn.Module):
    """Two linear classifiers on one vector."""

    def __init__(self, size, classes):
        super().__init__()
        self.identity, self.side = classifier(size, classes), classifier(size, len(SIDES))

    def forward(self, vectors):
        """B x D -> B x classes, B x 2."""
        return self.identity(vectors), self.side(vectors)


class FlipConcat(nn.Module):
    """The vectors of an image and of its mirror image side by side."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    @property
    def backbone(self):
        """The pretrained part."""
        return self.network.backbone

    def forward(self, images):
        """B x 3 x H x W -> B x 2 D."""
        return torch.cat([self.network(images), self.network(torch.flip(images, (3,)))], 1)


class Sided(classification.Classification):
    """Losses of individual, side and circle. network: module with a `backbone` and `classifier(classes)`."""

    def __init__(self, crops, params, run, network):
        super().__init__(crops, params, run, network)
        self.model.register_buffer("sides", torch.from_numpy(sides(crops.meta)))
        self.model.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        for name, part in self.model[1].named_modules():  # what teaches nothing does not learn
            if name.endswith(("identity", "side")):
                part.requires_grad_(params[f"{name.rpartition('.')[2]}_weight"] > 0)
        # Flips and erasing follow in `loss`: what else learns from the pictures sees them without.
        self.recipe = transforms.train_recipe(
            params["height"], params["width"], flip=0.0, pad=params["padding"], fill=crops.fill
        )
        self.erasing = v2.RandomErasing(params["erasing"], scale=(0.02, 0.2), value=0)
        self.ramp = sum(len(self.order(epoch)) for epoch in range(params["frozen"])) if params["epochs"] else 0

    def named(self, crops):
        """Each side of an animal is an individual of its own."""
        side = np.char.add("/", sides(crops.meta).astype(str))
        names, codes = np.unique(np.char.add(crops.meta["individual"].to_numpy(str), side), return_inverse=True)
        return codes.astype(np.int64), names.tolist()

    def order(self, epoch):
        """The batches of an epoch, as lists of crop numbers."""
        rng, size = np.random.default_rng((self.seed, epoch)), self.params["batch"]
        labels, wanted = self.model.labels.numpy(force=True), self.params["iterations"]
        found = []
        while not found or len(found) < (wanted or 0):
            triplets = self.params["sampler"] == "triplets"
            found += samplers.triplets(labels, size, rng) if triplets else samplers.shuffled(len(labels), size, rng)
            if not found:
                break
        return found[:wanted]

    def batches(self, epoch):
        """Triplets, or every crop once."""
        self.frozen = epoch < self.params["frozen"]
        self.model[0].backbone.requires_grad_(not self.frozen)
        return loader.batches(self.crops, self.order(epoch), (self.recipe,), self.seed, epoch)

    def loss(self, images, indices):
        """The sum of the losses; in the first epochs a growing share of it."""
        self.model[0].backbone.train(not self.frozen)
        labels, shown = self.model.labels[indices], self.model.sides[indices]
        total = self.recognised(*self.altered(images, shown), labels) + self.further(images)
        share = RAMP + (1 - RAMP) * self.model.steps / self.ramp if self.frozen else 1.0
        self.model.steps += 1
        return share * total

    def further(self, images):
        """What else is learned from the pictures, which are neither mirrored nor erased. A subclass may say so."""
        return 0.0

    def recognised(self, images, shown, labels):
        """The losses of the pictures of individuals `labels` that show the sides `shown`."""
        network, heads = self.model
        vectors = network(images)
        total, p = self.told(*heads(vectors), shown, labels), self.params
        if not p["circle_weight"]:
            return total
        return total + p["circle_weight"] * circle.FORMS[p["circle"]](vectors, labels, p["circle_margin"], p["gamma"])

    def told(self, identities, turned, shown, labels):
        """Cross-entropies of the logits of individuals and sides, weighted."""
        p = self.params
        total = p["identity_weight"] * F.cross_entropy(identities, labels, label_smoothing=p["smoothing"])
        if p["side_weight"] and (shown != UNKNOWN).any():
            loss = F.cross_entropy(turned, shown, ignore_index=UNKNOWN, label_smoothing=p["smoothing"])
            total = total + p["side_weight"] * loss
        return total

    def altered(self, images, shown):
        """The images, some mirrored, with the sides that they show then; some erased, some with holes."""
        coins = torch.rand(1 if self.params["flip_whole_batch"] else len(images)) < self.params["flip"]
        coins = coins.expand(len(images)).to(images.device)
        images = torch.where(coins[:, None, None, None], torch.flip(images, (3,)), images)
        shown = torch.where(coins & (shown != UNKNOWN), 1 - shown, shown)
        holes = [transforms.holes(image) if torch.rand(()) < self.params["cutout"] else image for image in images]
        return torch.stack([self.erasing(image) for image in holes]), shown


def sides(meta):
    """0 for left, 1 for right, UNKNOWN for all else: int64, one for each row of a DataFrame."""
    stated = meta["viewpoint"] if "viewpoint" in meta else [None] * len(meta)
    return np.array([SIDES.get(side, UNKNOWN) for side in stated], np.int64)
