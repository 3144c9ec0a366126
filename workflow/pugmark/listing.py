"""What lies in a batch folder, as checksums that change when a result would and at no other time.

Media count by name and size (hashing every image at each start would read the whole archive), sidecars by content. The
columns of a table that only name animals are left out of the media's checksum: a corrected name reruns evaluation, not
detection.
"""

import csv
import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

SIDECARS = {".csv", ".json"}
NAMING_COLUMNS = {"individual", "viewpoint", "split", "individualID"}


@dataclass(frozen=True)
class Listing:
    """Checksums of one batch folder: `media`, of everything that decides which pixels are read and when and where they
    were taken; `labels`, of all that decides who is said to be in a picture; `names`, of the rows of tables that name
    an animal, so that pictures added without one change nothing; `stamp`, of the times at which the files were last
    written, by which one folder is told from another with files of the same names and sizes.
    """

    media: str = ""
    labels: str = ""
    names: str = ""
    stamp: str = ""


def of(folder):
    """The Listing of `folder`, from one walk through it. Hidden files do not count."""
    digests = {kind: hashlib.sha256() for kind in ("media", "labels", "names", "stamp")}
    for path, size, written in sorted(_files(folder)):
        name = os.path.relpath(path, folder).encode(errors="surrogateescape")
        parts = _sidecar(Path(path)) if Path(path).suffix.lower() in SIDECARS else {}
        for kind in ("media", "labels"):
            digests[kind].update(b"%b\0%d\0%b" % (name, size, parts.get(kind, b"")))
        digests["stamp"].update(b"%b\0%d\0" % (name, written))
        if "names" in parts:
            digests["names"].update(name + b"\0" + parts["names"])
    return Listing(**{kind: digest.hexdigest()[:16] for kind, digest in digests.items()})


def file(path):
    """Checksum of the content of one table that lies apart from the batch; of nothing where it is absent."""
    content = Path(path).read_bytes() if os.path.exists(path) else b""
    return hashlib.sha256(content).hexdigest()[:16]


def _files(folder):
    for entry in os.scandir(folder):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files(entry.path)
        elif os.path.exists(entry.path):
            found = entry.stat()
            # The size of a table is part of its content, which counts separately.
            known = Path(entry.name).suffix.lower() in SIDECARS
            yield entry.path, -1 if known else found.st_size, found.st_mtime_ns
        else:
            yield entry.path, -1, 0


def _sidecar(path):
    """{kind: digest of what of the sidecar counts for it}."""
    if not path.exists():
        return {}
    content = path.read_bytes()
    parts = {"media": content, "labels": content}
    if path.suffix.lower() == ".csv":
        rows = _rows(content)
        parts |= {"media": _joined(_without_names(rows)), "names": _joined(_naming(rows))}
    return {kind: hashlib.sha256(part).digest() for kind, part in parts.items()}


def _rows(content):
    text = content.decode("utf-8-sig", errors="surrogateescape")
    try:
        return list(csv.reader(io.StringIO(text)))
    except csv.Error:  # the stage that reads it says what is wrong with it
        return [[text]]


def _without_names(rows):
    kept = [i for i, column in enumerate(rows[0]) if column.strip() not in NAMING_COLUMNS] if rows else []
    return [[row[i] for i in kept if i < len(row)] for row in rows]


def _naming(rows):
    """The rows that name an animal; all rows of a table without a header, which is one of named boxes."""
    naming = [i for i, column in enumerate(rows[0]) if column.strip() in NAMING_COLUMNS] if rows else []
    if naming:
        return [row for row in rows if any(i < len(row) and row[i].strip() for i in naming)]
    headerless = bool(rows) and any(cell.strip().isdigit() for cell in rows[0])
    return rows if headerless else []


def _joined(rows):
    return "\n".join("\0".join(row) for row in rows).encode(errors="surrogateescape")
