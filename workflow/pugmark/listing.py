"""What lies in a batch folder, as checksums that change when a result would and at no other time.

Media count by name and size (hashing every image at each start would read the whole archive), sidecars by content. The
columns of a table that only name animals are left out of the media's listing: a corrected name reruns evaluation, not
detection. A survey of a million pictures is listed whenever the workflow starts, so every call per file counts here.
"""

import csv
import hashlib
import io
import os

SIDECARS = (".csv", ".json")
NAMING_COLUMNS = {"individual", "viewpoint", "split"}


def checksums(folder):
    """{"media": of everything in `folder` that decides which pixels are read and when and where they were taken,
    "labels": of the sidecars and file names, all that decides who is said to be in a picture}."""
    found = sorted(_files(folder, ""))
    media = hashlib.sha256("".join(f"{path}\0{size}\0" for path, size in found).encode(errors="surrogateescape"))
    labels = media.copy()
    for path, _ in found:
        if path.lower().endswith(SIDECARS):
            with open(os.path.join(folder, path), "rb") as file:
                content = file.read()
            media.update(hashlib.sha256(_without_names(content) if path.endswith(".csv") else content).digest())
            labels.update(hashlib.sha256(content).digest())
    return {"media": media.hexdigest()[:16], "labels": labels.hexdigest()[:16]}


def _files(folder, prefix):
    """[(path below the batch, bytes)]; -1 for sidecars, whose size is part of their content, and for broken links."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if entry.is_dir():
                found += _files(entry.path, f"{prefix}{name}/")
            else:
                found.append((prefix + name, -1 if name.lower().endswith(SIDECARS) else _size(entry)))
    return found


def _size(entry):
    try:
        return entry.stat().st_size
    except OSError:
        return -1


def _without_names(content):
    """A table without NAMING_COLUMNS, as bytes; as it is where it has none, which is known from its first line."""
    text = content.decode("utf-8-sig", errors="surrogateescape")
    columns = next(csv.reader([text.partition("\n")[0]]), [])
    kept = [i for i, column in enumerate(columns) if column.strip() not in NAMING_COLUMNS]
    if len(kept) == len(columns):
        return content
    rows = csv.reader(io.StringIO(text, newline=""))
    lines = ["\0".join([row[i] for i in kept if i < len(row)]) for row in rows]
    return "\n".join(lines).encode(errors="surrogateescape")
