"""Re-rankers: one file each, found by name; only the chosen one is imported.

A file states its facts as literals, as a method does, and offers one verb:

    prepare(crops, params) -> rescore

`crops` are the Crops of one evaluation. `rescore(query, others, similarities)` gives new scores, float32 of K from -1
to 1, to the pairs of crop number `query` with the crops `others` (int64 of K), whose cosines are `similarities`.
"""

import functools
import importlib
from dataclasses import dataclass
from pathlib import Path

from pugmark import catalogues

REQUIRED = ("TITLE", "SOURCE", "PARAMS", "ALLOWED")
OPTIONAL = {
    "KEYPOINTS": (),  # which of its settings the stage `keypoints` is given; () where it reads no key points
}
FAMILY = "re-ranked"
FOLDER = Path(__file__).parent


class RerankerError(ValueError):
    """An unknown re-ranker or setting, or a re-ranker's file that lacks a literal."""


@dataclass(frozen=True)
class Crops:
    """N crops: ids (array of N), unit vectors (float32 N x D), and key points (keypoints.table.Points) or None."""

    ids: object
    vectors: object
    keypoints: object = None


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
