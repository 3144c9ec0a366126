"""Bytes on disk instead of in memory."""

import multiprocessing
import tempfile

import pytest

from pugmark.learning.scratch import Scratch, ScratchError

CONTENTS = [b"first", b"", b"\0" * 100_000, b"last"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_bytes_come_back_and_leave_no_file(folder):
    kept = Scratch(iter(CONTENTS))
    assert [kept[i] for i in (3, 0, 2, 1)] == [CONTENTS[i] for i in (3, 0, 2, 1)]
    assert not list(folder.iterdir())


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_other_processes_read_it_too(folder, start):
    kept = Scratch(CONTENTS)
    with multiprocessing.get_context(start).Pool(1, _keep, (kept,)) as pool:
        assert pool.map(_read, range(len(CONTENTS))) == CONTENTS
    assert kept[0] == b"first"


def test_a_full_disk_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: open("/dev/full", "wb"))  # noqa: SIM115
    with pytest.raises(ScratchError, match=r"No space left on device; set TMPDIR to a folder with more room than"):
        Scratch(CONTENTS)


def test_other_errors_are_not_taken_for_a_full_disk():
    def missing():
        yield b"first"
        raise FileNotFoundError("crops.parquet")

    with pytest.raises(FileNotFoundError, match="crops"):
        Scratch(missing())


def _keep(kept):
    globals()["KEPT"] = kept


def _read(index):
    return KEPT[index]  # noqa: F821
