"""Weight files handed to a stage: verified against their checksum before anything is loaded, and read without running
code that they may hold."""

import hashlib
import pickle
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
    """{name: Weights} of `name=path` arguments; `manifest` maps names to {sha256, licence}, or to {made, licence} for
    what the workflow makes itself.

    A checksum in the manifest may be a prefix of at least 8 hex digits (torchvision's file names carry such); only a
    full one makes a file trusted. Raises WeightsError.
    """
    found = {}
    for pair in pairs:
        name, path = pair.split("=", 1)
        entry = manifest[name]
        digest, expected = sha256(path), (entry.get("sha256") or "").lower()
        if entry.get("made"):
            expected = digest  # a job of this workflow wrote it
        if not agrees(digest, expected):
            raise WeightsError(
                f"{path} has sha256 {digest}, but {name} should have {expected or 'a checksum in weights.files'}: "
                f"delete the file and fetch it again, or correct the checksum in weights.files.{name}."
            )
        found[name] = Weights(name, Path(path), digest, entry.get("licence", "unknown"), len(expected) == 64)
    return found


def agrees(digest, expected):
    """Whether the SHA-256 `digest` is the `expected` one, of which the first 8 digits or more are known."""
    return len(expected) >= 8 and digest.startswith(expected.lower())


FETCH = "fetch it again, or get the weights as a safetensors file"


def content(path, remedy=FETCH):
    """The tensors and plain values in a torch or safetensors file, on the CPU. Raises WeightsError.

    A pickle that holds anything else is refused: reading it could run code. remedy: what the user may do then.
    """
    # The workflow's parser imports this module and needs neither.
    import safetensors.torch
    import torch

    damaged = (pickle.UnpicklingError, EOFError, RuntimeError, safetensors.SafetensorError)
    try:
        if Path(path).suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except damaged:
        # Without torch's own words, which advise to read it all the same.
        raise WeightsError(
            f"{path} is damaged, or a pickle that holds more than tensors and could run code: {remedy}."
        ) from None
