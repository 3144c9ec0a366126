"""What a method's training is given: seed, weight files, number of individuals, and a folder for its progress."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from pugmark.weights import Weights, WeightsError


@dataclass(frozen=True)
class Run:
    """weights: {name: Weights}. individuals: the known number of animals, or None. folder: for progress, None to keep
    none. key: checksum of everything that determines the result."""

    seed: int
    weights: dict[str, Weights] = field(default_factory=dict)
    individuals: int | None = None
    folder: Path | None = None
    key: str = ""

    def file(self, name):
        """The weight file `name`; None for None. Raises WeightsError."""
        if name is not None and name not in self.weights:
            raise WeightsError(f"The method needs the weights {name!r}: add --weights {name}=PATH.")
        return self.weights.get(name)

    @property
    def checkpoint(self):
        """The file from which an interrupted training resumes."""
        return self.folder / "checkpoint.pt"

    @property
    def history(self):
        """One JSON line per epoch."""
        return self.folder / "history.jsonl"

    @property
    def groups(self):
        """The table of the learner's pseudo-labels, epoch by epoch; absent if it groups no crops."""
        return self.folder / "groups.parquet"


def key(settings, weights, crops):
    """Checksum of settings (any JSON value), weight files and crop ids. A checkpoint with another key is stale."""
    content = [settings, sorted(file.sha256 for file in weights.values()), crops.meta["crop_id"].tolist()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
