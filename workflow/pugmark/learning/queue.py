"""The queue of keys from past batches: the negatives of MoCo. Source: He et al., Momentum Contrast (2020)."""

import torch
from torch import nn
from torch.nn import functional as F


class KeyQueue(nn.Module):
    """`keys`: Q x D of unit norm, oldest first, random at first. A buffer without gradient, saved with the model."""

    def __init__(self, batches, batch, size):
        """Room for `batches` batches of `batch` keys of length `size`."""
        super().__init__()
        self.register_buffer("keys", F.normalize(torch.randn(batches * batch, size)))

    @torch.no_grad()
    def add(self, keys):
        """Append unit rows, B x D, and drop the B oldest. Call it after the loss."""
        self.keys = torch.cat((self.keys[len(keys) :], keys.float()))
