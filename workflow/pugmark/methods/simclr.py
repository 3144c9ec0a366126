"""SimCLR: every crop is a class of its own, and its two random views belong to that class.

All crops of the video are shuffled into batches, and each crop gives two random views. For each view, the loss
(NT-Xent) is the cross-entropy of picking the other view of its crop among all other views of the batch, by similarity
over a temperature. Other crops of the same animal count as different too, so SimCLR is weak at telling animals apart.
Optimiser and head are those of the long-video paper, which uses SimCLR as a baseline.
"""

import torch
from torch import nn

from pugmark.learning import contrast, trainer, views

TITLE = "SimCLR"
SOURCE = "Chen et al., ICML 2020; as a baseline of Fang et al., Self-Supervised Animal Identification for Long Videos"
FAMILY = "video"
LABELS = "none"
PARAMS = views.INSTANCES | {
    "temperature": 0.5,  # [ours: not stated; as in the SimCLR paper for small data sets] of the similarities
    "jitter": 1.0,  # [paper] strength of the colour jitter
}
ALLOWED = views.INSTANCES_ALLOWED
PUBLISHED = [
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.312, "setting": "resnet18 full"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.299, "setting": "resnet18 full"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.213, "setting": "resnet18 full"},
]


def fit(crops, params, run):
    """Train on all crops."""
    learner = SimCLR(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model.encoder.state_dict()}


def embed(crops, params, state):
    """float32 N x size, or N x the backbone's size."""
    return views.embed(network(params, state), crops, params)


def network(params, state):
    """The trained network, B x 3 x H x W -> unit vectors, B x size."""
    trained = views.Projected(params)
    trained.load_state_dict(state["model"])
    return trained


class SimCLR(views.InstanceLearner):
    """One encoder, trained on the similarities within a batch."""

    def __init__(self, crops, params, run):
        super().__init__(crops, params, run)
        self.model = nn.ModuleDict({"encoder": views.Projected(params, run.file(params["weights"]))})
        self.optimise(self.batch)

    def loss(self, first, second, indices):
        """NT-Xent of both views of the batch."""
        rows = self.model.encoder(torch.cat((first, second)))
        self.see(rows)
        return contrast.nt_xent(contrast.cosines(rows, rows), self.params["temperature"])
