"""What lies in a batch folder. Every part of Pugmark that looks for files in a batch walks it with `walk`.

Imports nothing heavy: the folder is walked whenever the workflow is parsed, and may hold a million pictures.
"""

import os
from collections import Counter
from operator import attrgetter

from pugmark.formats import kinds

# What systems and programs keep for themselves, in small letters: thumbnails, recycle bins, snapshots, lists.
JUNK = frozenset({"$recycle.bin", "recycler", "recycled", "system volume information", "lost+found", "__macosx"}) | {
    *("@eadir", "@recycle", "@recently-snapshot", "@tmp", "#recycle", "#snapshot", "__pycache__"),
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "lost.dir", "deletedfiles"),  # the last is Timelapse's bin
}


class BatchError(ValueError):
    """Something in a batch folder must be mended by its owner: the message says what, where and how."""


def is_junk(name):
    """Whether a system or a program, and no person, made the file or folder called `name`, or hid it."""
    return name.startswith(".") or name.lower() in JUNK


def walk(batch, passed=None):
    """Yield (path, os.DirEntry) of each file below `batch`, in no order; the path is relative to it.

    Hidden files and JUNK are passed over, and counted in the Counter `passed`. Links are followed. A folder that can be
    reached in several ways is entered once, by its own name rather than by a link, and a link to a folder above is not
    entered. A link that leads nowhere, a pipe and a device are files here: see `is_regular` before opening one.
    Raises BatchError where `batch` is no folder, or a folder in it cannot be opened.
    """
    if not os.path.isdir(batch):
        raise BatchError(f"{batch} is no folder: correct the path, or make the folder.")
    passed = Counter() if passed is None else passed
    entered, waiting, linked = _above(batch), [("", os.fspath(batch))], []
    while waiting or linked:
        # Links wait until all folders have been entered by their own names.
        prefix, folder = waiting.pop() if waiting else linked.pop(0)
        known, entries = _entries(folder)
        if known in entered:
            continue
        entered.add(known)
        for entry in entries:
            is_folder = _is_folder(entry)
            if is_junk(entry.name):
                passed["hidden"] += not is_folder
            elif is_folder:
                (linked if entry.is_symlink() else waiting).append((f"{prefix}{entry.name}/", entry.path))
            else:
                yield prefix + entry.name, entry


def is_regular(path):
    """Whether `path` is a file that can be opened without waiting for ever: no pipe, socket, device or dead link."""
    return os.path.isfile(path)


def content(path):
    """The bytes of the file at `path`, which is read whole. Raises BatchError where there is none to read."""
    if os.path.exists(path) and not is_regular(path):
        raise BatchError(f"{path} is no file but a folder, a pipe or a device: put the file there, or move that away.")
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise BatchError(
            f"{path} cannot be read ({error.strerror}): check that it is there and may be read."
        ) from error


def listing(batch):
    """The media and the sidecars below `batch`: two sorted lists of paths relative to it, and a Counter of the rest:
    how many files are `hidden`, and how many there are of each suffix that nothing here reads. Raises as `walk` does.
    """
    media, sidecars, passed = [], [], Counter()
    for path, _ in walk(batch, passed):
        if kinds.is_media(path):
            media.append(path)
        elif kinds.suffix(path) not in kinds.SIDECARS:
            passed[_kind(path)] += 1
        else:
            sidecars.append(path)
    return sorted(media), sorted(sidecars), passed


def _kind(path):
    """The suffix of `path`, where it is one that tells a kind of file; `.001` and `.2024-05-31` do not."""
    suffix = kinds.suffix(path)
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() and not suffix[1:].isdigit() else "other"


def printable(path):
    """`path` as text that any table can hold: bytes of a name that are not UTF-8 become backslash escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _above(batch):
    """Identities of the folders that hold `batch`."""
    folder, found = os.path.realpath(batch), set()
    while (above := os.path.dirname(folder)) != folder:
        folder = above
        found.add(_identity(folder))
    return found


def _identity(folder):
    facts = os.stat(folder)
    return facts.st_dev, facts.st_ino


def _entries(folder):
    try:
        with os.scandir(folder) as entries:
            # In order, so that of two links to one folder it is always the same that is entered.
            return _identity(folder), sorted(entries, key=attrgetter("name"))
    except OSError as error:
        raise BatchError(f"The folder {folder} cannot be opened ({error.strerror}): allow it, or move it.") from error


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
