"""What lies in a batch folder."""

import os
from collections import Counter
from pathlib import Path

from pugmark.formats import pixels

SIDECAR_SUFFIXES = {".csv", ".json"}


class BatchError(ValueError):
    """Something in a batch folder must be mended by its owner: the message says what, where and how."""


def listing(batch):
    """The media and the sidecars below `batch`: two sorted lists of paths relative to it, and a Counter of the rest.

    Hidden files and folders are passed over. Links are followed, each linked folder once, so that loops end.
    Raises BatchError where `batch` is no folder or a folder in it cannot be opened.
    """
    if not os.path.isdir(batch):
        raise BatchError(f"{batch} is no folder: correct the path, or make the folder.")
    media, sidecars, passed = [], [], Counter()
    for path in sorted(_walk(Path(batch), passed)):
        suffix = os.path.splitext(path)[1].lower()
        if suffix in pixels.IMAGE_SUFFIXES | pixels.VIDEO_SUFFIXES:
            media.append(path)
        elif suffix in SIDECAR_SUFFIXES:
            sidecars.append(path)
        else:
            passed["files of other kinds"] += 1
    return media, sidecars, passed


def printable(path):
    """`path` as text that any table can hold: bytes of a name that are not UTF-8 become backslash escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _walk(batch, passed):
    entered = set()
    for folder, folders, files in os.walk(batch, followlinks=True, onerror=_refuse):
        real = os.path.realpath(folder)
        if real in entered:
            folders.clear()
            continue
        entered.add(real)
        # Sorted, so that of two ways to one folder it is always the same that counts.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown = [name for name in files if not name.startswith(".")]
        passed["hidden"] += len(files) - len(shown)
        for name in shown:
            yield Path(folder, name).relative_to(batch).as_posix()


def _refuse(error):
    raise BatchError(f"The folder {error.filename} cannot be opened ({error.strerror}): allow it, or take it out.")
