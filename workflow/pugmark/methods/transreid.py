"""TransReID: a vision transformer over overlapping patches, which knows the station, and a jigsaw of its patches.

A learned embedding of the station is added to all tokens, so that the vector need not hold what the camera does to the
picture. Of the last block there are two copies. One sees all patches; its class token is the global vector. The other
sees a few of them at a time: the patches are shifted, shuffled in groups and dealt to parts, and each part with the
class token gives a local vector, which so describes the whole animal from some of its patches.
"""

import copy

import numpy as np
import torch
from torch import nn

from pugmark.learning import inference, necks, norm, patches, trainer
from pugmark.learning.backbones import Backbone

TITLE = "TransReID"
SOURCE = "He et al., TransReID: Transformer-based object re-identification (ICCV 2021)"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = patches.PARAMS | {
    "station_weight": 3.0,  # [paper] of the stations' embeddings, where stations are known; 0 leaves them out
    "shift": 5,  # [paper] patches from the front that move to the end; the code moves one fewer
    "groups": 2,  # [code] of patches, between which the shuffle alternates
    "local_parts": 4,  # [paper] local vectors
}
ALLOWED = patches.ALLOWED | {
    "station_weight": ">= 0",
    "shift": ">= 0",
    "groups": ">= 1",
    "local_parts": ">= 1",
}
PUBLISHED = []


def fit(crops, params, run):
    """Train on the global vector and, at the same weight in all, on the local ones."""
    stations = sorted(crops.meta["station"].dropna().unique()) if params["station_weight"] else []
    network = necked(params, len(stations), run.file(params["weights"]))
    learner = Learner(crops, params, run, network, numbered(crops, stations))
    trainer.train(learner, params["epochs"], run)
    return {"model": network.state_dict(), "stations": stations}


def embed(crops, params, state):
    """float32 N x (1 + parts) D: the global vector, and the local ones at the weight of all together."""
    trained, stations = network(params, state), numbered(crops, state["stations"])
    groups, parts = [np.flatnonzero(stations == station) for station in np.unique(stations)], []
    for rows in groups:
        trained.backbone.body.station = int(stations[rows[0]])
        parts.append(inference.extract(trained, crops.take(rows), params["height"], params["width"]))
    return norm.unit(np.concatenate(parts)[np.argsort(np.concatenate(groups))])


def network(params, state):
    """The trained network, B x 3 x H x W -> B x (1 + parts) D, of pictures from no known station."""
    trained = necked(params, len(state["stations"]))
    trained.load_state_dict(state["model"])
    return Laid(trained.backbone)


def necked(params, stations, weights=None):
    """The network of so many stations, with a neck behind each of its vectors."""
    jigsaw = Jigsaw(patches.Overlapping(params, weights), params, stations)
    width = jigsaw.whole.vit.embed_dim
    return necks.Necked(Vectors(Backbone(jigsaw, nn.Identity(), width)), [width] * (1 + params["local_parts"]))


def numbered(crops, stations):
    """The station of each crop as its place among `stations`, int64 N; -1 for all others."""
    return crops.meta["station"].map({name: at for at, name in enumerate(stations)}).fillna(-1).to_numpy(np.int64)


class Jigsaw(nn.Module):
    """Images and stations -> the class tokens of the whole and of the parts, B x (1 + parts) x D."""

    def __init__(self, whole, params, stations):
        super().__init__()
        self.whole, self.last, self.norm = whole, copy.deepcopy(whole.vit.blocks[-1]), copy.deepcopy(whole.vit.norm)
        sides = torch.empty(stations, 1, whole.vit.embed_dim)
        self.stations = nn.Parameter(nn.init.trunc_normal_(sides, std=0.02), requires_grad=stations > 0)
        self.weight, self.shift, self.groups = params["station_weight"], params["shift"], params["groups"]
        self.parts, self.station = params["local_parts"], -1

    def forward(self, images, stations=None):
        """stations: int64 B, -1 for none that is known; None for `self.station` throughout."""
        stations = images.new_full((len(images),), self.station, dtype=torch.int64) if stations is None else stations
        none = self.stations.new_zeros(1, *self.stations.shape[1:])
        tokens = self.whole.embedded(images) + self.weight * torch.cat((self.stations, none))[stations]
        tokens, vit = self.whole.before_last(tokens), self.whole.vit
        order = shuffled(tokens.shape[1] - 1, self.shift, self.groups).to(tokens.device)
        seen = [torch.cat((tokens[:, :1], tokens[:, 1 + rows]), 1) for rows in order.tensor_split(self.parts)]
        local = [self.norm(self.last(part))[:, 0] for part in seen]
        return torch.stack((vit.norm(vit.blocks[-1](tokens))[:, 0], *local), 1)


def shuffled(count, shift, groups):
    """The order of `count` patches: from the one at `shift` on, taking one of each group in turn, int64."""
    size = -(-count // groups)
    padded = torch.full((groups * size,), -1)
    padded[:count] = torch.arange(count).roll(-shift)
    order = padded.view(groups, size).T.flatten()
    return order[order >= 0]


class Vectors(nn.Module):
    """Images and stations -> the tuple of vectors that a `necks.Necked` takes."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, images, stations=None):
        """B x 3 x H x W and int64 B -> a tuple of B x D."""
        return self.backbone.body(images, stations).unbind(1)


class Laid(nn.Module):
    """Images -> the vectors of a Jigsaw in a row, the local ones divided by their number."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, images):
        """B x 3 x H x W -> B x (1 + parts) D, not normalised."""
        whole, *local = self.backbone(images).unbind(1)
        return torch.cat((whole, *(part / len(local) for part in local)), 1)


class Learner(patches.Learner):
    """Half of the loss is on the global vector, half on the mean of the local ones. stations: as of `numbered`."""

    def __init__(self, crops, params, run, necked, stations):
        share = 0.5 / params["local_parts"]
        super().__init__(crops, params, run, necked, ((0.5, 0.5), *[(share, share)] * params["local_parts"]))
        self.model.register_buffer("stations", torch.from_numpy(stations))

    def loss(self, images, indices):
        """The sum over the vectors."""
        vectors = self.model["necked"].body(images, self.model.stations[indices])
        return self.told_apart(vectors, self.model.labels[indices])
