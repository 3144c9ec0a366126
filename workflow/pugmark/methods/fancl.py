"""Feature-aware noise contrastive learning: hide what the network looks at, and ask it to know the animal all the same.

Each image x is encoded as f. The pixels of the animal that have the highest activation turn black, and a second network
encodes this noised image as f~. Those pixels are chosen on the whole picture and follow it through flip and crop; no
noise falls on padding or outside the mask. A linear layer fuses both vectors to f^. The clusters of f are the
pseudo-labels of all three, each with a memory of its own. The loss sums their cluster contrast, and pulls f to its
noised twin and to the twin's memory:

    L = sum over branches of -log softmax(<f, M> / t)_y  -  <f, m~_y>  -  <f, f~>

Only f is needed afterwards. Without the noised and the fused branch this is Cluster Contrast.
"""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import fana, inference, norm, pseudo, trainer, transforms
from pugmark.learning.bank import ClusterBank
from pugmark.learning.heads import neck_encoder

TITLE = "FANCL"
SOURCE = "Zhang, Zhao, Liu: Feature-Aware Noise Contrastive Learning for Unsupervised Red Panda Re-Identification"
FAMILY = "label-free"
LABELS = "none"
PARAMS = pseudo.PARAMS | {
    "backbone": "resnet50",  # [paper] a network of torchvision or timm/NAME
    "last_stride": 1,  # [ours: not stated; as in the code of its rivals] of a ResNet's last stage; 2 for other networks
    "pool": "gap",  # [paper] average pooling; gem for the generalised mean, as in the code of Cluster Contrast
    "branches": ["original", "noised", "fused"],  # [paper] each has a cluster loss and a memory
    "consistency": ["cluster", "instance"],  # [paper] agreement with the noised twin: its memory, its vector
    "consistency_weight": 1.0,  # [paper] of the agreement, against the cluster losses
    "detach": False,  # [ours: not stated] whether the instance term moves the original encoder alone
    "layer": "conv1",  # [ours: the paper names none] the layer whose activation says where to add noise
    "area": 0.1,  # [paper] share of the animal's pixels (without a mask: of all) that is noised; .05 and .1 gain most
    "density": 1.0,  # [ours: the pictures show full erasure] share of that region's pixels that turn black
    "activation": "current",  # [ours: not stated] of the network as it is, or as it was when the epoch began
    "inference": "original",  # [ours: not stated] the vector of a crop; both joins those of original and fused
    "height": 128,  # [paper] pixels
    "width": 256,  # [paper] pixels
    "epochs": 60,  # [paper]
    "iterations": None,  # [ours: not stated] batches per epoch; null for 2 passes over the crops
    "identities": 16,  # [ours: the paper states 64 crops a batch] clusters in a batch, P
    "images": 4,  # [ours: the paper states 64 crops a batch] crops of each cluster, K
    "lr": 0.00035,  # [paper]
    "weight_decay": 0.0005,  # [paper]
    "step": 20,  # [paper] epochs after which the learning rate is divided by 10
    "momentum": 0.1,  # [paper] weight of the old memory against the new feature
    "update": "sequential",  # [ours: not stated; as Cluster Contrast] which features of a batch move a memory
    "temperature": 0.05,  # [paper] of the similarities in the cluster loss
    "eps": 0.6,  # [ours: not stated; as its rivals] Jaccard distance of neighbours; never choose it by test scores
    "min_samples": 4,  # [ours: not stated; as its rivals]
    "k1": None,  # [ours: not stated; as its rivals]
    "k2": 6,  # [ours: not stated; as its rivals]
    "flip": 0.5,  # [ours: the paper flips at a rate it does not state]
    "padding": 10,  # [paper]
    "erasing": 0.0,  # [paper] probability of random erasing, which the paper does not list
}
ALLOWED = pseudo.ALLOWED | {
    "pool": ["gap", "gem"],
    "branches": [["original"], ["original", "noised"], ["original", "noised", "fused"]],
    "consistency": ["cluster", "instance"],
    "consistency_weight": ">= 0",
    "layer": ["conv1", "bn1", "layer[1-4].[0-9].conv[1-3]", "layer[1-4].[0-9].bn[1-3]", "features.*"],
    "area": ">= 0, < 1",
    "density": ">= 0, <= 1",
    "activation": ["current", "epoch"],
    "inference": ["original", "fused", "both"],
    "step": ">= 1",
    "momentum": ">= 0, <= 1",
    "update": ["sequential", "batch_mean", "hard"],
    "temperature": "> 0",
}
PUBLISHED = [
    {"data": "red pandas, 23 test individuals", "metric": "mAP", "value": 0.416, "setting": "no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank1", "value": 0.9348, "setting": "no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank5", "value": 0.9638, "setting": "no labels"},
    {"data": "red pandas, 23 test individuals", "metric": "rank10", "value": 0.971, "setting": "no labels"},
]


def fit(crops, params, run):
    """Alternate clustering and training."""
    learner = Fancl(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model["encoder"].state_dict()}


def embed(crops, params, state):
    """float32 N x D, D doubled where the vector is that of both branches."""
    return norm.unit(inference.extract(network(params, state), crops.outlined(), params["height"], params["width"]))


def network(params, state):
    """The trained branches: B x 3 x H x W, or 4 with the animal's outline, -> unit vectors."""
    trained = Branches(params)
    trained.load_state_dict(state["model"])
    return trained.seeing()


