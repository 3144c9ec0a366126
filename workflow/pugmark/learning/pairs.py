"""Pairs of crops across the frames of a video: which pairs show the same animal, and losses on those pairs.

The rows of a batch are ordered by view, frame and animal. `counts` holds the number of animals in each frame: V views
give N = V * sum(counts) rows. Source: Fang et al., Self-Supervised Animal Identification for Long Videos.
"""

import itertools

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch.nn import functional as F


def blocks(counts, views=2):
    """The slice of rows of each view and frame: a list per view of a list per frame."""
    ends = np.cumsum([0, *counts])
    size = int(ends[-1])
    return [[slice(v * size + a, v * size + b) for a, b in itertools.pairwise(ends)] for v in range(views)]


@torch.no_grad()
def mask(similarity, counts, matching="per_block", min_similarity=None, views=2):
    """M, symmetric N x N: +1 for the same animal, else -1. The losses skip its diagonal, which is +1.

    Within a frame, views of one animal are positive and other animals are negative. Between two frames, the assignment
    that maximises the similarity (cosine, N x N) gives the positive pairs; unequal counts leave the surplus unmatched.
    matching: per_block solves each pair of views separately, consensus solves the mean over views once.
    min_similarity: less similar pairs stay negative. No gradient.
    """
    known = similarity.detach().float().cpu().numpy()
    found = -np.ones_like(known)
    rows = blocks(counts, views)
    for v, w in itertools.product(range(views), repeat=2):
        for k in range(len(counts)):
            np.fill_diagonal(found[rows[v][k], rows[w][k]], 1)
    for k, l in itertools.combinations(range(len(counts)), 2):
        for (v, w), (i, j) in _MATCHINGS[matching](known, rows, k, l):
            block = found[rows[v][k], rows[w][l]]
            close = slice(None) if min_similarity is None else known[rows[v][k], rows[w][l]][i, j] >= min_similarity
            block[i[close], j[close]] = 1
            found[rows[w][l], rows[v][k]] = block.T
    return torch.from_numpy(found).to(similarity.device)


def named_mask(labels, views=2):
    """M from the true names: what `mask` returns if every assignment is right.

    labels: int64, sum(counts): the individual of each crop, the same for all its views.
    """
    rows = labels.repeat(views)
    return torch.where(rows[:, None] == rows, 1.0, -1.0)


def _per_block(known, rows, k, l):
    for v, w in itertools.product(range(len(rows)), repeat=2):
        yield (v, w), linear_sum_assignment(known[rows[v][k], rows[w][l]], maximize=True)


def _consensus(known, rows, k, l):
    pairs = list(itertools.product(range(len(rows)), repeat=2))
    mean = np.mean([known[rows[v][k], rows[w][l]] for v, w in pairs], axis=0)
    matched = linear_sum_assignment(mean, maximize=True)
    return [(pair, matched) for pair in pairs]


_MATCHINGS = {"per_block": _per_block, "consensus": _consensus}


def bce(similarity, mask, scale, bias):
    """Binary cross-entropy over the pairs i != j: -1/N^2 sum log sigmoid(M (scale S + bias)).

    similarity, mask: N x N. The bias is inside the product with M, as in the paper's text and unlike its equation 3.
    """
    terms = F.logsigmoid(mask * (scale * similarity + bias))
    return -_off_diagonal(terms, 0.0).sum() / len(mask) ** 2


def supcon(similarity, mask, scale):
    """Supervised contrastive loss, averaged over the ordered positive pairs. scale: 1 / temperature."""
    logits = scale * similarity
    others = torch.logsumexp(_off_diagonal(logits, -torch.inf), 1, keepdim=True)
    positive = _off_diagonal(mask, -1.0) > 0
    return (others - logits)[positive].mean()


def _off_diagonal(matrix, value):
    return matrix.masked_fill(torch.eye(len(matrix), dtype=torch.bool, device=matrix.device), value)
