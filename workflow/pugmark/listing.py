"""What lies in a batch folder, as checksums that change when a result would and at no other time.

Media count by name and size (hashing every image at each start would read the whole archive), sidecars by content. The
columns of a table that only name animals are left out of the media's listing: a corrected name reruns evaluation, not
detection.
"""

import csv
import hashlib
import io
import os
from pathlib import Path

SIDECARS = {".csv", ".json"}
NAMING_COLUMNS = {"individual", "viewpoint", "split"}


def media(folder):
    """Checksum of everything in `folder` that decides which pixels are read and when and where they were taken."""
    return _checksum(folder, lambda path: _without_names(path) if path.suffix == ".csv" else path.read_bytes())


def labels(folder):
    """Checksum of the sidecars and file names in `folder`: all that decides who is said to be in a picture."""
    return _checksum(folder, Path.read_bytes)


def _checksum(folder, content):
    digest = hashlib.sha256()
    for path, size in sorted(_files(folder)):
        relative = os.path.relpath(path, folder)
        digest.update(f"{relative}\0{size}\0".encode(errors="surrogateescape"))
        if Path(path).suffix.lower() in SIDECARS:
            digest.update(hashlib.sha256(content(Path(path))).digest())
    return digest.hexdigest()[:16]


def _files(folder):
    for entry in os.scandir(folder):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(entry.path)
        else:
            # The size of a table is part of its content, which counts separately.
            known = Path(entry.name).suffix.lower() in SIDECARS or not os.path.exists(entry.path)
            yield entry.path, -1 if known else entry.stat().st_size


def _without_names(path):
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig", errors="surrogateescape"))))
    kept = [i for i, column in enumerate(rows[0]) if column.strip() not in NAMING_COLUMNS] if rows else []
    return "\n".join("\0".join(row[i] for i in kept if i < len(row)) for row in rows).encode(errors="surrogateescape")
