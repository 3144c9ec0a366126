"""A sequence of byte strings in a temporary file, to save memory."""

import errno
import os
import tempfile
from array import array
from multiprocessing.reduction import DupFd


class ScratchError(OSError):
    """The temporary folder is full."""


class Scratch:
    """A sequence of byte strings. Memory holds 8 bytes for each: the offset at which it ends in the file.

    The file is in TMPDIR and has no name: nothing remains however the process ends. Worker processes share it.
    """

    def __init__(self, contents):
        """contents: iterable of byte strings, written one by one. Raises ScratchError."""
        self._file, self._ends = tempfile.TemporaryFile(), array("q", [0])  # noqa: SIM115
        try:
            for content in contents:
                self._ends.append(self._ends[-1] + self._file.write(content))
            self._file.flush()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            folder = tempfile.gettempdir()
            raise ScratchError(f"{error}; set TMPDIR to a folder with more room than {folder} has.") from error

    def __getitem__(self, index):
        start, end = self._ends[index], self._ends[index + 1]
        # Processes share the file's position: each read passes its own offset.
        return os.pread(self._file.fileno(), end - start, start)

    def __getstate__(self):
        return DupFd(self._file.fileno()), self._ends

    def __setstate__(self, state):
        self._file, self._ends = open(state[0].detach(), "rb"), state[1]  # noqa: SIM115
