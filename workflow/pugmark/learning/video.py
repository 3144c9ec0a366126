"""What the methods for long videos share: frames and their batches, and the network with its optimiser.

Source: Fang et al., Self-Supervised Animal Identification for Long Videos.
"""

import numpy as np
import torch
from torch import nn

from pugmark.learning import samplers
from pugmark.learning.backbones import backbone
from pugmark.learning.heads import perceptron

PARAMS = {
    "backbone": "resnet18",  # [paper] a network of torchvision, timm/NAME or open_clip/NAME
    "weights": "resnet18-imagenet",  # [paper] name of a weight file, null for random initialisation
    "height": 224,  # [paper] pixels
    "width": 224,  # [paper] pixels
    "epochs": 10,  # [paper] passes over the frames or crops: 10 for 3D-POP, 2 for 8-Calves; 0 trains nothing
    "lr": 0.3,  # [paper] for 256 crops; scaled by the batch
    "flip": 0.5,  # [ours: the paper flips at a rate it does not state] probability; 0 where an animal's flanks differ
    "scale": [0.2, 1.0],  # [paper] share of the crop's area that a view shows
    "amp": False,  # [ours: the published memory is that of single precision] mixed precision on a GPU
}
"""Settings that the methods share; a method's file states what it has otherwise."""
ALLOWED = {
    "backbone": "word",
    "weights": "null or word",
    "height": ">= 32",
    "width": ">= 32",
    "epochs": ">= 0",
    "lr": "> 0",
    "flip": ">= 0, <= 1",
    "scale": "> 0, <= 1",
}
HIDDEN = (256, 128, 128)
"""Layers between a frozen backbone and the output."""


def videos(meta):
    """The video of each crop, as texts (array of N); crops of images have that of their sequence.

    meta: DataFrame with media_id, frame_number and sequence.
    """
    stems = meta["media_id"].str.replace(r"-f\d+$", "", regex=True)
    return stems.where(meta["frame_number"].notna(), meta["sequence"]).to_numpy(object)


def frames(media, least=1):
    """Frame of every crop (int64 array) and, of each frame with at least `least` crops, the list of its rows.

    media: Series of N media ids, one for each frame.
    """
    codes = media.factorize()[0].astype(np.int64)
    return codes, [rows.tolist() for rows in media.groupby(codes).indices.values() if len(rows) >= least]


def batches(members, size, rng):
    """Crop indices by batch: one pass over the frames `members` (lists of rows) in disjoint, shuffled groups of `size`.

    A smaller last group is dropped unless it is the only one.
    """
    return [[i for frame in group for i in members[frame]] for group in samplers.shuffled(len(members), size, rng)]


def largest(members, frames, views):
    """The most crops that a batch of `frames` frames can have, `views` of each: the learning rate goes by them, and not
    by each batch's own size."""
    return views * frames * max(map(len, members))


def sgd(model, rate, batch, steps):
    """Optimiser and schedule: SGD without weight decay whose rate falls to 0 along a cosine over `steps` steps.

    rate: for 256 crops; it is scaled to `batch`.
    """
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.SGD(learned, lr=rate * batch / 256, momentum=0.9)
    return optimiser, torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, steps))


def network(params, outputs, weights=None):
    """The Network of params (backbone, trainable): `full` trains all under one linear layer, `frozen` a perceptron."""
    frozen = params["trainable"] == "frozen"
    return Network(backbone(params["backbone"], weights), outputs, HIDDEN if frozen else (), frozen)


class Network(nn.Module):
    """Backbone and head: B x 3 x H x W -> B x `outputs`, not normalised. A frozen backbone keeps its statistics too."""

    def __init__(self, body, outputs, hidden=(), frozen=False):
        """body: a Backbone. hidden: widths of the layers between it and the output."""
        super().__init__()
        self.backbone, self.frozen = body, frozen
        self.head = perceptron(body.size, *hidden, outputs)
        self.backbone.requires_grad_(not frozen)

    def train(self, mode=True):
        """Training mode, of the head alone where the backbone is frozen."""
        super().train(mode)
        self.backbone.train(mode and not self.frozen)
        return self

    def forward(self, images):
        """B x 3 x H x W -> B x outputs."""
        return self.head(self.backbone(images))


class Snapshot(nn.Module):
    """A copy of a module's state that nothing trains: buffers, so that the learner's checkpoint holds it."""

    def __init__(self, module):
        super().__init__()
        for name, value in module.state_dict().items():
            self.register_buffer(name.replace(".", "/"), value.clone())

    def take(self, module):
        """Copy the present state of `module`."""
        for name, value in module.state_dict().items():
            self.get_buffer(name.replace(".", "/")).copy_(value)

    def state(self):
        """The state dict that `module` had."""
        return {name.replace("/", "."): value for name, value in self.state_dict().items()}
