"""Losses between the crops of a batch, and between crops and proxies of their groups.

Features are float32 B x D, rows of unit norm unless a docstring says otherwise. Labels are int64 B. Sources: Chen et
al., ICE (2021); for the triplet loss, Hermans et al., In defense of the triplet loss (2017).
"""

import torch
from torch.nn import functional as F


def hard_contrast(queries, keys, labels, temperature):
    """Mean InfoNCE loss of the queries: the least similar key of the same label against all keys of other labels.

    Key i has the label of query i. Labels need not be equally frequent. If all labels are equal, the loss is 0.
    """
    similarity, same = queries @ keys.T / temperature, labels[:, None] == labels
    positive = similarity.masked_fill(~same, torch.inf).amin(1, keepdim=True)
    logits = torch.cat((positive, similarity.masked_fill(same, -torch.inf)), 1)
    return (logits.logsumexp(1) - positive[:, 0]).mean()


def consistency(queries, keys, references, temperature):
    """Mean KL(softmax(W W' / t) || softmax(Q K' / t)): queries Q relate to keys K as references W to each other."""
    wanted = F.log_softmax(references @ references.T / temperature, 1)
    found = F.log_softmax(queries @ keys.T / temperature, 1)
    return F.kl_div(found, wanted, reduction="batchmean", log_target=True)


def camera_contrast(queries, labels, cameras, proxies, owners, temperature, negatives):
    """Cross-entropy of each query over all proxies of its label and the `negatives` most similar other proxies.

    proxies: P x D, one for each camera and label. owners: their labels, int64 P. The proxies of the query's label, one
    per camera, share the target equally. The loss is the mean over the queries of a camera, summed over cameras.
    """
    similarity, own = queries @ proxies.T / temperature, labels[:, None] == owners
    others = similarity.masked_fill(own, -torch.inf).topk(min(negatives, len(owners)), 1).values
    total = torch.cat((similarity.masked_fill(~own, -torch.inf), others), 1).logsumexp(1)
    losses = total - (similarity * own).sum(1) / own.sum(1)
    return sum(losses[cameras == camera].mean() for camera in cameras.unique())


def soft_triplet(features, labels):
    """Mean of log(1 + exp(d+ - d-)), with d+ and d- as of `hardest`."""
    positive, negative = hardest(features, labels)
    return F.softplus(positive - negative).mean()


def margin_triplet(features, labels, margin):
    """Mean of max(0, margin + d+ - d-), with d+ and d- as of `hardest`, over all features, also those at 0."""
    positive, negative = hardest(features, labels)
    return F.relu(margin + positive - negative).mean()


def hardest(features, labels):
    """Euclidean distances d+ to the farthest feature of the same label and d- to the nearest of another label, B each.

    features: B x D of any norm. A feature without a partner is its own; d- is infinite where no other label is.
    """
    norms, same = (features**2).sum(1), labels[:, None] == labels
    # The square root has no finite gradient at zero.
    distances = (norms[:, None] + norms - 2 * features @ features.T).clamp(min=1e-12).sqrt()
    return distances.masked_fill(~same, -torch.inf).amax(1), distances.masked_fill(same, torch.inf).amin(1)
