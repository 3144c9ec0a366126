"""A re-ranker at work on a collection: what it reads of crops, and what it learns from the training part.

`asked` is what the plan says of a re-ranker: {"name", "shortlist", "params"}, and the runs that it reads under "with".
"""

import functools
import logging

from pugmark import rerankers, vectors
from pugmark.identity.matching import FLANKS
from pugmark.keypoints import table as keypoints

log = logging.getLogger(__name__)


def crops(rows, features, asked, folder):
    """rerankers.Crops of these rows of the split, with what the re-ranker reads.

    features: float32 N x D of unit norm, row by row. folder: holds {batch}/keypoints and {batch}/features.
    """
    facts = rerankers.catalogue()[asked["name"]]
    reads = facts["KEYPOINTS"]
    points = keypoints.of_collection(rows, folder, facts["POINTS"], asked["params"]["most"]) if reads else None
    beside = tuple(vectors.of_collection(rows, folder, run) for run in asked.get("with", ()))
    flanks = rows["viewpoint"].map(FLANKS).fillna(0).to_numpy(int)
    return rerankers.Crops(rows["crop_id"].to_numpy(object), features, points, beside, flanks)


def prepared(asked, teachers, folder, run, weights):
    """(The function from rerankers.Crops to `rescore`, figures of its fit: {metric: value}).

    teachers: split of the collection on whose named training crops it is fitted, if it is fitted. folder: of that
    collection's batches. run: whose features it starts from. weights: Weights of a network that matches, or None.
    """
    module, params, facts = rerankers.load(asked["name"]), asked["params"], rerankers.catalogue()[asked["name"]]
    if not facts["LEARNS"]:
        own = {"weights": weights} if facts["WEIGHTS"] else {}
        return functools.partial(module.prepare, params=params, **own), {}
    rows = taught(teachers).reset_index(drop=True)
    known = [rows[column].to_numpy(object) for column in ("individual", "sequence")]
    seen = crops(rows, vectors.of_collection(rows, folder, run), asked, folder)
    scorer, figures = module.fit(rerankers.Teachers(seen, *known), params)
    log.info("%s was fitted: %s", asked["name"], ", ".join(f"{name} {value:.4g}" for name, value in figures.items()))
    return functools.partial(module.prepare, params=params, scorer=scorer), figures


def taught(split):
    """The crops of a split that a re-ranker learns from: the named ones of the training part."""
    return split[split["individual"].notna() & (split["split"] == "train")]
