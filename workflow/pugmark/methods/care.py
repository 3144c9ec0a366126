"""CARE: a small generator turns each picture into a shift of the words of its text, the texts of an individual's
pictures are averaged into its prototype, and the image tower learns to find the prototypes.

First phase: b = F(v), with F two linear layers on the vector v of a picture; its text has the words V + b of the
individual. Contrastive losses both ways train F and V. Prototype: the mean of the texts of all training pictures of the
individual. Second phase: classification, triplet loss with a margin of 0.7, and cross-entropy over the prototypes.
Inference needs the image tower alone.

Only the supplement of the paper was at hand: its main equations are reconstructed, and what it leaves open follows its
predecessor IndivAID, or CLIP-ReID.
"""

import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import clip, contrast, prompts
from pugmark.learning.clip import embed, network
from pugmark.learning.prompts import prototypes

__all__ = ["embed", "fit", "network", "prototypes"]
TITLE = "CARE"
SOURCE = (
    "Overcoming fine-grained visual challenges in animal re-ID via semantic feature alignment (CARE), supplement; "
    "the main equations, which it lacks, are reconstructed"
)
FAMILY = "supervised"
LABELS = "identity"
PARAMS = prompts.PARAMS | {
    "margin": 0.7,  # [paper] of the triplet loss, in distances of the vectors as they are
    "prompt_epochs": 40,  # [ours: the predecessor has 10 to 40] of the generator; 0 leaves it random
    "shared_words": False,  # [code] words of each individual; true shares them among all
    "kappa": None,  # [ours: CLIP's own] scale of the cosines; null for what the network learned
}
ALLOWED = prompts.ALLOWED | {"kappa": "null or > 0.0"}
PUBLISHED = [  # means of ten runs
    {"data": "ATRW, identity-disjoint", "metric": "mAP", "value": 0.568, "setting": "4 words, margin 0.7"},
    {"data": "ATRW, identity-disjoint", "metric": "rank1", "value": 0.953, "setting": "4 words, margin 0.7"},
    {"data": "FriesianCattle2017", "metric": "mAP", "value": 0.958, "setting": "4 words, margin 0.7"},
    {"data": "FriesianCattle2017", "metric": "rank1", "value": 0.997, "setting": "4 words, margin 0.7"},
    {"data": "Lion", "metric": "mAP", "value": 0.403, "setting": "4 words, margin 0.7"},
    {"data": "Lion", "metric": "rank1", "value": 0.553, "setting": "4 words, margin 0.7"},
    {"data": "MPDD", "metric": "mAP", "value": 0.89, "setting": "4 words, margin 0.7"},
    {"data": "MPDD", "metric": "rank1", "value": 0.954, "setting": "4 words, margin 0.7"},
    {"data": "IPanda50", "metric": "mAP", "value": 0.373, "setting": "4 words, margin 0.7"},
    {"data": "IPanda50", "metric": "rank1", "value": 0.482, "setting": "4 words, margin 0.7"},
    {"data": "SeaStar", "metric": "mAP", "value": 0.886, "setting": "4 words, margin 0.7"},
    {"data": "SeaStar", "metric": "rank1", "value": 0.996, "setting": "4 words, margin 0.7"},
    {"data": "Nyala", "metric": "mAP", "value": 0.166, "setting": "4 words, margin 0.7"},
    {"data": "Nyala", "metric": "rank1", "value": 0.29, "setting": "4 words, margin 0.7"},
    {"data": "Stoat (private)", "metric": "mAP", "value": 0.906, "setting": "4 words, margin 0.7"},
    {"data": "Stoat (private)", "metric": "rank1", "value": 0.969, "setting": "4 words, margin 0.7"},
]


def fit(crops, params, run):
    """Train the generator of words, average the texts of each individual, then tune the image tower."""
    tower, texts, scale = clip.towers(params, run.file(params["weights"]))
    (labels, names), similarity = crops.labels(), Cosine(params["kappa"] or scale)
    vectors = prompts.features(tower, crops, params)
    own = 1 if params["shared_words"] else len(names)
    words = Generator(vectors.shape[1], own, params["words"], texts.width)
    learner = prompts.Words(words, texts, vectors, labels, similarity, params, run)
    prompts.learned(learner, params, run)
    bank = averaged(prompts.texts(learner, vectors, torch.from_numpy(labels)), torch.from_numpy(labels), len(names))
    following = prompts.Following(crops, params, run, tower, bank, similarity, identity=1.0, smoothing=0.0)
    return prompts.followed(following, names, params, run)


class Generator(nn.Module):
    """The words of a picture: those of its individual, or those of all, shifted by what the picture shows."""

    def __init__(self, size, individuals, words, width):
        super().__init__()
        hidden = max(1, size // 16)
        self.shift = nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.words = nn.Parameter(0.02 * torch.randn(individuals, words, width))

    def forward(self, vectors, labels):
        """Vectors B x D and labels B -> words, B x w x width."""
        own = self.words[labels] if len(self.words) > 1 else self.words
        return own + self.shift(vectors)[:, None]


class Cosine:
    """Cosine similarities times `scale`."""

    def __init__(self, scale):
        self.scale = scale

    def __call__(self, rows, columns):
        """B x D and C x D of any norm -> B x C."""
        return self.scale * contrast.cosines(F.normalize(rows.float()), F.normalize(columns.float()))


def averaged(texts, labels, individuals):
    """The mean of the texts (N x D) of each label: float32 individuals x D."""
    totals = torch.zeros(individuals, texts.shape[1]).index_add_(0, labels, texts)
    return totals / torch.bincount(labels, minlength=individuals)[:, None]
