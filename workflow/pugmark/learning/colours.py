"""Colours as a network learned them: every recipe gives images in ImageNet's statistics, some networks have others."""

import torch
from torch import nn

from pugmark.learning.transforms import MEAN, STD

IMAGENET = MEAN, STD
"""Mean and deviation of ImageNet."""
CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Mean and deviation of OpenAI's CLIP, from its public code."""
HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
"""Mean and deviation of networks that see colours from -1 to 1."""


STATISTICS = {"imagenet": IMAGENET, "half": HALF, "clip": CLIP}
"""By the names that settings give them."""


class Restated(nn.Module):
    """Images of ImageNet mean 0 and deviation 1, as of `transforms.normalise`, -> those of another mean and deviation.

    mean, std: of red, green and blue, from 0 to 1.
    """

    def __init__(self, mean, std):
        super().__init__()
        pairs = (torch.tensor(pair, dtype=torch.float32).view(2, 3, 1, 1) for pair in ((MEAN, STD), (mean, std)))
        known, wanted = pairs
        self.register_buffer("scale", known[1] / wanted[1], persistent=False)
        self.register_buffer("shift", (known[0] - wanted[0]) / wanted[1], persistent=False)

    def forward(self, images):
        """float32 B x 3 x H x W -> the same shape."""
        return images * self.scale + self.shift
