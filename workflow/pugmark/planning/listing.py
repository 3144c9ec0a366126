"""What lies in a batch folder, as checksums that change when a result would, and at no other time.

Media count by name and size, because hashing every image at each start would read the whole archive. Tables count by
content, and `labels.csv` only by what a stage takes from it: a name, corrected or new, reruns no detection. A survey of
a million pictures is listed whenever the workflow starts, so every call per file counts here.
"""

import hashlib
import os
from dataclasses import dataclass
from operator import itemgetter

from pugmark.formats import folder as folders
from pugmark.formats import kinds, text

SIDECARS = (".csv", ".json", ".tsv", ".csv.gz", ".tsv.gz")
_LAST = {kinds.suffix(f"x{suffix}") for suffix in SIDECARS}
WRITTEN_BY_USERS = ("labels.csv", "boxes.csv")
# What ingest takes from a row: times, places, sequences, boxes, and which frames of a video to read.
TAKEN = ("frame", "station", "sequence", "timestamp", "x", "y", "w", "h")
NAMING = ("individual", "viewpoint", "split", "individualID")


@dataclass(frozen=True)
class Listing:
    """Checksums of one batch folder.

    media: of all that decides which pixels are read, and when and where they were taken. labels: of that, and of all
    that decides who is said to be in a picture. names: of the rows of tables that name an animal, so that pictures
    added without one change nothing. videos: whether there are any.
    """

    media: str = ""
    labels: str = ""
    names: str = ""
    videos: bool = False


def of(folder, every=False):
    """The Listing of `folder`, from one walk through it.

    every: count files that are neither media nor tables as well; the classes of published data sets read some of them.
    A folder that cannot be opened is left to the stage that reads it, which says what is wrong.
    """
    media, names = hashlib.sha256(), hashlib.sha256()
    try:
        found = sorted(((path, kinds.suffix(path), entry) for path, entry in folders.walk(folder)), key=itemgetter(0))
        found = [(path, suffix, _size(path, suffix, entry)) for path, suffix, entry in found]
        contents = [(path, folders.content(os.path.join(folder, path))) for path, _, size in found if size is None]
    except folders.BatchError as error:
        return Listing(*[_digest(str(error)).hexdigest()[:16]] * 3)
    counted = [facts for facts in found if facts[2] is not None and (every or facts[1] in kinds.MEDIA)]
    media.update(_digest("".join(f"{path}\0{size}\0" for path, _, size in counted)).digest())
    labels = media.copy()
    for path, content in contents:
        taken, naming = _parts(path, content)
        # A file that says nothing is as good as none.
        for digest, said in ((media, taken), (labels, taken), (labels, naming), (names, naming)):
            digest.update(_digest(f"{path}\0{said}").digest() if said else b"")
    videos = any(suffix in kinds.VIDEOS for _, suffix, _ in counted)
    return Listing(*(digest.hexdigest()[:16] for digest in (media, labels, names)), videos=videos)


def file(path):
    """Checksum of the content of one table that lies apart from the batch; of nothing where there is no such file."""
    content = folders.content(path) if folders.is_regular(path) else b""
    return hashlib.sha256(content).hexdigest()[:16]


def _digest(said):
    return hashlib.sha256(said.encode(errors="surrogateescape"))


def _size(path, suffix, entry):
    """Bytes; None where the content counts, and -1 for a link that leads nowhere."""
    try:
        counts = suffix in _LAST and path.lower().endswith(SIDECARS) and entry.is_file()
        return None if counts else entry.stat().st_size
    except OSError:
        return -1


def _parts(path, content):
    """What of a table counts for the media, and what for the names: two texts, empty where it is nothing."""
    whole, users = hashlib.sha256(content).hexdigest(), os.path.basename(path).lower() in WRITTEN_BY_USERS
    if not path.lower().endswith(".csv"):
        return whole, whole if path.lower().endswith(".gz") else ""
    try:
        found = text.table(text.decoded(content))
    except text.CsvError:  # `label` says what is wrong with a table of names, and no detection is lost meanwhile
        return "" if users else whole, whole
    naming = [column for column in NAMING if column in found.columns]
    if users:
        # A species is one of a box.
        boxed = ("species",) if "x" in found.columns else ()
        taken = [column for column in (*TAKEN, *boxed) if column in found.columns]
    elif naming:
        taken = [column for column in found.columns if column not in NAMING]
    else:  # a table without a header is one of named boxes
        return whole, whole if any(column.isdigit() for column in found.columns) else ""
    problems = "".join(found.problems)
    return _rows(found, taken, ["path", *taken]), _rows(found, naming, found.columns) + problems


def _rows(found, wanted, shown):
    """The cells `shown` of the rows that fill any of the columns `wanted`; empty where none does."""
    rows = [[row.get(column) for column in shown] for _, row in found.rows if any(row[column] for column in wanted)]
    return f"{shown}{rows}" if rows else ""
