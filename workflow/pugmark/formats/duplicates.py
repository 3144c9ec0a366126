"""Files of equal content: the first of them is used, and what is said of the others is said of it."""

import os
from collections import defaultdict

from pugmark import weights
from pugmark.formats import folder, kinds

_STATUS = "duplicate of "


def originals(batch, media):
    """{path: the first of `media` (sorted paths below `batch`) of the same content and kind}, of every other one.

    Only files of one size are read. What cannot be opened is no duplicate.
    """
    sizes, first, found = defaultdict(list), {}, {}
    for path in media:
        if os.path.isfile(batch / path):
            sizes[os.path.getsize(batch / path)].append(path)
    for path in sorted(path for paths in sizes.values() if len(paths) > 1 for path in paths):
        try:
            key = weights.sha256(batch / path), kinds.is_video(path)
        except OSError:
            continue
        if first.setdefault(key, path) != path:
            found[path] = first[key]
    return found


def row(path, original, station):
    """The row of the media table of a duplicate, from that of its `original`."""
    good = original["status"] == "ok"
    status = _STATUS + folder.printable(original["path"]) if good else original["status"]
    return original | {"path": path, "station": station, "status": status}


def in_table(media):
    """{path: that of its original} of the duplicates in a media table (DataFrame)."""
    twice = media[media["status"].str.startswith(_STATUS)]
    return dict(zip(twice["path"], twice["status"].str.removeprefix(_STATUS), strict=True))


def moved(said, originals):
    """`said` (DataFrame of sidecars.read) with what is said of duplicates as said of their originals, once."""
    moved = said.assign(path=said["path"].map(lambda path: originals.get(path, path)))
    return moved.drop_duplicates([column for column in moved if column != "where"], ignore_index=True)
