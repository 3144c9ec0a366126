"""Batch norms over parts of the batch, as if it were spread over several devices.

If query and key shared batch statistics, the network could use them to recognise the key. Source: He et al., Momentum
Contrast (2020), section "Shuffling BN".
"""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class SplitNorm(nn.Module):
    """Apply `norm` to each of `parts` equal parts of the batch; to fewer parts if one would have less than two rows."""

    def __init__(self, norm, parts):
        super().__init__()
        self.norm, self.parts = norm, parts
        # Every part updates the running statistics. Together they move them as far as one batch would.
        norm.momentum /= parts

    def forward(self, maps):
        """B x C x H x W -> the same shape."""
        if not self.training:
            return self.norm(maps)
        return torch.cat([self.norm(part) for part in maps.tensor_split(_runs(len(maps), self.parts))])


def split_norms(module, parts):
    """Replace every batch norm inside `module` with a SplitNorm of `parts`."""
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm):
            setattr(module, name, SplitNorm(child, parts))
        else:
            split_norms(child, parts)


def dealt(count, parts):
    """An order of `count` rows (int64 tensor) that deals adjacent rows to different parts, like cards to players."""
    return torch.argsort(torch.arange(count) % _runs(count, parts), stable=True)


def _runs(count, parts):
    return max(1, min(parts, count // 2))
