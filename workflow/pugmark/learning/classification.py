"""Supervised classification of the training individuals: a network, a linear classifier, stochastic gradient descent.

Pretrained layers learn at a rate of their own. The recipe is that of layumi's public baseline (Zheng et al.,
layumi/Person_reID_baseline_pytorch).
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import inference, loader, norm, samplers, trainer, transforms
from pugmark.learning.backbones import backbone
from pugmark.learning.heads import HeadBlock, Mirrored, classifier

PARAMS = {
    "backbone": "resnet50",  # [paper] a network of torchvision, timm/NAME or open_clip/NAME
    "weights": "resnet50-imagenet",  # [paper] name of a weight file, null for random initialisation
    "height": 256,  # [code] pixels
    "width": 128,  # [code] pixels; animals are often wider than high
    "features": 512,  # [code] length of the vectors
    "dropout": 0.5,  # [code] probability, on the vector while training
    "epochs": 60,  # [code] passes over the training crops; 0 trains nothing
    "batch": 32,  # [code] crops
    "lr": 0.05,  # [code] of the new layers, divided by 10 after two thirds of the epochs
    "lr_backbone": 0.005,  # [code] of the pretrained layers, likewise; 0 freezes them
    "weight_decay": 0.0005,  # [code] of all layers
    "flip": 0.5,  # [code] probability; 0 where the two flanks of an animal differ
    "padding": 10,  # [code] pixels around the image before the random crop
    "erasing": 0.0,  # [code] probability of random erasing
    "amp": True,  # [ours: half the memory] mixed precision on a GPU
}
"""Settings of the recipe; a method's file states what it has otherwise."""
ALLOWED = {
    "backbone": "word",
    "weights": "null or word",
    "height": ">= 32",
    "width": ">= 32",
    "features": ">= 2",
    "dropout": ">= 0, < 1",
    "epochs": ">= 0",
    "batch": ">= 2",
    "lr": "> 0",
    "lr_backbone": ">= 0",
    "weight_decay": ">= 0",
    "flip": ">= 0, <= 1",
    "padding": ">= 0",
    "erasing": ">= 0, <= 1",
}


def fit(crops, params, run):
    """The state of a backbone and its head block trained to classify the individuals."""
    learner = Classification(crops, params, run, encoder(params, run.file(params["weights"])))
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model[0].state_dict()}


def embed(crops, params, state):
    """float32 N x features, summed over image and mirror image; where training does not flip, of the image alone."""
    trained = network(params, state)
    if params["flip"]:
        trained = Mirrored(trained)
    return norm.unit(inference.extract(trained, crops, params["height"], params["width"]))


def network(params, state):
    """The trained encoder, B x 3 x H x W -> B x features."""
    trained = encoder(params)
    trained.load_state_dict(state["model"])
    return trained


def encoder(params, weights=None):
    """Backbone and head block, B x 3 x H x W -> B x features."""
    return Embedding(backbone(params["backbone"], weights), params["features"], params["dropout"])


class Embedding(nn.Sequential):
    """Backbone and head block; `backbone` is pretrained, the rest new."""

    def __init__(self, body, features, dropout):
        super().__init__(body, HeadBlock(body.size, features, dropout))
        self.size = features

    @property
    def backbone(self):
        """The first part."""
        return self[0]

    def classifier(self, classes):
        """What turns the vectors into logits of the training individuals."""
        return classifier(self.size, classes)


class Classification(trainer.Learner):
    """Cross-entropy over the training individuals.

    network: module with a `backbone` and `classifier(classes)`, as Embedding. Of the params it reads lr, lr_backbone,
    weight_decay, epochs, batch and those of the training transform.
    """

    def __init__(self, crops, params, run, network):
        self.crops, self.params, self.seed, self.amp = crops, params, run.seed, params["amp"]
        labels, names = self.named(crops)
        self.model = nn.Sequential(network, network.classifier(len(names)))
        self.model.register_buffer("labels", torch.from_numpy(labels))
        self.recipe = transforms.train_recipe(
            params["height"], params["width"], params["flip"], params["padding"], params["erasing"], crops.fill
        )
        pretrained = list(network.backbone.parameters())
        known = {id(parameter) for parameter in pretrained}
        new = [parameter for parameter in self.model.parameters() if id(parameter) not in known]
        groups = [{"params": pretrained, "lr": params["lr_backbone"]}, {"params": new, "lr": params["lr"]}]
        self.optimiser = torch.optim.SGD(groups, momentum=0.9, weight_decay=params["weight_decay"], nesterov=True)
        step = max(1, params["epochs"] * 2 // 3)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimiser, step, gamma=0.1)

    def named(self, crops):
        """The label of each crop, int64 N, and their names."""
        return crops.labels()

    def batches(self, epoch):
        """Every crop once, shuffled."""
        order = samplers.shuffled(len(self.crops), self.params["batch"], np.random.default_rng((self.seed, epoch)))
        return loader.batches(self.crops, order, (self.recipe,), self.seed, epoch)

    def loss(self, images, indices):
        """Cross-entropy of the classifier's logits."""
        return F.cross_entropy(self.model(images), self.model.labels[indices])
