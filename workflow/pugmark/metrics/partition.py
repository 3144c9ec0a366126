"""How well a clustering agrees with the individuals. Cluster -1 is noise.

Noise is never left out. It counts as wrong in the accuracy and as a miss in ID-F1. In ARI and AMI each noise item is a
cluster of its own.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment


def matched(individuals, clusters):
    """Which items are in the cluster matched to their individual by the best one-to-one matching: bool, N.

    Their share is the clustering accuracy (Hungarian). Their number is IDTP, which the same matching maximises.
    """
    names, truth = np.unique(individuals, return_inverse=True)
    found, predicted = np.unique(clusters, return_inverse=True)
    counts = np.zeros((len(found), len(names)), np.int64)
    # add.at, because fancy indexing would count a repeated pair only once.
    np.add.at(counts, (predicted, truth), 1)
    counts[found < 0] = 0
    best = np.full(len(found), -1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    best[rows] = columns
    return (best[predicted] == truth) & (np.asarray(clusters) >= 0)


def id_f1(right, clusters):
    """ID-F1 (Ristani et al., 2016) when truth and prediction share their boxes: 2 IDTP / (boxes + boxes not noise).

    right: whether each box shows its cluster's individual, from `matched`; bool, N. Returns (numerators, denominators)
    per box. ID-F1 is the ratio of their sums.
    """
    return 2.0 * right, 1.0 + (np.asarray(clusters) >= 0)


def agreement(individuals, clusters):
    """Adjusted Rand index and adjusted mutual information (arithmetic averaging)."""
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score  # takes long to load

    clusters = np.array(clusters, np.int64)
    noise = clusters < 0
    clusters[noise] = clusters.max(initial=0) + 1 + np.arange(noise.sum())
    return adjusted_rand_score(individuals, clusters), adjusted_mutual_info_score(individuals, clusters)
