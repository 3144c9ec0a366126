"""Crops whose vectors and key points are known, for the tests of re-rankers."""

import dataclasses
import functools
import tempfile
from pathlib import Path

import numpy as np
import torch
from kornia.feature import LightGlue

from pugmark import rerankers
from pugmark.keypoints import table
from pugmark.weights import Weights

MOST, SLOTS = 24, 32


def marks(random):
    """Places (float32 MOST x 2) and SIFT-like descriptors (uint8 MOST x 128) of one animal's coat."""
    return random.random((MOST, 2), np.float32), random.integers(0, 120, (MOST, 128), dtype=np.uint8)


def crops(names, vectors, seed=0, coats=True):
    """rerankers.Crops of the individuals `names`.

    With coats, pictures of one individual show the same key points, moved and scaled; without, all are random.
    """
    random = np.random.default_rng(seed)
    of = {name: marks(np.random.default_rng((1, at))) for at, name in enumerate(sorted(set(names)))}
    rows = []
    for at, name in enumerate(names):
        places, descriptors = of[name] if coats else marks(random)
        moved = (places * random.uniform(0.8, 1.2) + random.uniform(0, 0.1, 2)).astype(np.float32)
        rows.append(table.row(f"c{at:03}", moved, descriptors, SLOTS))
    points = table.stacked([Row(row) for row in rows], SLOTS)
    ids = np.array([row["crop_id"] for row in rows], object)
    return rerankers.Crops(ids, vectors, points, flanks=np.zeros(len(ids), int))


def teachers(beside=0):
    """rerankers.Teachers: six animals in five sequences of one crop each, whose coats and vectors say who they are.

    beside: how many further runs there are, with vectors as good as the first's.
    """
    names, random = np.repeat([f"t{at}" for at in range(6)], 5).astype(object), np.random.default_rng(9)
    centres = np.repeat(random.standard_normal((6, 16)), 5, axis=0)
    several = [unit(centres + random.standard_normal(centres.shape)) for _ in range(1 + beside)]
    seen = dataclasses.replace(crops(names, several[0], 9), beside=tuple(several[1:]))
    return rerankers.Teachers(seen, names, np.array([f"s{at}" for at in range(30)], object))


def halved(seen):
    """The same Crops with key points as networks find them: inside the picture, of 128 half-precision numbers."""
    points = seen.keypoints
    centred = points.descriptors.astype(np.float32) - 60
    lengths = np.linalg.norm(centred, axis=2, keepdims=True)
    halves = (40 * centred / lengths).astype(np.float16)  # longer than one, so that matches are sure
    moved = table.Points(points.number, points.places / np.float32(1.5), halves.view(np.uint8))
    return dataclasses.replace(seen, keypoints=moved)


@functools.cache
def weights():
    """Weights of a LightGlue that matches like to like."""
    path = Path(tempfile.mkdtemp()) / "lightglue.pth"
    torch.save(like_to_like(), path)
    return Weights("tiny", path, "0" * 64, "none", True)


def like_to_like():
    """The state of a LightGlue of one block, random but for its attention, which is off: descriptors decide alone."""
    torch.manual_seed(0)
    network = LightGlue(None, input_dim=128, n_layers=1, weights=None)
    for attention in (network.transformers[0].self_attn, network.transformers[0].cross_attn):
        torch.nn.init.zeros_(attention.ffn[3].weight)
        torch.nn.init.zeros_(attention.ffn[3].bias)
    torch.nn.init.orthogonal_(network.input_proj.weight)
    last = network.log_assignment[0]
    torch.nn.init.eye_(last.final_proj.weight)
    torch.nn.init.zeros_(last.final_proj.bias)
    torch.nn.init.constant_(last.matchability.bias, 8.0)
    return network.state_dict()


class Row:
    """A row of the keypoints table, its columns as attributes."""

    def __init__(self, row):
        self.__dict__.update(row)


def taken(seen, order):
    """The same crops in another order."""
    points = seen.keypoints
    moved = table.Points(points.number[order], points.places[order], points.descriptors[order])
    return rerankers.Crops(seen.ids[order], seen.vectors[order], moved, flanks=seen.flanks[order])


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
