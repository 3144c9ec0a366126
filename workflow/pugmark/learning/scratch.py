"""Byte strings kept in a temporary file instead of memory, and read one at a time."""

import errno
import os
import tempfile
from array import array
from multiprocessing.reduction import DupFd


class ScratchError(OSError):
    """The folder of temporary files has no room."""


class Scratch:
    """A sequence of byte strings, of which 8 bytes each are in memory: where they end in the file.

    The file lies in TMPDIR without a name, so that nothing is left of it however the process ends, and belongs to the
    processes that it is handed to as well.
    """

    def __init__(self, contents):
        """contents: iterable of byte strings, written as they come. Raises ScratchError."""
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
        # The file's position is shared with other processes: a read says its own.
        return os.pread(self._file.fileno(), end - start, start)

    def __getstate__(self):
        return DupFd(self._file.fileno()), self._ends

    def __setstate__(self, state):
        self._file, self._ends = open(state[0].detach(), "rb"), state[1]  # noqa: SIM115
