"""Files are never seen half-written, what killed writers leave is removed, and a disk's refusal is told in words."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

from pugmark.runtime import disk

ENVIRONMENT = {"PYTHONPATH": f"{ROOT}/workflow"}
WRITER = """
import sys, time
from pugmark.runtime import disk
with disk.replacing(sys.argv[1]) as partial:
    open(partial, "w").write("half")
    print("writing", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def writer(tmp_path):
    """A process in the middle of writing `a[1].txt`."""
    command = [sys.executable, "-c", WRITER, tmp_path / "a[1].txt"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as made:
        assert made.stdout.readline() == "writing\n"
        yield made
        made.kill()


def write(path, text):
    with disk.replacing(path) as partial:
        Path(partial).write_text(text)


def test_what_a_killed_writer_left_is_removed_by_the_next_of_the_same_file(tmp_path, writer):
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    (tmp_path / ".a[1].txt.notes").write_text("no partial file")
    write(tmp_path / "other.txt", "")
    assert len(list(tmp_path.glob(".a*"))) == 2
    write(tmp_path / "a[1].txt", "whole")
    assert sorted(os.listdir(tmp_path)) == [".a[1].txt.notes", "a[1].txt", "other.txt"]


def test_the_partial_file_of_a_living_writer_stays(tmp_path, writer):
    write(tmp_path / "a[1].txt", "whole")
    assert len(os.listdir(tmp_path)) == 2
    assert (tmp_path / "a[1].txt").read_text() == "whole"


@pytest.mark.parametrize("number", disk._REFUSALS)
def test_a_refusal_names_file_folder_reason_and_remedy(tmp_path, number):
    file = tmp_path / "a" / "table.parquet"
    with pytest.raises(disk.DiskError) as told, disk.replacing(file):
        try:
            raise OSError(number, os.strerror(number))
        finally:
            raise RuntimeError("what a writer in C++ says instead")
    said = str(told.value)
    assert str(file) in said and f"folder {file.parent}: " in said and "`results:`" in said and "\n" not in said
    assert os.listdir(file.parent) == []


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(RuntimeError), disk.replacing(tmp_path / "a"):
        raise RuntimeError
    with pytest.raises(OSError, match="Connection reset") as raised, disk.replacing(tmp_path / "a"):
        raise OSError(errno.ECONNRESET, "Connection reset")
    assert not isinstance(raised.value, disk.DiskError)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("error", "told"), [("DiskError('Cannot write a.')", True), ("OSError(28, 'Full')", False)])
def test_a_stage_tells_a_refusal_in_one_line_and_keeps_the_traceback_of_all_else(error, told):
    code = f"from pugmark.runtime.disk import DiskError; from pugmark.runtime import cli\ncli.parser('')\nraise {error}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 1 and ("Traceback" in done.stderr) != told
    assert (done.stderr.count("\n") == 1 and done.stderr.endswith("ERROR: Cannot write a.\n")) == told


def test_a_folder_takes_its_place_whole_or_not_at_all(tmp_path):
    place = tmp_path / "batch"
    place.mkdir()
    (place / "old").write_text("before")
    with pytest.raises(KeyError), disk.replacing_folder(place) as partial:
        Path(partial, "new").write_text("half")
        raise KeyError
    assert os.listdir(tmp_path) == ["batch"] and os.listdir(place) == ["old"]
    (tmp_path / ".batch.abandond" / "sub").mkdir(parents=True)
    with disk.replacing_folder(place) as partial:
        Path(partial, "sub").mkdir()
        Path(partial, "sub", "new").write_text("whole")
        assert os.listdir(place) == ["old"]
    assert os.listdir(tmp_path) == ["batch"] and (place / "sub" / "new").read_text() == "whole"
    assert os.listdir(place) == ["sub"] and place.stat().st_mode & 0o555 == 0o555
