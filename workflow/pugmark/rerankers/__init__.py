"""Re-rankers: one file each, found by name; only the chosen one is imported.

A file states its facts as literals, as a method does, and offers one verb:

    prepare(crops, params) -> rescore

One that states LEARNS is fitted on named crops of the training part first, and gets what it then knows:

    fit(teachers, params) -> (scorer, figures)
    prepare(crops, params, scorer) -> rescore

One that states WEIGHTS gets the verified file of the network with which it matches:

    prepare(crops, params, weights) -> rescore

`crops` are the Crops of one evaluation, `teachers` the Teachers. `rescore(query, others, similarities)` gives new
scores, float32 of K from -1 to 1, to the pairs of crop number `query` with the crops `others` (int64 of K), whose
cosines are `similarities`.
"""

import functools
import importlib
from dataclasses import dataclass
from pathlib import Path

from pugmark import catalogues

REQUIRED = ("TITLE", "SOURCE", "PARAMS", "ALLOWED")
OPTIONAL = {
    "KEYPOINTS": (),  # which of its settings the stage `keypoints` is given; () where it reads no key points
    "POINTS": "local",  # the table of key points that it reads; re-rankers that share one share its settings
    "WEIGHTS": {},  # {value of `features`: weight files of what finds these key points, and of what matches them}
    "LEARNS": False,  # is fitted on the named crops of the training part
    "SEVERAL": False,  # reads the vectors of the runs that `with:` names, beside those of the run that it re-ranks
}
FAMILY = "re-ranked"
FOLDER = Path(__file__).parent


class RerankerError(ValueError):
    """An unknown re-ranker or setting, or a re-ranker's file that lacks a literal."""


class NothingToFitError(ValueError):
    """The training part has no pairs of one animal, or none of two animals."""


@dataclass(frozen=True)
class Crops:
    """N crops.

    ids: array of N. vectors: float32 N x D, unit. keypoints: keypoints.table.Points, or None. beside: the vectors of
    other runs. flanks: int N, -1 and 1 for the two sides of an animal, 0 for all else.
    """

    ids: object
    vectors: object
    keypoints: object = None
    beside: tuple = ()
    flanks: object = None


@dataclass(frozen=True)
class Teachers:
    """Named Crops of the training part: their individuals and their sequences, arrays of N."""

    crops: Crops
    individuals: object
    sequences: object


@functools.cache
def catalogue():
    """{name: literals} of every re-ranker's file, without importing any."""
    return catalogues.read(FOLDER, REQUIRED, OPTIONAL, RerankerError, "docs/reranking.md")


def load(name):
    """Import and return the module of re-ranker `name`."""
    catalogues.known(name, catalogue(), "re-ranker", RerankerError)
    return importlib.import_module(f"{__name__}.{name}")


def resolve(name, overrides):
    """The complete parameters of re-ranker `name`: its PARAMS with the user's `overrides`. Raises RerankerError."""
    catalogues.known(name, catalogue(), "re-ranker", RerankerError)
    return catalogues.laid_over(f"re-ranker {name}", catalogue()[name], overrides, RerankerError)
