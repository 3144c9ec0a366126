"""PPLR: the whole image and its stripes correct one another's pseudo-labels.

Before every epoch all crops are encoded, as a whole and by stripe, and grouped by DBSCAN on the k-reciprocal Jaccard
distance of the whole; outliers are left out. The agreement of a crop's stripe with the whole is the overlap of its
nearest neighbours under either. Each of the four has a linear classifier, which starts from the clusters' means. The
whole learns the pseudo-label mixed with what the stripes predict, weighted by their agreement, and a triplet loss;
a stripe learns the pseudo-label as far as it agrees and else to predict nothing. Only the whole image is embedded.

Stripes are rows, as for upright people; cols suit animals that lie along the picture.
"""

import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import inference, instances, norm, parts, pseudo, trainer
from pugmark.learning.bank import means
from pugmark.runtime.devices import device

TITLE = "PPLR"
SOURCE = "Cho et al., Part-based pseudo label refinement for unsupervised person re-identification (CVPR 2022)"
FAMILY = "label-free"
LABELS = "none"
PARAMS = pseudo.PARAMS | {
    "backbone": "resnet50",  # [paper] a network of torchvision or timm/NAME; its maps are averaged
    "parts": 3,  # [code] stripes
    "stripes": "rows",  # [code] rows for upright people; cols for animals wider than high
    "step": 20,  # [code] epochs after which the learning rate is divided by 10
    "reset_moments": True,  # [ours: its code keeps them] whether Adam forgets its moments when clusters change
    "neighbours": 20,  # [code] nearest others whose overlap is the agreement
    "label_weight": 0.5,  # [code] of the pseudo-label in the target of the whole; the rest is the stripes'
    "smoothing": 0.1,  # [code] of a stripe's labels in the first epochs
    "smoothing_epochs": 5,  # [code] of that smoothing; then the agreement decides
    "eps": 0.5,  # [code]
}
ALLOWED = pseudo.ALLOWED | {
    "parts": ">= 1",
    "stripes": ["rows", "cols"],
    "step": ">= 1",
    "neighbours": ">= 1",
    "label_weight": ">= 0, <= 1",
    "smoothing": ">= 0, < 1",
    "smoothing_epochs": ">= 0",
}
PRESETS = {
    "matched": {"epochs": 60, "identities": 16, "images": 4, "erasing": 0.0},  # FANCL's sizes
    "native": {"height": 384, "width": 128, "iterations": 400, "k1": 30},  # of the released code on pictures of people
}
PUBLISHED = [
    {"data": "red pandas, 23 test individuals", "metric": "mAP", "value": 0.376, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank1", "value": 0.9058, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank5", "value": 0.9493, "setting": "FANCL, no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank10", "value": 0.971, "setting": "FANCL, no labels"},
]


def fit(crops, params, run):
    """Alternate clustering and training."""
    learner = PPLR(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model.encoder.state_dict()}


def embed(crops, params, state):
    """float32 N x D, the features of the whole image behind the BatchNorm neck."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained encoder, B x 3 x H x W -> B x D."""
    trained = parts.PartEncoder(params)
    trained.load_state_dict(state["model"])
    return parts.Whole(trained)


class PPLR(pseudo.PseudoLabelLearner):
    """An encoder of the whole and its stripes, and a classifier for each."""

    def __init__(self, crops, params, run):
        super().__init__(crops, params, run)
        network = parts.PartEncoder(params, run.file(params["weights"]))
        self.model = nn.ModuleDict({"encoder": network})
        rows = torch.zeros(1 + params["parts"], self.most_clusters(), network.backbone.size)
        self.model.register_parameter("classifiers", nn.Parameter(rows))
        pseudo.optimise(self)

    def most_clusters(self):
        """More clusters there cannot be: those of DBSCAN may share crops between their cores, but have two each."""
        if self.params["labels"] == "identity":
            return len(self.crops.labels()[1])
        return len(self.crops) // min(2, self.params["min_samples"])

    def batches(self, epoch):
        """As the family's; the epoch decides on the stripes' loss."""
        self.agreeing = epoch >= self.params["smoothing_epochs"]
        return super().batches(epoch)

    def features(self):
        """Those of the whole; the stripes' are kept for `start`."""
        found = inference.extract(self.model.encoder, self.crops, self.params["height"], self.params["width"])
        self.stripes = F.normalize(torch.from_numpy(found[:, 1:]), dim=2)
        return norm.unit(found[:, 0])

    def start(self, features, labels):
        """Agreement of every crop, and classifiers from the unit means of the clusters."""
        own = [tensor.to(device()) for tensor in (features, self.stripes)]
        self.agreement = parts.agreement(*own, self.params["neighbours"]).to(device())
        centres = [means(one, labels) for one in (features, *self.stripes.unbind(1))]
        self.clusters = len(centres[0])
        with torch.no_grad():
            self.model.classifiers[:, : self.clusters] = F.normalize(torch.stack(centres), dim=2)
        if self.params["reset_moments"]:
            self.optimiser.state.pop(self.model.classifiers, None)

    def loss(self, images, indices):
        """The whole's and the stripes', in single precision behind the encoder."""
        features = self.model.encoder(images)
        with torch.autocast(images.device.type, enabled=False):
            return self.objective(features.float(), indices)

    def objective(self, features, indices):
        """The loss from features that are not normalised, B x (1 + parts) x D."""
        p, labels, agreed = self.params, self.labels(indices), self.agreement[indices]
        logits = torch.einsum("bpd,pcd->bpc", features, self.model.classifiers[:, : self.clusters])
        target = parts.refined(logits[:, 1:], labels, agreed, p["label_weight"])
        total = F.cross_entropy(logits[:, 0], target) + instances.soft_triplet(features[:, 0], labels)
        if self.agreeing:
            return total + parts.smoothed(logits[:, 1:], labels, agreed)
        repeated = labels.repeat_interleave(p["parts"])
        return total + F.cross_entropy(logits[:, 1:].flatten(0, 1), repeated, label_smoothing=p["smoothing"])
