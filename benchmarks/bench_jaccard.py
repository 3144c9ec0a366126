"""k-reciprocal Jaccard distance and DBSCAN beside a dense implementation of the published kind.

    PYTHONPATH=workflow python benchmarks/bench_jaccard.py [--large]

10,000 x 2,048; with --large also 100,000 x 2,048, ours alone. Features are individuals of 25 images with noise around
them. Seconds leave out imports and the making of the features, peak memory leaves out nothing.
"""

import argparse
import sys

import measure
import numpy as np


def make(number, size=2048, each=25, noise=4.0):
    """Unit vectors, float32, `number` x `size`, and their individuals."""
    random = np.random.default_rng(0)
    names = np.arange(number) // each
    centres = random.standard_normal((names[-1] + 1, size), np.float32)
    vectors = random.standard_normal((number, size), np.float32)
    vectors *= noise
    vectors += centres[names]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, names


def pugmark(vectors):
    """Ours: sparse from the neighbour lists on."""
    from pugmark.clustering.algorithms import pseudo_labels

    return lambda: pseudo_labels(vectors, 0.6, 4, 30, 6)


def peer(vectors):
    """Dense: an N x N weight matrix, an N x N distance matrix, a Python loop over rows."""
    import torch
    from sklearn.cluster import DBSCAN

    def work():
        distances = dense(torch.from_numpy(vectors), 30, 6)
        return DBSCAN(eps=0.6, min_samples=4, metric="precomputed", n_jobs=-1).fit_predict(distances)

    return work


def dense(vectors, k1, k2):
    """The distance matrix as the specification says it, one row at a time, with dense weights."""
    import torch

    number = len(vectors)
    lists = torch.cat([(part @ vectors.T).topk(k1)[1] for part in vectors.split(1000)]).numpy()
    half = round(k1 / 2)
    full_sets = [row[(lists[row] == i).any(1)] for i, row in enumerate(lists)]
    half_sets = [row[:half][(lists[row[:half], :half] == i).any(1)] for i, row in enumerate(lists)]
    weights = np.zeros((number, number), np.float32)
    for i, members in enumerate(full_sets):
        extra = [
            half_sets[j] for j in members if len(np.intersect1d(half_sets[j], members)) > 2 / 3 * len(half_sets[j])
        ]
        chosen = torch.from_numpy(np.unique(np.concatenate([members, *extra])))
        weights[i, chosen] = torch.softmax(2 * (vectors[chosen] @ vectors[i]) - 2, 0).numpy()
    weights = np.stack([weights[row[:k2]].mean(0) for row in lists])
    columns = [np.flatnonzero(weights[:, j]) for j in range(number)]
    distances = np.zeros((number, number), np.float32)
    for i in range(number):
        shared = np.zeros(number, np.float32)
        for j in np.flatnonzero(weights[i]):
            shared[columns[j]] += np.minimum(weights[i, j], weights[columns[j], j])
        distances[i] = 1 - shared / (2 - shared)
    return distances.clip(0)


def child(side, number):
    """Do one side's work; the facts show that both find the same."""
    from sklearn.metrics import adjusted_rand_score

    vectors, names = make(number)
    work = {"pugmark": pugmark, "peer": peer}[side](vectors)
    with measure.stopwatch() as facts:
        labels = work()
        facts |= {"clusters": int(labels.max()) + 1, "noise": int((labels < 0).sum())}
    return adjusted_rand_score(names, labels)


def main():
    """Parent: compare; child: do one side's work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="also 100,000 vectors, ours alone")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child", nargs=2, metavar=("SIDE", "NUMBER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        side, number = arguments.child
        child(side, int(number))
        return
    command = [sys.executable, __file__, "--child"]
    measure.compare({side: [*command, side, "10000"] for side in ("pugmark", "peer")}, arguments.repeats)
    if arguments.large:
        measure.compare({"pugmark, 100,000": [*command, "pugmark", "100000"]}, 1)


if __name__ == "__main__":
    main()
