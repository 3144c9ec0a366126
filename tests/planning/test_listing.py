"""The checksums of a batch folder change when a result would, and at no other time."""

import gzip
import os

import pytest

from pugmark.planning import listing

HEADER = "path,individual,station\n"


@pytest.fixture
def batch(tmp_path):
    (tmp_path / "st 1").mkdir()
    (tmp_path / "st 1" / "ä.jpg").write_bytes(b"123")
    (tmp_path / "labels.csv").write_text(f"{HEADER}st 1/ä.jpg,Ann,one\n")
    return tmp_path


def changed(batch, change, **options):
    """The checksums that are others after `change`."""
    before = listing.of(batch, **options)
    change()
    after = listing.of(batch, **options)
    return {kind for kind in ("media", "labels", "names") if getattr(before, kind) != getattr(after, kind)}


def rewritten(batch, text, name="labels.csv"):
    return changed(batch, lambda: (batch / name).write_text(text))


def test_touching_changes_nothing(batch):
    assert changed(batch, lambda: os.utime(batch / "st 1" / "ä.jpg", (1, 1))) == set()
    assert changed(batch, lambda: os.utime(batch / "labels.csv", (1, 1))) == set()


@pytest.mark.parametrize("path, content", [("st 1/ä.jpg", b"1234"), ("new.jpg", b""), ("x.json", b"{}")])
def test_another_file_or_size_names_nobody_anew(batch, path, content):
    assert changed(batch, lambda: (batch / path).write_bytes(content)) == {"media", "labels"}


def test_files_that_nothing_reads_count_where_a_data_set_may_read_them(batch):
    assert changed(batch, lambda: (batch / "a.xmp").write_text("x")) == set()
    assert changed(batch, lambda: (batch / "b.xmp").write_text("x"), every=True) == {"media", "labels"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("st 1/ä.jpg,Bob,one\n", {"labels", "names"}),
        ("st 1/ä.jpg,NA,one\n", {"labels", "names"}),
        ("st 1/ä.jpg,Ann,one\nb.jpg,Bob,\n", {"labels", "names"}),
        ("st 1/ä.jpg,Ann,one\nb.jpg,,two\n", {"labels", "media"}),
        ("st 1/ä.jpg,Ann,one\nb.jpg,NA,\n,,\n\n", set()),
        ("st 1/ä.jpg, Ann ,one\r\n", set()),
    ],
)
def test_rows_count_for_what_they_say(batch, rows, expected):
    assert rewritten(batch, HEADER + rows) == expected


@pytest.mark.parametrize("column", ["frame", "station", "sequence", "timestamp", "x", "y", "w", "h"])
def test_what_ingest_takes_of_a_row_counts_for_the_media(batch, column):
    rewritten(batch, f"path,individual,{column}\na.jpg,,1\n")
    assert rewritten(batch, f"path,individual,{column}\na.jpg,,2\n") == {"media", "labels"}


@pytest.mark.parametrize("column", ["individual", "viewpoint", "split"])
def test_what_only_names_does_not(batch, column):
    (batch / "labels.csv").unlink()
    assert rewritten(batch, f"path,{column}\na.jpg,left\n") == {"labels", "names"}
    assert rewritten(batch, f"path,{column}\na.jpg,left\nb.jpg,right\n") == {"labels", "names"}


@pytest.mark.parametrize("text", ["", HEADER, HEADER + "st 1/ä.jpg,,\n", "path;remark\na.jpg;shy\n"])
def test_a_table_that_says_nothing_is_as_good_as_none(batch, text):
    (batch / "labels.csv").unlink()
    assert rewritten(batch, text) == set()


def test_the_separator_and_encoding_of_a_table_count_for_nothing(batch):
    table = f"{HEADER}st 1/ä.jpg,Ann,one\n".replace(",", ";")
    assert changed(batch, lambda: (batch / "labels.csv").write_bytes(f"sep=;\n{table}".encode("utf-16"))) == set()


@pytest.mark.parametrize("row", ['a.jpg,"Bob', "a.jpg,Bob, the old,x", 'a.jpg,"Bob\nCy"'])
def test_a_mistake_in_names_loses_no_detections(batch, row):
    rewritten(batch, "path,individual\na.jpg,Bob\n")
    assert rewritten(batch, f"path,individual\n{row}\n") == {"labels", "names"}


def test_the_species_of_a_box_is_detected_and_that_of_a_picture_is_not(batch):
    boxed = "path,individual,species,x,y,w,h\na.jpg,,{},0,0,1,1\n"
    rewritten(batch, boxed.format("rat"), "boxes.csv")
    assert "media" in rewritten(batch, boxed.format("stoat"), "boxes.csv")
    rewritten(batch, "path,individual,species\na.jpg,Bob,rat\n")
    assert "media" not in rewritten(batch, "path,individual,species\na.jpg,Bob,stoat\n")


def test_a_table_of_boxes_without_a_header_is_names(batch):
    (batch / "scenes.csv").write_text("koi,1,2,3,4,scene00001.jpg,952,540\n")
    assert "names" in rewritten(batch, "carp,1,2,3,4,scene00001.jpg,952,540\n", "scenes.csv")


def test_tables_of_a_package(batch):
    (batch / "observations.csv").write_text("mediaID,individualID,bboxX\nm,Ann,0\n")
    assert rewritten(batch, "mediaID,individualID,bboxX\nm,Bob,0\n", "observations.csv") == {"labels", "names"}
    assert "media" in rewritten(batch, "mediaID,individualID,bboxX\nm,Bob,1\n", "observations.csv")
    for name in ("Ann", "Bob"):
        packed = gzip.compress(f"mediaID,individualID\nm,{name}\n".encode(), mtime=0)
        found = changed(batch, lambda packed=packed: (batch / "observations.csv.gz").write_bytes(packed))
        assert found == {"media", "labels", "names"}


def test_hidden_files_are_nothing_and_a_broken_link_is_something(batch):
    assert changed(batch, lambda: (batch / ".DS_Store").write_text("x")) == set()
    assert changed(batch, lambda: (batch / "@eaDir").mkdir() or (batch / "@eaDir" / "a.jpg").write_text("x")) == set()
    assert "media" in changed(batch, lambda: (batch / "gone.jpg").symlink_to("nowhere.jpg"))


def test_loops_end_and_pipes_and_devices_are_not_opened(batch):
    assert changed(batch, lambda: (batch / "st 1" / "loop").symlink_to("..")) == set()
    for make in (
        lambda: os.mkfifo(batch / "pipe.csv"),
        lambda: (batch / "zero.json").symlink_to("/dev/zero"),
        lambda: (batch / "self.csv").symlink_to("self.csv"),
    ):
        make()
        assert listing.of(batch).media
    os.mkfifo(batch / "apart.csv")
    assert listing.file(batch / "apart.csv") == listing.file(batch / "absent.csv")


@pytest.mark.parametrize("broken", ["file", "absent"])
def test_a_folder_that_cannot_be_listed_is_left_to_the_stage_that_reads_it(tmp_path, broken):
    (tmp_path / "file").write_text("x")
    assert listing.of(tmp_path / broken).media != listing.of(tmp_path).media


def test_a_table_that_is_none_is_left_to_the_stage_that_reads_it(batch):
    (batch / "labels.csv").write_text('path,individual\n"' + "x" * 200_000 + '"\n')
    assert listing.of(batch).names
