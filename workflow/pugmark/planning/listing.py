"""What lies in a batch folder, as checksums that change when a result would and at no other time.

Media count by name and size (hashing every image at each start would read the whole archive), sidecars by content. The
columns of a table that only name animals are left out of the media's checksum: a corrected name reruns evaluation, not
detection. A survey of a million pictures is listed whenever the workflow starts, so every call per file counts here.
"""

import csv
import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

SIDECARS = (".csv", ".json")
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
    found = sorted(_files(folder, ""))
    media = _digest("".join(f"{path}\0{size}\0" for path, size, _ in found))
    stamp = _digest("".join(f"{path}\0{written}\0" for path, _, written in found))
    labels, names = media.copy(), hashlib.sha256()
    for path, size, _ in found:
        if size == -1 and os.path.isfile(os.path.join(folder, path)):
            content = Path(folder, path).read_bytes()
            decisive, naming = _table(content) if path.lower().endswith(".csv") else (content, b"")
            media.update(hashlib.sha256(decisive).digest())
            labels.update(hashlib.sha256(content).digest())
            names.update(hashlib.sha256(naming).digest() if naming else b"")
    return Listing(*(digest.hexdigest()[:16] for digest in (media, labels, names, stamp)))


def file(path):
    """Checksum of the content of one table that lies apart from the batch; of nothing where it is absent."""
    content = Path(path).read_bytes() if os.path.exists(path) else b""
    return hashlib.sha256(content).hexdigest()[:16]


def _digest(text):
    return hashlib.sha256(text.encode(errors="surrogateescape"))


def _files(folder, prefix):
    """[(path below the batch, bytes, time of writing)]; sidecars, whose size is part of their content, and broken links
    have -1 bytes."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith("."):
                continue
            if entry.is_dir():
                found += _files(entry.path, f"{prefix}{name}/")
            else:
                size, written = _facts(entry)
                found.append((prefix + name, -1 if name.lower().endswith(SIDECARS) else size, written))
    return found


def _facts(entry):
    try:
        found = entry.stat()
    except OSError:
        return -1, 0
    return found.st_size, found.st_mtime_ns


def _table(content):
    """What of a table counts for the media, all but the columns that only name animals, and what for the names: the
    rows that name one, or all rows of a table without a header, which is one of named boxes."""
    text = content.decode("utf-8-sig", errors="surrogateescape")
    try:
        columns = [column.strip() for column in next(csv.reader([text.partition("\n")[0]]), [])]
        naming = [i for i, column in enumerate(columns) if column in NAMING_COLUMNS]
        if not naming:
            headerless = any(column.isdigit() for column in columns)
            return content, content if headerless else b""
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:  # the stage that reads it says what is wrong with it
        return content, content
    named = [row for row in rows if any(i < len(row) and row[i].strip() for i in naming)]
    others = [[cell for i, cell in enumerate(row) if i not in naming] for row in rows]
    return _joined(others), _joined(named)


def _joined(rows):
    return "\n".join("\0".join(row) for row in rows).encode(errors="surrogateescape")
