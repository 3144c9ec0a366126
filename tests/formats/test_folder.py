"""What a walk through a batch folder finds, and what it never opens or enters."""

import os
import socket
import subprocess
import sys

import pytest

from pugmark.formats import folder
from pugmark.formats.folder import BatchError


def put(path, content=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def found(batch):
    return sorted(path for path, _ in folder.walk(batch))


@pytest.fixture
def batch(tmp_path):
    put(tmp_path / "cards" / "july" / "S 1" / "a.jpg")
    return tmp_path / "cards" / "july"


@pytest.mark.parametrize(
    "name",
    [
        *(".DS_Store", "._a.jpg", ".ipynb_checkpoints/a.jpg", "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/a.jpg"),
        *("$RECYCLE.BIN/a.jpg", "System Volume Information/a.jpg", "lost+found/a.jpg", "@Recycle/a.jpg", "Thumbs.db"),
        *(
            "__MACOSX/a.jpg",
            "S 1/@eaDir/a.jpg",
            "#snapshot/day/a.jpg",
            "desktop.ini",
            "DeletedFiles/a.jpg",
            "LOST.DIR/a.jpg",
        ),
    ],
)
def test_what_systems_and_programs_keep_is_passed_over(batch, name):
    put(batch / name)
    assert found(batch) == ["S 1/a.jpg"]


@pytest.mark.parametrize("name", ["#3/a.jpg", "@home/a.jpg", "recycle/a.jpg", "eaDir/a.jpg", "$/a.jpg"])
def test_names_that_people_give_are_not(batch, name):
    put(batch / name)
    assert found(batch) == sorted(["S 1/a.jpg", name])


@pytest.mark.parametrize("target", [".", "..", "../..", "../../..", "S 1", "../july"])
def test_a_link_to_a_folder_that_is_entered_anyway_adds_nothing(batch, target):
    put(batch.parent / "june" / "b.jpg")
    os.symlink(target, batch / "A link")
    os.symlink(os.path.join("..", target), batch / "S 1" / "A link")
    assert found(batch) == ["S 1/a.jpg"]


def test_a_folder_elsewhere_is_entered_by_the_first_of_its_links(batch, tmp_path):
    put(tmp_path / "disk" / "deep" / "b.jpg")
    for name in ("Z", "B"):
        os.symlink(tmp_path / "disk", batch / name)
    assert found(batch) == ["B/deep/b.jpg", "S 1/a.jpg"]


def test_a_batch_that_is_a_link_itself(batch, tmp_path):
    os.symlink(batch, tmp_path / "today")
    os.symlink(tmp_path, batch / "up")
    assert found(tmp_path / "today") == ["S 1/a.jpg"]


def test_links_that_lead_nowhere_are_files(batch):
    os.symlink("self.jpg", batch / "self.jpg")
    os.symlink("gone.jpg", batch / "dead.jpg")
    assert found(batch) == ["S 1/a.jpg", "dead.jpg", "self.jpg"]
    assert not folder.is_regular(batch / "self.jpg")


def test_media_sidecars_and_the_kinds_of_the_rest(batch):
    for name in (
        "b.WEBP",
        "c.MP4",
        "d.csv",
        "e.JSON",
        "f.xmp",
        "g.XMP",
        "h.thm",
        "noname",
        "k.001",
        "._l.jpg",
        ".trash/m.jpg",
    ):
        put(batch / name)
    media, sidecars, passed = folder.listing(batch)
    assert (media, sidecars) == (["S 1/a.jpg", "b.WEBP", "c.MP4"], ["d.csv", "e.JSON"])
    assert passed == {".xmp": 2, ".thm": 1, "other": 2, "hidden": 1}


def test_pipes_sockets_and_devices_are_never_opened(batch, monkeypatch):
    os.mkfifo(batch / "pipe.csv")
    os.symlink("/dev/zero", batch / "zero.csv")
    with socket.socket(socket.AF_UNIX) as plug:
        monkeypatch.chdir(batch)  # the name of a socket must be short
        plug.bind("plug.csv")
    for name in ("pipe.csv", "zero.csv", "plug.csv", "S 1"):
        with pytest.raises(BatchError, match="is no file but"):
            folder.content(batch / name)
    with pytest.raises(BatchError, match=r"absent.csv cannot be read \(No such file or directory\)"):
        folder.content(batch / "absent.csv")
    assert folder.content(batch / "S 1" / "a.jpg") == b"x"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
def test_a_folder_that_is_closed_is_named(batch):
    (batch / "S 1").chmod(0)
    with pytest.raises(BatchError, match=r"S 1 cannot be opened \(Permission denied\): allow it"):
        found(batch)
    (batch / "S 1").chmod(0o700)


def test_what_is_no_folder_is_named(batch):
    for path in (batch / "S 1" / "a.jpg", batch / "absent"):
        with pytest.raises(BatchError, match="is no folder"):
            found(path)


def test_a_name_that_is_not_utf8_becomes_text():
    assert folder.printable(os.fsdecode(b"caf\xe9.jpg")) == "caf\\xe9.jpg"


def test_walking_and_reading_tables_imports_nothing_heavy():
    code = "import sys, pugmark.formats.folder, pugmark.formats.text; print({'numpy', 'PIL'} & {*sys.modules})"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert said.stdout == "set()\n"
