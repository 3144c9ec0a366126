"""ICE: a student learns from the clusters of its slow copy and from how that copy sees the other crops of the batch.

Each crop comes in three views: a strong one for the student, another strong and a weak one for the teacher, whose
weights follow the student's. The student's features are classified among the clusters' means, contrasted with the
least similar of the teacher's features of the same cluster, and made to see the teacher's features as those of the
weak views see one another. With `cameras`, they are also contrasted with every cluster's mean at each station. Before
every epoch the teacher encodes all crops and DBSCAN on the k-reciprocal Jaccard distance groups them; outliers are left
out. The teacher is the result.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.transforms import v2

from pugmark.learning import instances, pseudo, teacher, trainer, transforms
from pugmark.learning.bank import means
from pugmark.learning.heads import neck_encoder
from pugmark.learning.pseudo import embed, network
from pugmark.runtime.devices import device

__all__ = ["embed", "fit", "network"]
TITLE = "ICE"
SOURCE = "Chen et al., ICE: inter-instance contrastive encoding for unsupervised person re-identification (ICCV 2021)"
FAMILY = "label-free"
LABELS = "none"
PARAMS = pseudo.PARAMS | {
    "pool": "gap",  # [code] average pooling; gem for the generalised mean
    "epochs": 40,  # [code]
    "identities": 8,  # [code]
    "warmup": 10,  # [code] epochs over which the learning rate grows linearly from a tenth
    "teacher_momentum": 0.999,  # [code] weight of the old teacher against the student, at every step
    "proxy_temperature": 0.5,  # [code] of the similarities to the clusters' means
    "smoothing": 0.1,  # [code] of the labels among the clusters
    "hard_temperature": 0.1,  # [code] of the similarities to the teacher's features
    "soft_temperature": 0.4,  # [code] of the similarities that the student should see as the teacher does
    "soft_weight": 10.0,  # [code] of that consistency in the loss
    "cameras": False,  # [ours: not all surveys have stations] whether the loss knows the stations
    "camera_temperature": 0.07,  # [code] of the similarities to the clusters' means at each station
    "camera_negatives": 50,  # [code] most similar means of other clusters that a feature is contrasted with
    "camera_weight": 0.5,  # [code] of the stations in the loss
    "eps": 0.55,  # [code]
    "erasing": 0.6,  # [code]
    "blur": 0.5,  # [code] probability of a Gaussian blur
    "sigma": [0.1, 2.0],  # [code] pixels: the least and the largest deviation of the blur
}
ALLOWED = pseudo.ALLOWED | {
    "pool": ["gap", "gem"],
    "warmup": ">= 0",
    "teacher_momentum": ">= 0, <= 1",
    "proxy_temperature": "> 0",
    "smoothing": ">= 0, < 1",
    "hard_temperature": "> 0",
    "soft_temperature": "> 0",
    "soft_weight": ">= 0",
    "camera_temperature": "> 0",
    "camera_negatives": ">= 1",
    "camera_weight": ">= 0",
    "blur": ">= 0, <= 1",
    "sigma": "> 0",
}
PRESETS = {
    "matched": {"epochs": 60, "identities": 16, "images": 4, "erasing": 0.0},  # FANCL's sizes
    "native": {"height": 256, "width": 128, "iterations": 400, "k1": 30},  # of the released code on pictures of people
}
PUBLISHED = [
    {"data": "red pandas, 23 test individuals", "metric": "mAP", "value": 0.343, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank1", "value": 0.8333, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank5", "value": 0.9348, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank10", "value": 0.9565, "setting": "FANCL, no labels"},
]
KERNEL = 13
"""Pixels of the blur's kernel: three deviations of 2 to either side."""


def fit(crops, params, run):
    """Alternate clustering by the teacher and training of the student."""
    learner = ICE(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model.encoder.state_dict()}


class ICE(pseudo.PseudoLabelLearner):
    """A student and its teacher, which is the encoder to cluster by."""

    def __init__(self, crops, params, run):
        super().__init__(crops, params, run)
        student = neck_encoder(params, run.file(params["weights"]))
        self.model = nn.ModuleDict({"student": student, "encoder": teacher.teacher_of(student)})
        self.recipes = self.views()
        self.stations = torch.from_numpy(stations(crops.meta))
        self.optimiser = pseudo.adam(self)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, self.warmed)

    def warmed(self, epoch):
        """The share of the learning rate in `epoch`, counted from 0."""
        warmup = self.params["warmup"]
        return 0.1 + 0.9 * min(epoch, warmup) / warmup if warmup else 1.0

    def views(self):
        """Strong for the student, strong and weak for the teacher."""
        p = self.params
        size, blur = (p["height"], p["width"]), v2.GaussianBlur(KERNEL, p["sigma"])
        extra = (v2.RandomApply([blur], p["blur"]),)
        strong = transforms.train_recipe(*size, p["flip"], p["padding"], p["erasing"], self.crops.fill, extra)
        return strong, strong, transforms.train_recipe(*size, flip=0, pad=0)

    def start(self, features, labels):
        """Means of the clusters, and of each cluster at each station; only the latter are of unit norm."""
        self.proxies, kept = means(features, labels).to(device()), labels >= 0
        pairs = torch.stack((self.stations[kept], labels[kept]))
        groups, codes = pairs.unique(dim=1, return_inverse=True)
        self.station_proxies = F.normalize(means(features[kept], codes)).to(device())
        self.owners, self.where = groups[1].to(device()), self.stations.to(device())

    def loss(self, strong, other, weak, indices):
        """The clusters, the hardest key, the teacher's view of the batch and, where asked for, the stations."""
        raw = self.model.student.raw(strong)
        # Training mode: the teacher's running statistics follow its own batches.
        keys, references = self.model.encoder(other).float(), self.model.encoder(weak).float()
        # Half precision would err by a tenth in logits that are divided by a temperature.
        with torch.autocast(raw.device.type, enabled=False):
            return self.objective(raw.float(), keys, references, indices)

    def objective(self, raw, keys, references, indices):
        """The loss from the student's features before they are normalised and the teacher's, all B x D."""
        p, labels, queries = self.params, self.labels(indices), F.normalize(raw)
        # Not normalised on either side, as published.
        logits = raw @ self.proxies.T / p["proxy_temperature"]
        total = F.cross_entropy(logits, labels, label_smoothing=p["smoothing"])
        total += instances.hard_contrast(queries, keys, labels, p["hard_temperature"])
        total += p["soft_weight"] * instances.consistency(queries, keys, references, p["soft_temperature"])
        if p["cameras"]:
            known = labels, self.where[indices], self.station_proxies, self.owners
            limits = p["camera_temperature"], p["camera_negatives"]
            total += p["camera_weight"] * instances.camera_contrast(queries, *known, *limits)
        return total

    def after_step(self):
        """The teacher follows the student."""
        teacher.follow(self.model.encoder, self.model.student, self.params["teacher_momentum"])


def stations(meta):
    """Number of each crop's station, int64 N; crops without one share one."""
    return np.unique(meta["station"].fillna("").to_numpy(str), return_inverse=True)[1].astype(np.int64)
