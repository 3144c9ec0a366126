"""CLIP-ReID: each training individual gets a text with a few words of its own, which are learned first; then the image
tower learns to find the text of the individual among all texts, beside classification and triplet loss.
"""

import torch
from torch import nn

from pugmark.learning import clip, contrast, prompts
from pugmark.learning.clip import embed, network
from pugmark.learning.prompts import prototypes

__all__ = ["embed", "fit", "network", "prototypes"]
TITLE = "CLIP-ReID"
SOURCE = "Li, Sun and Li, CLIP-ReID: exploiting vision-language model for image re-identification (AAAI 2023)"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = prompts.PARAMS | {
    "identity_weight": 0.25,  # [code] of each classification; 1 for a ResNet
}
ALLOWED = prompts.ALLOWED | {"identity_weight": "> 0"}
PRESETS = {
    # What the comparison of PartDVE states for the ViT.
    "paper": {"prompt_epochs": 60, "epochs": 80, "height": 256, "width": 128, "colours": "half"},
    "released": {"height": 256, "width": 128, "colours": "half"},  # what the public code does, with the ViT
    "fixed": {},  # as it stands above
}
PUBLISHED = [
    {"data": "ATRW", "metric": "mmAP", "value": 0.565, "setting": "ViT, masked, re-ranked, by PartDVE's paper"},
    {"data": "ATRW", "metric": "mmAP", "value": 0.614, "setting": "ViT, original, re-ranked, by PartDVE's paper"},
    {"data": "YakReID-103, hard", "metric": "mAP", "value": 0.498, "setting": "ViT, masked; trapezoidal AP"},
    {"data": "YakReID-103, hard", "metric": "rank1", "value": 0.822, "setting": "ViT, masked"},
    {"data": "ELPephants", "metric": "mAP", "value": 0.127, "setting": "ViT, masked; trapezoidal AP"},
    {"data": "ELPephants", "metric": "rank1", "value": 0.253, "setting": "ViT, masked"},
]


def fit(crops, params, run):
    """Learn the words of each individual, then the image tower."""
    tower, texts, _ = clip.towers(params, run.file(params["weights"]))
    labels, names = crops.labels()
    words = Own(len(names), params["words"], texts.width)
    # The plain product: the length of CLIP's vectors is the temperature.
    product, vectors = contrast.cosines, prompts.features(tower, crops, params)
    learner = prompts.Words(words, texts, vectors, labels, product, params, run)
    prompts.learned(learner, params, run)
    own = prompts.texts(learner, torch.zeros(len(names), 1), torch.arange(len(names)))
    shares = params["identity_weight"], params["smoothing"]
    following = prompts.Following(crops, params, run, tower, own, product, *shares)
    return prompts.followed(following, names, params, run)


class Own(nn.Module):
    """Words of each individual, C x w x width."""

    def __init__(self, individuals, words, width):
        super().__init__()
        self.words = nn.Parameter(0.02 * torch.randn(individuals, words, width))

    def forward(self, vectors, labels):
        """The words of these labels, B x w x width, whatever the vectors."""
        return self.words[labels]
