"""The checksums of a batch folder."""

import os

import pytest

from pugmark.planning import listing


class TestListing:
    """The checksums of a batch folder change when a result would, and at no other time."""

    @pytest.fixture
    def batch(self, tmp_path):
        (tmp_path / "st 1").mkdir()
        (tmp_path / "st 1" / "ä.jpg").write_bytes(b"123")
        (tmp_path / "labels.csv").write_text("path,individual,station\nst 1/ä.jpg,Ann,one\n")
        return tmp_path

    @staticmethod
    def changed(batch, change):
        """The checksums that are others after `change`."""
        before = listing.of(batch)
        change()
        after = listing.of(batch)
        return {kind for kind in ("media", "labels", "names", "stamp") if getattr(before, kind) != getattr(after, kind)}

    def test_touching_changes_the_stamp_alone(self, batch):
        assert self.changed(batch, lambda: os.utime(batch / "st 1" / "ä.jpg", (1, 1))) == {"stamp"}

    @pytest.mark.parametrize("path, content", [("st 1/ä.jpg", b"1234"), ("new.jpg", b""), ("x.json", b"{}")])
    def test_another_file_or_size_names_nobody_anew(self, batch, path, content):
        changed = self.changed(batch, lambda: (batch / path).write_bytes(content))
        assert changed - {"stamp"} == {"media", "labels"} and ("stamp" in changed) == path.endswith("jpg")

    def test_a_corrected_name_changes_labels_and_names(self, batch):
        table = "path,individual,station\nst 1/ä.jpg,Bob,one\n"
        changed = self.changed(batch, lambda: (batch / "labels.csv").write_text(table))
        assert changed - {"stamp"} == {"labels", "names"}

    def test_a_row_without_a_name_changes_no_names(self, batch):
        table = "path,individual,station\nst 1/ä.jpg,Ann,one\nb.jpg,,two\n"
        changed = self.changed(batch, lambda: (batch / "labels.csv").write_text(table))
        assert changed - {"stamp"} == {"media", "labels"}

    def test_a_table_of_boxes_without_a_header_is_names(self, batch):
        (batch / "scenes.csv").write_text("koi,1,2,3,4,scene00001.jpg,952,540\n")
        table = "carp,1,2,3,4,scene00001.jpg,952,540\n"
        assert "names" in self.changed(batch, lambda: (batch / "scenes.csv").write_text(table))

    def test_hidden_files_are_nothing_and_a_broken_link_is_something(self, batch):
        assert self.changed(batch, lambda: (batch / ".DS_Store").write_text("x")) == set()
        assert "media" in self.changed(batch, lambda: (batch / "gone.jpg").symlink_to("nowhere.jpg"))

    def test_a_table_that_is_none_is_left_to_the_stage_that_reads_it(self, batch):
        (batch / "labels.csv").write_text('path,individual\n"' + "x" * 200_000 + '"\n')
        assert listing.of(batch).names
