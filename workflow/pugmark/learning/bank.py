"""Memory banks of unit vectors for contrastive losses: one vector per cluster, or one per crop.

Sources: Dai et al., Cluster Contrast (2022), equations 1 to 3; FANCL, equations 8 and 9. The bank of crops: Ge et al.,
SpCL (2020).
"""

import torch
from torch import nn
from torch.nn import functional as F


class ClusterBank(nn.Module):
    """`rows`: C x D of unit norm, a buffer without gradient. It is rebuilt every epoch and therefore not saved."""

    def __init__(self, momentum=0.1, temperature=0.05, rule="sequential"):
        """momentum: the weight of the old row; 0.1 takes nine tenths from the new feature.

        rule: which features of a label update its row. sequential: all of them, one after the other. batch_mean: their
        mean at unit norm. hard: the one least similar to the row.
        """
        super().__init__()
        self.momentum, self.temperature, self.chosen = momentum, temperature, _RULES[rule]
        self.register_buffer("rows", torch.zeros(0, 0), persistent=False)

    @torch.no_grad()
    def start(self, features, labels):
        """Set each row to its label's mean feature, at unit norm. features: N x D; labels: int64 N, -1 is skipped.

        Both are on the CPU.
        """
        self.rows = F.normalize(means(features, labels)).to(self.rows.device)

    def loss(self, features, labels):
        """Mean cross-entropy of the cosine similarities to all rows, divided by the temperature. features: B x D."""
        return _contrast(features, self.rows, self.temperature, labels)

    @torch.no_grad()
    def update(self, features, labels):
        """row <- n(momentum * row + (1 - momentum) * feature), in order, for the features that the rule selects.

        Call it after the loss. The loss keeps the old rows for its backward pass.
        """
        features, labels = self.chosen(F.normalize(features.detach().float()), labels, self.rows)
        self.rows = _moved(self.rows, features, labels, self.momentum)


class InstanceBank(nn.Module):
    """`rows`: N x D, one unit vector per crop, a buffer without gradient. It is never rebuilt and therefore saved.

    `group` sets the classes for each epoch: clusters and single crops.
    """

    def __init__(self, count, size, momentum=0.2, temperature=0.05):
        """count: number of crops, N. size: D. momentum: the weight of the old row."""
        super().__init__()
        self.momentum, self.temperature = momentum, temperature
        self.register_buffer("rows", torch.zeros(count, size))

    @property
    def filled(self):
        """Whether the rows have been set. Until then they are all zero."""
        return bool(self.rows.any())

    @torch.no_grad()
    def fill(self, features):
        """Set the rows to the unit vectors `features`, N x D."""
        self.rows = features.to(self.rows.device)

    def group(self, labels):
        """Set the class of every row. labels: int64 N from 0 to C - 1, no class empty, on the CPU."""
        self.labels, self.order = labels.to(self.rows.device), labels.argsort(stable=True).to(self.rows.device)
        self.sizes = labels.bincount().to(self.rows.device)

    def loss(self, features, indices):
        """Mean cross-entropy over all classes. The logit of a class is its mean cosine similarity over the temperature.

        features: B x D, of the crops at `indices`.
        """
        # Rows are sorted by class: a GPU that chose the order of the sums would give a different result in each run.
        centres = torch.segment_reduce(self.rows[self.order], "mean", lengths=self.sizes, axis=0)
        return _contrast(features, centres, self.temperature, self.labels[indices])

    @torch.no_grad()
    def update(self, features, indices):
        """row <- n(momentum * row + (1 - momentum) * feature), in the batch's order. Call it after the loss."""
        self.rows = _moved(self.rows, F.normalize(features.detach().float()), indices, self.momentum)


def means(features, labels):
    """Mean feature of each label, C x D. features: N x D; labels: int64 N, -1 is skipped. Both are on the CPU."""
    kept = labels >= 0
    sums = features.new_zeros(int(labels.max()) + 1, features.shape[1]).index_add_(0, labels[kept], features[kept])
    return sums / labels[kept].bincount()[:, None]


def _contrast(features, rows, temperature, labels):
    # In half precision, logits divided by the temperature would be off by a tenth.
    with torch.autocast(features.device.type, enabled=False):
        return F.cross_entropy(F.normalize(features.float()) @ rows.T / temperature, labels)


def _moved(rows, features, labels, momentum):
    # Rows are independent: update every label with its first feature at once, then with its second, and so on.
    turn, rows = (labels[:, None] == labels).tril(-1).sum(1), rows.clone()
    for now in range(int(turn.max()) + 1):
        new, row = features[turn == now], labels[turn == now]
        rows[row] = F.normalize(momentum * rows[row] + (1 - momentum) * new)
    return rows


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
