"""Supervised classification with a ResNet-50, the baseline that re-ID papers start from.

Features: global average pooling, then Linear(512), BatchNorm and dropout. The loss is the cross-entropy over the
training individuals; at test time the 512 numbers of an image and of its mirror image are added. The recipe is that of
layumi's public baseline, as the paper that publishes the figures below (FANCL) states none.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import inference, loader, samplers, trainer, transforms
from pugmark.learning.backbones import backbone
from pugmark.learning.heads import HeadBlock, Mirrored, classifier

TITLE = "ResNet-50, identity classification"
SOURCE = "He et al., CVPR 2016; recipe: Zheng et al., layumi/Person_reID_baseline_pytorch"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = {
    "backbone": "resnet50",  # torchvision name, timm/NAME or open_clip/NAME; densenet121 is the paper's other baseline
    "weights": "resnet50-imagenet",  # name of a weight file, null for random initialisation
    "height": 256,  # pixels
    "width": 128,  # pixels; animals are often wider than high
    "features": 512,  # length of the vectors
    "dropout": 0.5,  # probability, on the vector while training
    "epochs": 60,  # passes over the training crops
    "batch": 32,  # crops
    "lr": 0.05,  # of the new layers, divided by 10 after two thirds of the epochs
    "lr_backbone": 0.005,  # of the pretrained layers, likewise
    "weight_decay": 0.0005,  # of all layers
    "flip": 0.5,  # probability; 0 where the two flanks of an animal differ
    "padding": 10,  # pixels around the image before the random crop
    "erasing": 0.0,  # probability of random erasing
    "amp": True,  # mixed precision on a GPU
}
PUBLISHED = [
    {"data": "red pandas, 23 test individuals", "metric": "mAP", "value": 0.331, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank1", "value": 0.7826, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank5", "value": 0.9565, "setting": "FANCL, supervised"},
    {"data": "red pandas, 23 test individuals", "metric": "rank10", "value": 0.9782, "setting": "FANCL, supervised"},
]


def fit(crops, params, run):
    """Classify the training individuals."""
    learner = Classification(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model[0].state_dict()}


def embed(crops, params, state):
    """float32 N x features, summed over image and mirror image."""
    network = encoder(params)
    network.load_state_dict(state["model"])
    return inference.unit(inference.extract(Mirrored(network), crops, params["height"], params["width"]))


def encoder(params, weights=None):
    """Backbone and head block, B x 3 x H x W -> B x features."""
    body = backbone(params["backbone"], weights)
    return nn.Sequential(body, HeadBlock(body.size, params["features"], params["dropout"]))


class Classification(trainer.Learner):
    """Cross-entropy over the training individuals."""

    def __init__(self, crops, params, run):
        self.crops, self.params, self.seed, self.amp = crops, params, run.seed, params["amp"]
        labels, names = crops.labels()
        network = encoder(params, run.file(params["weights"]))
        self.model = nn.Sequential(network, classifier(params["features"], len(names)))
        self.model.register_buffer("labels", torch.from_numpy(labels))
        self.recipe = transforms.train_recipe(
            params["height"], params["width"], params["flip"], params["padding"], params["erasing"], crops.fill
        )
        rates = [(network[0], params["lr_backbone"]), (network[1], params["lr"]), (self.model[1], params["lr"])]
        groups = [{"params": part.parameters(), "lr": rate} for part, rate in rates]
        self.optimiser = torch.optim.SGD(groups, momentum=0.9, weight_decay=params["weight_decay"], nesterov=True)
        step = max(1, params["epochs"] * 2 // 3)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimiser, step, gamma=0.1)

    def batches(self, epoch):
        """Every crop once, shuffled."""
        order = samplers.shuffled(len(self.crops), self.params["batch"], np.random.default_rng((self.seed, epoch)))
        return loader.batches(self.crops, order, (self.recipe,), self.seed, epoch)

    def loss(self, images, indices):
        """Cross-entropy of the classifier's logits."""
        return F.cross_entropy(self.model(images), self.model.labels[indices])
