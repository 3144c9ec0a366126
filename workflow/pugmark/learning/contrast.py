"""Losses that set a crop's other view against all other crops: of SimCLR and of MoCo.

Source: Chen et al., A simple framework for contrastive learning (2020); He et al., Momentum Contrast (2020).
"""

import torch
from torch.nn import functional as F


def cosines(rows, others):
    """Cosine similarities of unit rows, N x D and M x D, as N x M in single precision.

    Half precision would err by a tenth in logits that are divided by a small temperature.
    """
    with torch.autocast(rows.device.type, enabled=False):
        return rows.float() @ others.float().T


def nt_xent(similarity, temperature):
    """Mean over rows of -log exp(s_ij / t) / sum over k != i of exp(s_ik / t), j the other view of i.

    similarity: N x N, cosine, of the first views of N / 2 crops and then their second views in the same order.
    """
    count = len(similarity)
    itself = torch.eye(count, dtype=torch.bool, device=similarity.device)
    positive = torch.arange(count, device=similarity.device).roll(count // 2)
    return F.cross_entropy((similarity / temperature).masked_fill(itself, -torch.inf), positive)


def info_nce(queries, keys, queue, temperature):
    """Mean cross-entropy of each query's own key among it and all keys of the queue, of cosines over the temperature.

    queries, keys: unit rows, B x D; queue: unit rows, Q x D.
    """
    own = (queries.float() * keys.float()).sum(1, keepdim=True)
    logits = torch.cat((own, cosines(queries, queue)), 1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64, device=logits.device))
