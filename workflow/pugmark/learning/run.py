"""One run of a method as its training sees it: seed, weight files, head count, and where it keeps its progress."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from pugmark.weights import Weights, WeightsError


@dataclass(frozen=True)
class Run:
    """seed; weights {name: Weights}; individuals, the known number of animals; folder for progress, None to keep none;
    key, a checksum of all that decides the result."""

    seed: int
    weights: dict[str, Weights] = field(default_factory=dict)
    individuals: int | None = None
    folder: Path | None = None
    key: str = ""

    def file(self, name):
        """The weight file `name`, None for None. Raises WeightsError."""
        if name is not None and name not in self.weights:
            raise WeightsError(f"The method needs the weights {name!r}: add --weights {name}=PATH.")
        return self.weights.get(name)

    @property
    def checkpoint(self):
        """The sidecar that an interrupted training goes on from."""
        return self.folder / "checkpoint.pt"

    @property
    def history(self):
        """One JSON line per epoch."""
        return self.folder / "history.jsonl"

    @property
    def groups(self):
        """The table of how the learner grouped its crops, epoch by epoch; absent where it groups none."""
        return self.folder / "groups.parquet"


def key(settings, weights, crops):
    """Checksum of settings (anything that JSON holds), weight files and crop ids; a checkpoint of another is stale."""
    content = [settings, sorted(file.sha256 for file in weights.values()), crops.meta["crop_id"].tolist()]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
