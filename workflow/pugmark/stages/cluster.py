"""Group one run's features into individuals without labels, with each algorithm that is asked for.

    python -m pugmark.stages.cluster --split split.parquet --folder results/C/batches --run NAME \\
        --out clusters.parquet \\
        --settings '{"individuals": 9, "algorithms": {"kmeans": {}, "dbscan": {"eps": 0.6}}, "seed": 1}'
"""

import functools
import logging

import numpy as np
import pandas as pd

from pugmark import tables, vectors
from pugmark.clustering import algorithms, neighbourhood
from pugmark.runtime import cli

DEFAULTS = {"individuals": None, "algorithms": {"kmeans": {}, "dbscan": {}, "agglomerative": {}}, "seed": 0}
DBSCAN = {"eps": 0.6, "min_samples": 4, "k1": None, "k2": 6}
AGGLOMERATIVE = {"threshold": 0.4}
log = logging.getLogger(__name__)


class ClusterError(ValueError):
    """The settings name an algorithm that does not exist."""


def cluster(features, settings, frames=None):
    """{algorithm: int32 labels, N}, -1 for noise, and {algorithm: why it was left out}.

    features: float32 N x D of unit norm. settings: some of DEFAULTS; `individuals` is their number where it is known:
    k-means needs it, and agglomerative then cuts at it rather than at its threshold. frames: N labels, equal for crops
    of one image or frame; kmeans_per_frame needs them. Raises ClusterError.
    """
    settings = DEFAULTS | settings
    labels, skipped = {}, {}
    for name, options in settings["algorithms"].items():
        if name not in _ALGORITHMS:
            raise ClusterError(f"There is no clustering algorithm {name!r}: choose from {', '.join(_ALGORITHMS)}.")
        if name.startswith("kmeans") and settings["individuals"] is None:
            skipped[name] = "needs the number of individuals"
            continue
        labels[name] = _ALGORITHMS[name](features, settings, options, frames)
    return labels, skipped


def scores(features, labels):
    """Cosine similarity of each vector to the mean of its cluster; NaN for noise. float32, N."""
    found, codes = np.unique(labels, return_inverse=True)
    sums = np.zeros((len(found), features.shape[1]), np.float32)
    np.add.at(sums, codes, features)
    means = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
    return np.where(labels < 0, np.nan, np.einsum("nd,nd->n", features, means[codes])).astype(np.float32)


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("split", "folder", "run", "out"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    split = tables.read(arguments.split, "split", columns=["crop_id", "batch", "media_id"])
    features = vectors.of_collection(split, arguments.folder, arguments.run)
    labels, skipped = cluster(features, settings, split["media_id"])
    counts = {name: int(found.max(initial=-1)) + 1 for name, found in labels.items()}
    rows = pd.concat([_rows(split, name, found, features) for name, found in labels.items()] or [_NOTHING])
    tables.write(arguments.out, "clusters", rows, "cluster", settings, counts={"clusters": counts, "skipped": skipped})
    found = [f"{number} clusters by {name}" for name, number in counts.items()]
    found += [f"{name} left out: {why}" for name, why in skipped.items()]
    log.info("%d crops, %s", len(split), ", ".join(found))


_NOTHING = pd.DataFrame({"crop_id": [], "algorithm": [], "cluster": [], "score": []})


def _rows(split, name, labels, features):
    columns = {"crop_id": split["crop_id"], "algorithm": name, "cluster": labels, "score": scores(features, labels)}
    return pd.DataFrame(columns)


def _kmeans(features, settings, *_):
    return algorithms.kmeans(features, settings["individuals"], settings["seed"])


def _kmeans_per_frame(features, settings, _, frames):
    return algorithms.kmeans_per_frame(features, settings["individuals"], frames, settings["seed"])


def _dbscan(features, settings, options, _):
    options = DBSCAN | options
    grouping = functools.cache(lambda k1: algorithms.pseudo_labels(features, **(options | {"k1": k1})))
    k1 = options["k1"]
    if k1 is None:
        k1, told = neighbourhood.derived(grouping, len(features), settings["individuals"])
        log.info("dbscan: %s", told)
    labels = grouping(k1)
    if (share := neighbourhood.largest(labels)) > neighbourhood.SHARE:
        log.warning("dbscan: one cluster holds %.0f%% of the crops and may mix animals: try a smaller k1", 100 * share)
    return labels


def _agglomerative(features, settings, options, _):
    cut = {"clusters": settings["individuals"]} if settings["individuals"] else AGGLOMERATIVE | options
    return algorithms.agglomerative(features, **cut)


def _argmax(features, *_):
    return features.argmax(1).astype(np.int32)


def _tracks(features, *_):
    return algorithms.repeated(features)


_ALGORITHMS = {
    "kmeans": _kmeans,
    "kmeans_per_frame": _kmeans_per_frame,
    "dbscan": _dbscan,
    "agglomerative": _agglomerative,
    # For methods whose vectors are made for them: probabilities of the individuals, and names of tracks.
    "argmax": _argmax,
    "tracks": _tracks,
}

if __name__ == "__main__":
    main()
