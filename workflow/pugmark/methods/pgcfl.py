"""Pose-guided complementary features: a second network sees the picture without what the first one attends to.

The attention of the first trunk, its last maps summed over channels, says which pixels are zeroed for the second one,
which must find other marks. Each trunk has a head block with classifiers of the individual and of the side. A third
head block works on both vectors side by side, without sending gradients back to the trunks. A second stage of the
training adds a batch-hard triplet loss on the fused vector. At test time both trunks see the whole picture, and the
fused vectors of the picture and of its mirror image are laid side by side.
"""

import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import inference, instances, norm, sided, trainer
from pugmark.learning.backbones import Average, backbone
from pugmark.learning.heads import HeadBlock

TITLE = "PGCFL"
SOURCE = "Liu et al., Pose-guided complementary features learning for Amur tiger re-identification (ICCVW 2019)"
FAMILY = "supervised"
LABELS = "identity+orientation"
PARAMS = sided.RECIPE | {
    "backbone": "timm/legacy_seresnet50",  # [code] of both trunks, a network with maps
    "weights": "seresnet50-imagenet",  # [code] name of a weight file, null for random initialisation
    "last_stride": 1,  # [code] of a ResNet's last stage; 2 for other networks
    "epochs": 30,  # [code] of both stages; 0 trains nothing
    "triplet_epochs": 10,  # [ours: not stated] the last of them, with the triplet loss and at the lowest rate
    "margin": 0.4,  # [code] of the triplet loss, in distances of unit vectors
    "attention": 0.6,  # [code] from which on pixels are zeroed, as a share of the highest
}
ALLOWED = sided.RECIPE_ALLOWED | {
    "backbone": "word",
    "weights": "null or word",
    "last_stride": [1, 2],
    "triplet_epochs": ">= 0",
    "margin": ">= 0",
    "attention": "> 0, <= 1",
}
PRESETS = {
    "original": {"height": 288, "width": 448},  # its own size; the default is that of the comparison
}
PUBLISHED = [
    {"data": "ATRW", "metric": "mmAP", "value": 0.669, "setting": "masked, re-ranked, by PartDVE's paper"},
    {"data": "ATRW", "metric": "mmAP", "value": 0.745, "setting": "original, re-ranked, by PartDVE's paper"},
    {"data": "YakReID-103, hard", "metric": "mAP", "value": 0.558, "setting": "masked; trapezoidal AP"},
    {"data": "YakReID-103, hard", "metric": "rank1", "value": 0.827, "setting": "masked"},
    {"data": "YakReID-103, hard", "metric": "mAP", "value": 0.643, "setting": "original; trapezoidal AP"},
    {"data": "YakReID-103, hard", "metric": "rank1", "value": 0.918, "setting": "original"},
    {"data": "ELPephants", "metric": "mAP", "value": 0.185, "setting": "masked; trapezoidal AP"},
    {"data": "ELPephants", "metric": "rank1", "value": 0.334, "setting": "masked"},
    {"data": "ELPephants", "metric": "mAP", "value": 0.107, "setting": "original; trapezoidal AP"},
    {"data": "ELPephants", "metric": "rank1", "value": 0.247, "setting": "original"},
]


def fit(crops, params, run):
    """Learn individuals and sides, then with the triplet loss too."""
    learner = Complementary(crops, params, run, Trunks(params, run.file(params["weights"])))
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model[0].state_dict()}


def embed(crops, params, state):
    """float32 N x 2 features: the fused vectors of the image and of its mirror image."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained network, B x 3 x H x W -> B x 2 features."""
    trained = Trunks(params)
    trained.load_state_dict(state["model"])
    return Mirrored(trained)


class Mirrored(sided.FlipConcat):
    """The fused vectors of both mirror images; what is explained is the first trunk."""

    @property
    def backbone(self):
        """The first trunk."""
        return self.network.trunks[0]


class Trunks(nn.Module):
    """Two trunks and three head blocks: of the first, of the second, and of both vectors side by side."""

    def __init__(self, params, weights=None):
        super().__init__()
        made = (backbone(params["backbone"], weights, params["last_stride"], "none") for _ in range(2))
        self.trunks, self.pool = nn.ModuleList(made), Average()
        size = self.trunks[0].size
        self.heads = nn.ModuleList(HeadBlock(n, params["features"], params["dropout"]) for n in (size, size, 2 * size))
        self.size, self.attention = params["features"], params["attention"]

    @property
    def backbone(self):
        """The pretrained part: both trunks."""
        return self.trunks

    def classifier(self, classes):
        """Classifiers of individuals and of sides for each of the three."""
        return nn.ModuleList(sided.Heads(self.size, classes) for _ in self.heads)

    def forward(self, images):
        """B x 3 x H x W -> the fused vector, B x features."""
        both = torch.cat([self.pool(trunk(images)) for trunk in self.trunks], 1)
        return self.heads[2](both)

    def all(self, images):
        """The vectors of the three, B x features each; the second trunk does not see what the first attends to."""
        maps = self.trunks[0](images)
        first = self.pool(maps)
        second = self.pool(self.trunks[1](images * ~attended(maps.detach(), images.shape[2:], self.attention)))
        fused = torch.cat([first, second], 1).detach()
        return [head(vector) for head, vector in zip(self.heads, (first, second, fused), strict=True)]


def attended(maps, size, share):
    """Where the maps, B x C x h x w, summed over channels and spread from 0 to 1, reach `share`: bool B x 1 x H x W.

    size: (H, W). Where all places are alike none is.
    """
    heat = maps.sum(1, keepdim=True).float()
    lowest, highest = heat.amin((2, 3), keepdim=True), heat.amax((2, 3), keepdim=True)
    spread = (heat - lowest) / (highest - lowest).clamp(min=1e-12)
    return F.interpolate(spread, size, mode="bilinear", align_corners=True) >= share


class Complementary(sided.Sided):
    """Individual and side by each of the three vectors; in the last epochs a triplet loss of the fused one as well."""

    def batches(self, epoch):
        """As in the family; the triplet loss begins in the last epochs."""
        self.triplet = epoch >= self.params["epochs"] - self.params["triplet_epochs"]
        return super().batches(epoch)

    def recognised(self, images, shown, labels):
        """The sum over the three vectors."""
        network, heads = self.model
        vectors = network.all(images)
        parts = [self.told(*head(vector), shown, labels) for head, vector in zip(heads, vectors, strict=True)]
        if self.triplet:
            parts.append(instances.margin_triplet(F.normalize(vectors[2].float()), labels, self.params["margin"]))
        return sum(parts)
