"""Pairs a second by local key points beside OpenCV's matcher with RANSAC, one pair at a time.

    PYTHONPATH=workflow OMP_NUM_THREADS=2 python benchmarks/bench_local.py

256 RootSIFT key points in each of 200 crops of 20 animals. Of a crop's key points 64 are those of its animal, moved;
the rest are random. Both find the same kind of evidence: mutual matches within the ratio, and the affine map that most
agree with. Seconds leave out imports and the making of the key points.
"""

import time

import cv2
import numpy as np

from pugmark import rerankers
from pugmark.keypoints import match, table

CROPS, ANIMALS, SHARED = 200, 20, 64
QUERIES, SHORTLIST = 20, 100


def make():
    """Points of CROPS crops."""
    random = np.random.default_rng(0)
    coats = [_random(random, SHARED) for _ in range(ANIMALS)]
    places, descriptors = [], []
    for crop in range(CROPS):
        coat, others = coats[crop % ANIMALS], _random(random, 256 - SHARED)
        moved = coat[0] * random.uniform(0.8, 1.2) + random.normal(0, 0.003, coat[0].shape)
        shown = np.clip(coat[1] + random.normal(0, 10, coat[1].shape), 0, 255)
        places.append(np.concatenate([moved, others[0]]))
        descriptors.append(np.concatenate([shown, others[1]]))
    number = np.full(CROPS, 256)
    return table.Points(number, np.array(places, np.float32), np.array(descriptors, np.uint8))


def _random(random, number):
    return random.random((number, 2)), random.gamma(0.6, 30, (number, 128)).clip(0, 255)


def pugmark(points, pairs, params):
    """Counts of each query's pairs, by blocks."""
    order = np.arange(CROPS)
    return np.array([match.agreeing(points, query, others, order, params) for query, others in pairs])


def peer(points, pairs, params):
    """The same by BFMatcher and RANSAC, pair by pair."""
    roots, matcher = match.vectors(points, np.arange(CROPS), "sift"), cv2.BFMatcher()
    return np.array(
        [[_one(points, roots, matcher, query, other, params) for other in others] for query, others in pairs]
    )


def _one(points, roots, matcher, query, other, params):
    back = {found.queryIdx: found.trainIdx for found in matcher.match(roots[other], roots[query])}
    forward = matcher.knnMatch(roots[query], roots[other], 2)
    kept = [one for one, two in forward if one.distance < params["ratio"] * two.distance]
    kept = [one for one in kept if back[one.trainIdx] == one.queryIdx]
    if len(kept) < params["floor"]:
        return 0
    left = points.places[query, [one.queryIdx for one in kept]] * params["side"]
    right = points.places[other, [one.trainIdx for one in kept]] * params["side"]
    _, inliers = cv2.estimateAffine2D(left, right, None, cv2.RANSAC, params["tolerance"] * params["side"], 1000, 0.999)
    return 0 if inliers is None else int(inliers.sum())


def main():
    """Print pairs a second of both, and how well their evidence agrees."""
    cv2.setNumThreads(2)
    points, params = make(), settings()
    pairs = [(query, np.setdiff1d(np.arange(CROPS), query)[:SHORTLIST]) for query in range(QUERIES)]
    found = {}
    for work in (pugmark, peer):
        start = time.perf_counter()
        found[work.__name__] = work(points, pairs, params)
        seconds = time.perf_counter() - start
        print(f"{work.__name__}: {QUERIES * SHORTLIST / seconds:,.0f} pairs/s ({seconds:.2f} s)")
    ours, theirs = (found[name] >= params["floor"] for name in ("pugmark", "peer"))
    print(f"same verdict in {np.mean(ours == theirs):.1%} of pairs; evidence in {ours.mean():.1%}")


def settings():
    """The default settings of the re-ranker."""
    return rerankers.resolve("local", {})


if __name__ == "__main__":
    main()
