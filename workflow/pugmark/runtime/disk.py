"""Files that nobody ever sees half-written, and words for what a disk refuses."""

import errno
import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

_RANDOM = "?" * 8  # what mkstemp adds to a name
_BLOCK = 64 << 10  # bytes that a folder must still take
_REFUSALS = {
    errno.ENOSPC: ("the disk is full (of bytes or of files)", "Free space there"),
    errno.EDQUOT: ("the quota of space or of files is used up", "Delete files there or ask for a larger quota"),
    errno.EFBIG: ("it is larger than a file may be here", "Raise the limit (`ulimit -f`)"),
    errno.EROFS: ("the file system is mounted read-only", "Make it writable"),
    errno.EACCES: ("this user may not write there", "Ask for the permission"),
    errno.EPERM: ("this user may not write there", "Ask for the permission"),
}
_ELSEWHERE = "move the results elsewhere and set `results:` in the configuration to where they are"


class DiskError(OSError):
    """A disk did not take a file; the message says which one, why and what to do."""


def replacing(path):
    """Context: a temporary path beside `path` that takes its place, synced with its folder, when the block ends well.

    What killed writers of the same file left behind is removed. Raises DiskError.
    """
    return _replacing(path, _new_file, 0o666)


def replacing_folder(path):
    """The same for a folder, with all that it holds; what `path` held before is removed."""
    return _replacing(path, _new_folder, 0o777)


@contextmanager
def _replacing(path, new, mode):
    path = Path(path)
    with refusals_told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        handle, partial = _beside(path, new)
        try:
            yield partial
            for written in _all_in(partial):
                _sync(written)
            os.chmod(partial, mode & ~_umask())
            if path.is_dir():
                _remove(path)
            os.replace(partial, path)
            _sync(path.parent)
        except BaseException:
            _remove(Path(partial))
            raise
        finally:
            os.close(handle)


@contextmanager
def refusals_told(path):
    """Turn the disk's refusal to take `path`, wherever in a chain of exceptions it stands, into a DiskError."""
    with _told(f"{path} in the folder {Path(path).absolute().parent}", _ELSEWHERE):
        yield


def check(folder, otherwise=_ELSEWHERE):
    """Raise DiskError where nothing can be written in `folder`, or in what is to hold it where it is not there yet.

    otherwise: what the user may do beside making room.
    """
    folder = Path(folder).absolute()
    there = next(part for part in (folder, *folder.parents) if part.is_dir())
    with _told(f"in {there}", otherwise), tempfile.TemporaryFile(dir=there) as file:
        # A full disk still takes the name of a file.
        file.write(bytes(_BLOCK))
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _told(where, otherwise):
    try:
        yield
    except Exception as error:
        # Writers in C++ (torch) hide it behind an error of their own.
        refusal = error
        while refusal and not (isinstance(refusal, OSError) and refusal.errno in _REFUSALS):
            refusal = refusal.__cause__ or refusal.__context__
        if refusal is None or isinstance(error, DiskError):
            raise
        what, remedy = _REFUSALS[refusal.errno]
        message = (
            f"Cannot write {where}: {what}. {remedy}, or {otherwise}; the same command then goes on where it stopped."
        )
        raise DiskError(message) from error


def _all_in(path):
    """A file, or a folder with the files and folders in it."""
    yield path
    for folder, folders, files in os.walk(path):
        yield from (os.path.join(folder, name) for name in (*folders, *files))


def _sync(path):
    """Have a power cut leave the content of a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network file systems sync no folders.
        if error.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(handle)


def _new_file(**where):
    return tempfile.mkstemp(**where)


def _new_folder(**where):
    folder = tempfile.mkdtemp(**where)
    return os.open(folder, os.O_RDONLY), folder


def _beside(path, new):
    """An open handle and the name of an empty file or folder beside `path`, locked while the handle is open."""
    while True:
        handle, partial = new(dir=path.parent, prefix=f".{path.name}.")
        # A file system without locks never lets `_remove_abandoned` have one either.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        # Another process may have taken it for abandoned before it was locked.
        if os.fstat(handle).st_nlink:
            return handle, partial
        os.close(handle)


def _remove_abandoned(path):
    """Remove what dead writers of `path` left beside it: their locks died with them."""
    for partial in path.parent.glob(f".{_literal(path.name)}.{_RANDOM}"):
        with suppress(OSError):
            handle = os.open(partial, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(partial)
            finally:
                os.close(handle)


def _remove(path):
    """Remove a file, or a folder with all that it holds, where it is there."""
    with suppress(OSError):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _literal(name):
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
