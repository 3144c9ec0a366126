"""The losses of SimCLR and MoCo: the two views of a crop are a positive pair, all other crops are negatives.

Source: Chen et al., A simple framework for contrastive learning (2020); He et al., Momentum Contrast (2020).
"""

import torch
from torch.nn import functional as F


def cosines(rows, others):
    """Cosine similarities, float32 N x M, of unit rows N x D and M x D.

    In half precision, logits divided by a small temperature would be off by a tenth.
    """
    with torch.autocast(rows.device.type, enabled=False):
        return rows.float() @ others.float().T


def nt_xent(similarity, temperature):
    """Mean over rows i of -log(exp(s_ij / t) / sum over k != i of exp(s_ik / t)), where j is the other view of i.

    similarity: N x N cosine similarities. Rows are the first views of N / 2 crops, then their second views, in the same
    order.
    """
    count = len(similarity)
    itself = torch.eye(count, dtype=torch.bool, device=similarity.device)
    positive = torch.arange(count, device=similarity.device).roll(count // 2)
    return F.cross_entropy((similarity / temperature).masked_fill(itself, -torch.inf), positive)


def supervised(similarity, same):
    """Mean over rows i, and over their positives p, of -log(exp(s_ip) / sum over j of exp(s_ij)).

    similarity: B x C. same: bool, likewise, which columns are positives of a row: at least one. Source: Khosla et al.,
    Supervised contrastive learning (2020), between two sets.
    """
    likely = similarity.log_softmax(1).masked_fill(~same, 0)
    return -(likely.sum(1) / same.sum(1)).mean()


def info_nce(queries, keys, queue, temperature):
    """Mean cross-entropy of picking each query's own key among it and all keys of the queue.

    Logits are cosine similarities over the temperature. queries, keys: unit rows, B x D; queue: unit rows, Q x D.
    """
    own = (queries.float() * keys.float()).sum(1, keepdim=True)
    logits = torch.cat((own, cosines(queries, queue)), 1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64, device=logits.device))
