"""MoCo: every crop is a class of its own, and is contrasted with a long queue of earlier crops.

One view of a crop is the query, encoded by the network that learns. The other view is the key, encoded by a copy that
follows the network slowly: k <- m k + (1 - m) q. The loss is the cross-entropy of picking the query's own key among it
and the keys of earlier batches in the queue, by similarity over a temperature. Then the batch's keys join the queue and
the oldest leave it. Optimiser and head are those of the long-video paper, which uses MoCo as a baseline.
"""

import torch
from torch import nn

from pugmark.learning import contrast, splits, teacher, trainer, views
from pugmark.learning.queue import KeyQueue

TITLE = "MoCo"
SOURCE = "He et al., CVPR 2020; as a baseline of Fang et al., Self-Supervised Animal Identification for Long Videos"
FAMILY = "video"
LABELS = "none"
PARAMS = views.INSTANCES | {
    "queue": 32,  # [paper] batches whose keys are kept
    "momentum": 0.999,  # [paper] m, of the key encoder; 1 never changes it
    "temperature": 0.07,  # [ours: not stated; as in the MoCo paper] of the similarities; 0.2 in MoCo v2
    "bn_splits": 1,  # [ours: one device] parts of the batch with separate batch norm statistics, as on several devices
    "jitter": 0.5,  # [ours: not stated; as in MoCo v2] strength of the colour jitter
}
ALLOWED = views.INSTANCES_ALLOWED | {
    "queue": ">= 1",
    "momentum": ">= 0, <= 1",
    "bn_splits": ">= 1",
}
PUBLISHED = [
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.278, "setting": "resnet18 full"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.245, "setting": "resnet18 full"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.22, "setting": "resnet18 full"},
]


def fit(crops, params, run):
    """Train on all crops and keep the query encoder."""
    learner = MoCo(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model.encoder.state_dict()}


def embed(crops, params, state):
    """float32 N x size, or N x the backbone's size."""
    return views.embed(network(params, state), crops, params)


def network(params, state):
    """The trained query encoder, B x 3 x H x W -> unit vectors, B x size."""
    trained = encoder(params)
    trained.load_state_dict(state["model"])
    return trained


def encoder(params, weights=None):
    """Backbone with split batch norms, and linear head: images -> unit vectors."""
    network = views.Projected(params, weights)
    splits.split_norms(network, params["bn_splits"])
    return network


class MoCo(views.InstanceLearner):
    """Query encoder, key encoder (`teacher`) and queue."""

    def __init__(self, crops, params, run):
        super().__init__(crops, params, run)
        student = encoder(params, run.file(params["weights"]))
        queue = KeyQueue(params["queue"], self.batch, params["size"])
        self.model = nn.ModuleDict({"encoder": student, "teacher": teacher.teacher_of(student), "queue": queue})
        self.optimise(self.batch)

    def loss(self, first, second, indices):
        """InfoNCE of each query against its key and the queue, before this batch joins it."""
        queries, self.latest = self.model.encoder(first), self.keys(second)
        self.see(queries)
        return contrast.info_nce(queries, self.latest, self.model.queue.keys, self.params["temperature"])

    @torch.no_grad()
    def keys(self, images):
        """Unit keys of views, B x size. With split batch norm, the keys are split into other parts than the queries."""
        order = splits.dealt(len(images), self.params["bn_splits"])
        return self.model.teacher(images[order])[order.argsort()]

    def after_step(self):
        """Add the batch's keys to the queue, update the key encoder and step the schedule."""
        self.model.queue.add(self.latest)
        teacher.follow(self.model.teacher, self.model.encoder, self.params["momentum"])
        super().after_step()
