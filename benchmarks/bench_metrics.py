"""Mean average precision and Rank-1 beside pytorch-metric-learning's, and ours alone at a size that it cannot hold.

    PYTHONPATH=workflow python benchmarks/bench_metrics.py [--large]

2,000 queries x 20,000 gallery x 512; with --large also 20,000 x 100,000 x 512. Features are individuals with noise
around them. Both sides read the same files; seconds leave out imports and reading, peak memory leaves out nothing.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import measure
import numpy as np


def make(folder, queries, gallery, size=512, individuals=400, noise=2.5):
    """Write unit vectors (float32) and individuals of both parts as .npy files."""
    random = np.random.default_rng(0)
    centres = random.standard_normal((individuals, size), np.float32)
    for part, number in (("query", queries), ("gallery", gallery)):
        names = random.integers(0, individuals, number)
        vectors = centres[names] + noise * random.standard_normal((number, size), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        np.save(folder / f"{part}.npy", vectors)
        np.save(folder / f"{part}_names.npy", names)


def load(folder):
    """[query vectors, query names, gallery vectors, gallery names]; vectors are mapped into memory."""
    files = [folder / f"{part}{kind}.npy" for part in ("query", "gallery") for kind in ("", "_names")]
    return [np.load(file, mmap_mode="r") for file in files]


def pugmark(folder):
    """Ours: every rank, both average precisions, ten neighbours of each query."""
    from pugmark.metrics.ranking import Items, rank

    queries, names, gallery, others = map(np.array, load(folder))
    with measure.stopwatch() as facts:
        found = rank(Items(queries, np.arange(len(names)), names), Items(gallery, -1 - np.arange(len(others)), others))
        facts |= {"mAP": round(found["ap"].mean(), 6), "rank1": round((found["first_rank"] == 1).mean(), 6)}


def peer(folder):
    """pytorch-metric-learning with k=None: mAP and precision at 1 over the whole gallery."""
    import torch
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    tensors = [torch.from_numpy(np.array(array)) for array in load(folder)]
    wanted = ("mean_average_precision", "precision_at_1")
    calculator = AccuracyCalculator(include=wanted, k=None, device=torch.device("cpu"))
    with measure.stopwatch() as facts:
        found = calculator.get_accuracy(*tensors)
        facts |= {"mAP": round(found["mean_average_precision"], 6), "rank1": round(found["precision_at_1"], 6)}


def main():
    """Parent: make the data and compare; child: do one side's work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true", help="also 20,000 x 100,000, ours alone")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child", nargs=2, metavar=("SIDE", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        side, folder = arguments.child
        return {"pugmark": pugmark, "peer": peer}[side](Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--child"]
        make(Path(folder), 2000, 20000)
        measure.compare({side: [*command, side, folder] for side in ("pugmark", "peer")}, arguments.repeats)
        if arguments.large:
            make(Path(folder), 20000, 100000)
            measure.compare({"pugmark, large": [*command, "pugmark", folder]}, 1)


if __name__ == "__main__":
    main()