class Branches(nn.Module):
    """The encoders and the fusion layer; as a function, B x 3 or 4 x H x W -> the unit vectors for inference."""

    def __init__(self, params, weights=None):
        super().__init__()
        self.params, branches = params, params["branches"]
        self.original = neck_encoder(params, weights)
        self.noised = neck_encoder(params, weights) if "noised" in branches else None
        size = self.backbone.size
        self.fusion = nn.Linear(2 * size, size) if "fused" in branches else None
        self.eye = None

    @property
    def backbone(self):
        """Of the original encoder."""
        return self.original.backbone

    def seeing(self):
        """A copy that finds the activation with an eye of its own."""
        made = copy.deepcopy(self)
        made.eye = fana.Eye(self.backbone)
        return made

    def forward(self, pictures):
        """B x 3 or 4 x H x W -> B x D, or B x 2D where inference wants both."""
        wanted = self.params["inference"]
        if wanted == "original":
            return self.original(pictures[:, :3])
        found = self.encode(pictures[:, :3], self.region(pictures))
        return F.normalize(torch.cat((found["original"], found["fused"]), 1)) if wanted == "both" else found["fused"]

    def encode(self, images, region):
        """{branch: unit vectors, float32 B x D} of images whose `region`, bool B x H x W, is noised."""
        found = {"original": self.original(images).float()}
        if self.noised is not None:
            found["noised"] = self.noised(fana.noised(images, region, self.params["density"])).float()
        if self.fusion is not None:
            found["fused"] = F.normalize(self.fusion(torch.cat(tuple(found.values()), 1)).float())
        return found

    def activation(self, pictures):
        """Where the original encoder, or the eye, responds: float32 B x H x W."""
        return fana.activation(self.eye or self.backbone, pictures[:, :3], self.params["layer"])

    def region(self, pictures):
        """Which pixels of pictures, B x 3 or 4 x H x W, become noise: bool B x H x W; None without that branch."""
        if self.noised is None:
            return None
        animal = pictures[:, 3] > 0.5 if pictures.shape[1] == 4 else None
        return fana.region(self.activation(pictures), self.params["area"], animal)


class Fancl(pseudo.PseudoLabelLearner):
    """One memory for each branch, and the consistency of the original with the noised one."""

    def __init__(self, crops, params, run):
        _check(params)
        super().__init__(crops.outlined(), params, run)
        encoder = Branches(params, run.file(params["weights"]))
        rules = params["momentum"], params["temperature"], params["update"]
        banks = nn.ModuleDict({branch: ClusterBank(*rules) for branch in params["branches"]})
        self.model = nn.ModuleDict({"encoder": encoder, "banks": banks})
        self.recipes = (transforms.traced_recipe(*pseudo.augmentation(params), crops.fill),)
        pseudo.optimise(self)

    def features(self):
        """Of the original branch, by which the crops are clustered; those of the others are kept for their memories."""
        sizes = self.params["height"], self.params["width"]
        found = inference.extract(_Every(self.model["encoder"].seeing()), self.crops, *sizes)
        parts = np.split(found, len(self.params["branches"]), axis=1)
        self._features = dict(zip(self.params["branches"], map(norm.unit, parts), strict=True))
        return self._features["original"]

    def start(self, features, labels):
        """Each memory starts from the clusters' means in its branch."""
        for branch, bank in self.model["banks"].items():
            bank.start(torch.from_numpy(self._features[branch]), labels)
        if self.params["activation"] == "epoch":
            self.model["encoder"].eye = fana.Eye(self.model["encoder"].backbone)

    def loss(self, views, pictures, places, indices):
        """Cluster contrast of every branch, less the agreement of the original with its noised twin.

        views, pictures, places: as transforms.traced_recipe gives them, a batch of each.
        """
        self.latest, labels = self.encode(views, pictures, places), self.labels(indices)
        self.latest_labels = labels
        banks = self.model["banks"]
        total = sum(banks[branch].loss(found, labels) for branch, found in self.latest.items())
        return total - self.params["consistency_weight"] * self._agreement(banks, labels)

    def encode(self, views, pictures, places):
        """The branches' unit vectors of the views, whose noise is that of the pictures."""
        encoder = self.model["encoder"]
        region = encoder.region(transforms.normalise(pictures))
        return encoder.encode(views, None if region is None else fana.carried(region, places))

    def _agreement(self, banks, labels):
        """Sum over the levels of the mean cosine similarity to the noised twin."""
        original, agreed = self.latest["original"], 0.0
        if "cluster" in self.params["consistency"]:
            agreed = agreed + (original * banks["noised"].rows[labels]).sum(1).mean()
        if "instance" in self.params["consistency"]:
            noised = self.latest["noised"].detach() if self.params["detach"] else self.latest["noised"]
            agreed = agreed + (original * noised).sum(1).mean()
        return agreed

    def after_step(self):
        """Each feature of the batch moves its cluster's vector in the memory of its branch."""
        for branch, found in self.latest.items():
            self.model["banks"][branch].update(found, self.latest_labels)

    def after_epoch(self):
        """An eye lives for an epoch, and is in no checkpoint."""
        super().after_epoch()
        self.model["encoder"].eye = None


class _Every(nn.Module):
    """B x 4 x H x W -> the vectors of all branches side by side."""

    def __init__(self, branches):
        super().__init__()
        self.branches = branches

    def forward(self, pictures):
        found = self.branches.encode(pictures[:, :3], self.branches.region(pictures))
        return torch.cat(tuple(found.values()), 1)


def _check(params):
    """Raise TrainingError where the branches do not fit one another."""
    branches = params["branches"]
    if "noised" not in branches and params["consistency"]:
        raise trainer.TrainingError("fancl: consistency needs the branch `noised`; write consistency: [] without it.")
    if "fused" not in branches and params["inference"] != "original":
        raise trainer.TrainingError(f"fancl: inference {params['inference']} needs the branch `fused`.")
