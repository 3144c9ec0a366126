"""Losses between the crops of a batch, and between them and the groups that they are in.

All features are float32 rows of unit norm unless said otherwise, B x D, and labels int64 B. Sources: Chen et al., ICE
(2021); for the triplet, Hermans et al., In defense of the triplet loss (2017).
"""

import torch
from torch.nn import functional as F


def hard_contrast(queries, keys, labels, temperature):
    """Mean InfoNCE of each query: its least similar key of the same label against all keys of other labels.

    Key i is of the label of query i. Labels may come unequally often; where there is one alone, the loss is 0.
    """
    similarity, same = queries @ keys.T / temperature, labels[:, None] == labels
    positive = similarity.masked_fill(~same, torch.inf).amin(1, keepdim=True)
    logits = torch.cat((positive, similarity.masked_fill(same, -torch.inf)), 1)
    return (logits.logsumexp(1) - positive[:, 0]).mean()


def consistency(queries, keys, references, temperature):
    """Mean KL(softmax(W W' / t) || softmax(Q K' / t)): queries Q see keys K as references W see one another."""
    wanted = F.log_softmax(references @ references.T / temperature, 1)
    found = F.log_softmax(queries @ keys.T / temperature, 1)
    return F.kl_div(found, wanted, reduction="batchmean", log_target=True)


def camera_contrast(queries, labels, cameras, proxies, owners, temperature, negatives):
    """Cross-entropy of each query over all proxies of its label and the `negatives` most similar others.

    proxies: P x D, one for each camera and label; owners: their labels, int64 P. The proxies of the query's label,
    each camera's, share the target equally. Mean over the queries of a camera, summed over cameras.
    """
    similarity, own = queries @ proxies.T / temperature, labels[:, None] == owners
    others = similarity.masked_fill(own, -torch.inf).topk(min(negatives, len(owners)), 1).values
    total = torch.cat((similarity.masked_fill(~own, -torch.inf), others), 1).logsumexp(1)
    losses = total - (similarity * own).sum(1) / own.sum(1)
    return sum(losses[cameras == camera].mean() for camera in cameras.unique())


def soft_triplet(features, labels):
    """Mean of log(1 + exp(d+ - d-)): distances to the farthest feature of the same label and the nearest of another.

    features: B x D of any norm; a feature counts as its own partner where it has no other.
    """
    norms, same = (features**2).sum(1), labels[:, None] == labels
    # The root of zero has no gradient.
    distances = (norms[:, None] + norms - 2 * features @ features.T).clamp(min=1e-12).sqrt()
    positive = distances.masked_fill(~same, -torch.inf).amax(1)
    negative = distances.masked_fill(same, torch.inf).amin(1)
    return F.softplus(positive - negative).mean()
