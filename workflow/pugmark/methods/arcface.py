"""Sub-center ArcFace with dynamic margins, the recipe that winners of the field's competitions fine-tune with.

Each training individual has several directions, its sub-centers, of which the one closest to a crop counts: so the two
flanks of an animal, or day and night, need not agree. The angle to the right individual is made larger by a margin
before the cross-entropy. Individuals with few crops get a large margin, those with many a small one.

For individual c with n_c crops the margin is a n_c^(-1/4) + b, where a and b spread it from `least` to `most`.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import contrast, inference, necks, norm, trainer
from pugmark.learning.backbones import backbone

TITLE = "Sub-center ArcFace with dynamic margins"
SOURCE = "Deng et al., Sub-center ArcFace (ECCV 2020); margins: Ha et al., Google Landmark Recognition 2020 (2020)"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = necks.RECIPE | {
    "last_stride": 2,  # [code] of a ResNet's last stage; 1 keeps the resolution
    "pool": "gem",  # [code] generalised mean with a learned exponent; gap averages
    "height": 224,  # [ours: animals are no upright people] pixels
    "width": 224,  # [ours: animals are no upright people] pixels
    "epochs": 60,  # [ours: as the strong baseline] each takes the crops once; 0 trains nothing
    "weight_decay": 0.01,  # [ours: AdamW's usual value] of all layers
    "centers": 3,  # [paper] directions of each individual
    "logit_scale": 30.0,  # [paper] of the cosines, before the cross-entropy
    "least": 0.05,  # [paper] margin of the individual with the most crops, in radians
    "most": 0.5,  # [paper] margin of the individual with the fewest
}
ALLOWED = necks.RECIPE_ALLOWED | {
    "last_stride": [1, 2],
    "pool": ["gap", "gem"],
    "centers": ">= 1",
    "logit_scale": "> 0",
    "least": ">= 0, < 1.57",
    "most": ">= 0, < 1.57",
}
PUBLISHED = []


def fit(crops, params, run):
    """Turn the crops of each individual towards one of its directions."""
    learner = ArcFace(crops, params, run, necked(params, run.file(params["weights"])))
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model["necked"].state_dict()}


def embed(crops, params, state):
    """float32 N x D, D the backbone's channels."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained network, B x 3 x H x W -> B x D, behind the neck."""
    trained = necked(params)
    trained.load_state_dict(state["model"])
    return necks.SideBySide(trained, behind=True)


def necked(params, weights=None):
    """The backbone with its neck."""
    body = backbone(params["backbone"], weights, params["last_stride"], params["pool"])
    return necks.Necked(necks.One(body), (body.size,))


class ArcFace(necks.OneCycle):
    """Cross-entropy of the scaled cosines to the sub-centers, behind the neck, the right one's angle made larger."""

    def chosen_classifiers(self, sizes, counts):
        """Sub-centers, and the margins of the individuals."""
        p = self.params
        return nn.ModuleList([SubCenters(sizes[0], margins(counts, p["least"], p["most"]), p["centers"])])

    def told_apart(self, vectors, labels):
        """The loss of a tuple of one vector."""
        (vector,), (centers,) = self.model["necked"].behind(vectors), self.model["classifiers"]
        return F.cross_entropy(self.params["logit_scale"] * centers(vector.float(), labels), labels)


class SubCenters(nn.Module):
    """Directions of C individuals, `centers` each, and the margin of each individual, float32 C, in radians."""

    def __init__(self, size, margins, centers):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(len(margins) * centers, size))
        nn.init.xavier_uniform_(self.weight)
        self.register_buffer("margins", torch.from_numpy(margins))

    def forward(self, vectors, labels):
        """B x D of any norm -> cosines B x C, the right individual's of its angle and margin, at most half a turn."""
        cosines = contrast.cosines(F.normalize(vectors), F.normalize(self.weight))
        cosines = cosines.view(len(vectors), len(self.margins), -1).amax(2)
        # The arc cosine has no finite gradient at its ends.
        angles = cosines.gather(1, labels[:, None]).clamp(-1 + 1e-6, 1 - 1e-6).acos() + self.margins[labels][:, None]
        return cosines.scatter(1, labels[:, None], angles.clamp(max=torch.pi).cos())


def margins(counts, least, most):
    """a n^(-1/4) + b, float32 C, of the counts n (int C): `most` for the smallest and `least` for the largest.

    All get `most` if all are equal.
    """
    powers = counts.clip(1) ** -0.25
    spread = np.ptp(powers)
    share = (powers - powers.min()) / spread if spread else np.ones(len(counts))
    return (least + (most - least) * share).astype(np.float32)
