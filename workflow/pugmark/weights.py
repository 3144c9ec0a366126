"""Weight files handed to a stage: verified against their checksum before anything is loaded."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


class WeightsError(RuntimeError):
    """A weight file is missing or is not the file that the manifest describes."""


@dataclass(frozen=True)
class Weights:
    """A verified file. `trusted` says that its full checksum was known beforehand, so that a pickle may be loaded."""

    name: str
    path: Path
    sha256: str
    licence: str
    trusted: bool

    def provenance(self):
        """What a table's metadata records of it."""
        return {"name": self.name, "sha256": self.sha256, "licence": self.licence}


def sha256(path):
    """Hex SHA-256 of a file's content, read in blocks."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verified(pairs, manifest):
    """{name: Weights} of `name=path` arguments; `manifest` maps names to {sha256, licence}.

    A checksum in the manifest may be a prefix of at least 8 hex digits (torchvision's file names carry such); only a
    full one makes a file trusted. Raises WeightsError.
    """
    found = {}
    for pair in pairs:
        name, path = pair.split("=", 1)
        entry = manifest[name]
        digest, expected = sha256(path), (entry.get("sha256") or "").lower()
        if len(expected) < 8 or not digest.startswith(expected):
            raise WeightsError(
                f"{path} has sha256 {digest}, but {name} should have {expected or 'a checksum in weights.files'}: "
                "delete the file and fetch it again, or correct the checksum in config.yaml."
            )
        found[name] = Weights(name, Path(path), digest, entry.get("licence", "unknown"), len(expected) == 64)
    return found
