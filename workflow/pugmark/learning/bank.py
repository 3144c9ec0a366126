"""A memory of one unit vector per cluster: the classes of cluster contrast.

Source: Dai et al., Cluster Contrast (2022), equations 1 to 3; FANCL, equations 8 and 9.
"""

import torch
from torch import nn
from torch.nn import functional as F


class ClusterBank(nn.Module):
    """`rows`, C x D of unit norm, a buffer without gradient, built anew each epoch and therefore not saved."""

    def __init__(self, momentum=0.1, temperature=0.05, rule="sequential"):
        """momentum: the weight of the old row, so that 0.1 takes nine tenths from the new feature.

        rule: which features of the batch move a row: sequential, all of its label one after the other; batch_mean,
        their mean at unit norm; hard, the one least similar to the row.
        """
        super().__init__()
        self.momentum, self.temperature, self.chosen = momentum, temperature, _RULES[rule]
        self.register_buffer("rows", torch.zeros(0, 0), persistent=False)

    @torch.no_grad()
    def start(self, features, labels):
        """Rows = mean feature of each label, at unit norm; features N x D, labels int64 N, -1 left out, on the CPU."""
        kept = labels >= 0
        sums = features.new_zeros(int(labels.max()) + 1, features.shape[1]).index_add_(0, labels[kept], features[kept])
        self.rows = F.normalize(sums).to(self.rows.device)

    def loss(self, features, labels):
        """Mean cross-entropy of the cosine similarities to all rows over the temperature; features B x D."""
        # Half precision would err by a tenth in logits that are divided by the temperature.
        with torch.autocast(features.device.type, enabled=False):
            return F.cross_entropy(F.normalize(features.float()) @ self.rows.T / self.temperature, labels)

    @torch.no_grad()
    def update(self, features, labels):
        """row <- n(momentum * row + (1 - momentum) * feature), for the features that the rule chooses, in their order.

        Call it after the loss, which keeps the bank as it was for its backward pass.
        """
        features, labels = self.chosen(F.normalize(features.detach().float()), labels, self.rows)
        # Rows do not depend on one another: the first feature of every label at once, then the second, ...
        turn, rows = (labels[:, None] == labels).tril(-1).sum(1), self.rows.clone()
        for now in range(int(turn.max()) + 1):
            new, row = features[turn == now], labels[turn == now]
            rows[row] = F.normalize(self.momentum * rows[row] + (1 - self.momentum) * new)
        self.rows = rows


def _sequential(features, labels, rows):
    return features, labels


def _batch_mean(features, labels, rows):
    found, codes = labels.unique(return_inverse=True)
    return F.normalize(features.new_zeros(len(found), features.shape[1]).index_add_(0, codes, features)), found


def _hard(features, labels, rows):
    found = labels.unique()
    similarity = (features * rows[labels]).sum(1)
    others = labels != found[:, None]
    return features[similarity.expand(len(found), -1).masked_fill(others, torch.inf).argmin(1)], found


_RULES = {"sequential": _sequential, "batch_mean": _batch_mean, "hard": _hard}
