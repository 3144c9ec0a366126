"""A file system that can lose its power: ext4 in a file. What was not synced before is gone, as after a power cut."""

import fcntl
import os
import shutil
import struct
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN: from now on nothing is written
WITHOUT_LOG = struct.pack("I", 2)  # EXT4_GOING_FLAGS_NOLOGFLUSH: not even what the journal still holds in memory
SIZE = 1 << 30


class NotPermitted(Exception):
    """This machine lets nobody mount a file system, or has none of its tools; the message says which."""


class Mains:
    """The power of an ordinary folder, which nobody cuts."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def off(self):
        """Lose what was not synced."""

    def on(self):
        """Mount what is left."""


class Breaker(Mains):
    """The power of a file system of its own, mounted on the folder."""

    def __init__(self, folder):
        super().__init__(folder)
        self.image = self.folder.with_name(f"{self.folder.name}.ext4")

    def off(self):
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, SHUTDOWN, WITHOUT_LOG)
        finally:
            os.close(handle)

    def on(self):
        self.unmount()
        subprocess.run(["mount", "-o", "loop", self.image, self.folder], check=True)

    def unmount(self):
        """Killed processes hold their files for a while: try again for a minute."""
        end = time.monotonic() + 60
        while subprocess.run(["umount", self.folder], capture_output=time.monotonic() < end).returncode:
            if time.monotonic() > end:
                raise OSError(f"{self.folder} is still in use")
            time.sleep(0.2)


@contextmanager
def breaker(folder):
    """Yield the Breaker of the folder, which is made where it is absent. Raises NotPermitted."""
    made = Breaker(folder)
    if not shutil.which("mkfs.ext4"):
        raise NotPermitted("no mkfs.ext4: install Debian's package e2fsprogs")
    made.folder.mkdir(exist_ok=True)
    with open(made.image, "wb") as file:
        file.truncate(SIZE)
    subprocess.run(["mkfs.ext4", "-q", made.image], check=True)
    done = subprocess.run(["mount", "-o", "loop", made.image, made.folder], capture_output=True, text=True)
    if done.returncode:
        raise NotPermitted(f"mounting is not permitted here: {done.stderr.strip()}")
    try:
        yield made
    finally:
        made.unmount()
        made.image.unlink()


@contextmanager
def mains(folder):
    """Yield the Mains of the folder."""
    yield Mains(folder)
