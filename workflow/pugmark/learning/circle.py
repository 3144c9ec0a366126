"""Circle loss: cosines of pairs, weighted by how far they are from where they should be.

Source: Sun et al., Circle loss (CVPR 2020). With m the margin, cosines s_p of equal labels should pass 1 - m, and
cosines s_n of unequal ones stay below m:

    log(1 + sum exp(gamma a_n (s_n - m)) sum exp(-gamma a_p (s_p - 1 + m))),  a_p = [1 + m - s_p]+, a_n = [s_n + m]+

The weights a are constants for the gradient.
"""

import torch
from torch.nn import functional as F

from pugmark.learning import contrast


def pooled(features, labels, margin, gamma):
    """One loss over all pairs of the batch, divided by its size. features: B x D of any norm. labels: int64 B."""
    similarity, same = _pairs(features, labels)
    above = torch.ones_like(same).triu(1)
    return of_cosines(similarity[same & above], similarity[~same & above], margin, gamma) / len(labels)


def per_anchor(features, labels, margin, gamma):
    """The mean over the crops of the loss of each with all others."""
    similarity, same = _pairs(features, labels)
    others = ~torch.eye(len(labels), dtype=torch.bool, device=same.device)
    losses = [
        of_cosines(row[alike & own], row[~alike], margin, gamma)
        for row, alike, own in zip(similarity, same, others, strict=True)
    ]
    return torch.stack(losses).mean()


def of_cosines(positive, negative, margin, gamma):
    """The loss of cosines of equal (P) and unequal (N) labels; 0 where there are none of either."""
    if not len(positive) or not len(negative):
        return 0.0 * (positive.sum() + negative.sum())
    near = F.relu(negative.detach() + margin) * (negative - margin)
    far = -F.relu(1 + margin - positive.detach()) * (positive - 1 + margin)
    return F.softplus((gamma * near).logsumexp(0) + (gamma * far).logsumexp(0))


def _pairs(features, labels):
    unit = F.normalize(features.float())
    return contrast.cosines(unit, unit), labels[:, None] == labels


FORMS = {"pooled": pooled, "anchor": per_anchor}
