"""k-reciprocal re-ranking of 3,528 crops against all of them beside a plain dense implementation.

    PYTHONPATH=workflow python benchmarks/bench_reranking.py

Ours scores pairs from sparse weights, query by query: all of them, or those of a shortlist, which is what a run asks
for. The peer has three N x N matrices. Features are those of bench_jaccard, with less noise. Seconds leave out imports
and the making of the features.
"""

import functools
import sys

import bench_jaccard
import measure
import numpy as np

CROPS, NOISE, BLOCK = 3528, 1.0, 256


def pugmark(vectors, shortlist=CROPS):
    """Ours; the crops behind the shortlist keep their cosines, less 4."""
    from pugmark import rerankers
    from pugmark.rerankers import k_reciprocal

    def work():
        crops = rerankers.Crops(np.arange(CROPS).astype(str), vectors)
        rescore = k_reciprocal.prepare(crops, rerankers.resolve("k_reciprocal", {}))
        for query in range(CROPS):
            if query % BLOCK == 0:  # as the evaluation multiplies them
                block = vectors[query : query + BLOCK] @ vectors.T
            cosines = block[query % BLOCK]
            nearest = np.argpartition(-cosines, shortlist - 1)[:shortlist]
            scores = cosines - 4
            scores[nearest] = rescore(query, nearest, cosines[nearest])
            yield scores

    return work


def peer(vectors):
    """The published kind: dense Jaccard distances, blended with the distances divided by their greatest."""
    import torch

    def work():
        away = bench_jaccard.dense(torch.from_numpy(vectors), 20, 6)
        before = 2 - 2 * vectors @ vectors.T
        yield from 1 - 0.7 * away - 0.3 * before / before.max(1, keepdims=True)

    return work


def child(side):
    """Do one side's work; the fact is the share of queries whose nearest crop shows their animal."""
    vectors, names = bench_jaccard.make(CROPS, noise=NOISE)
    sides = {"pugmark": pugmark, "pugmark, 200 nearest": functools.partial(pugmark, shortlist=200), "peer": peer}
    work, right = sides[side](vectors), 0
    with measure.stopwatch() as facts:
        for query, scores in enumerate(work()):
            scores[query] = -np.inf
            right += names[scores.argmax()] == names[query]
        facts["right"] = round(right / CROPS, 4)


def main():
    """Parent: compare; child: do one side's work."""
    if len(sys.argv) == 2:
        child(sys.argv[1])
        return
    measure.compare({side: [sys.executable, __file__, side] for side in ("pugmark", "pugmark, 200 nearest", "peer")})


if __name__ == "__main__":
    main()
