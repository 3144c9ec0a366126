"""Batch norms that see a part of the batch each, as if it were spread over several devices.

With the statistics of the whole batch, a query could tell its key by them. Source: He et al., Momentum Contrast (2020),
section "Shuffling BN".
"""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


class SplitNorm(nn.Module):
    """`norm` over each of `parts` equal runs of the batch; fewer where a run would have less than two rows."""

    def __init__(self, norm, parts):
        super().__init__()
        self.norm, self.parts = norm, parts
        # Each part moves the running statistics: all of a batch together as much as the batch would at once.
        norm.momentum /= parts

    def forward(self, maps):
        """B x C x H x W -> the same shape."""
        if not self.training:
            return self.norm(maps)
        return torch.cat([self.norm(part) for part in maps.tensor_split(_runs(len(maps), self.parts))])


def split_norms(module, parts):
    """Replace every batch norm inside `module` by a SplitNorm of `parts`."""
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm):
            setattr(module, name, SplitNorm(child, parts))
        else:
            split_norms(child, parts)


def dealt(count, parts):
    """An order of `count` rows (int64 tensor) that deals neighbours out to different parts, as cards to players."""
    return torch.argsort(torch.arange(count) % _runs(count, parts), stable=True)


def _runs(count, parts):
    return max(1, min(parts, count // 2))
