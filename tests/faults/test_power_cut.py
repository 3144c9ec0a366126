"""After a power cut every file is whole or as it was before, and a run goes on to the results of an undisturbed one."""

import os

import pytest
from faults import kill_sweep, power
from faults.test_disks import write_model, write_picture, write_table
from places import ROOT

from pugmark.identity import ledger
from pugmark.stages import synthesise

SMALL = ROOT / "tests" / "faults" / "small.yaml"
CUTS = 3


@pytest.fixture
def powered(tmp_path):
    """A folder whose power can be cut."""
    try:
        with power.breaker(tmp_path / "disk") as made:
            yield made
    except power.NotPermitted as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("write", [write_table, write_model, write_picture])
def test_a_file_that_was_written_is_there_and_whole(powered, write):
    path = powered.folder / "results" / "deep" / "file"
    write(path)
    written = path.read_bytes()
    powered.off()
    powered.on()
    assert path.read_bytes() == written and os.listdir(path.parent) == ["file"]


def test_a_drawn_batch_is_there_and_whole(powered):
    synthesise.synthesise(powered.folder / "survey", powered.folder / "truth", 1, {"individuals": 1, "sequences": 1})
    before = contents(powered.folder)
    powered.off()
    powered.on()
    assert contents(powered.folder) == before and "truth/labels.csv" in before


def contents(folder):
    names = ("survey", "truth")
    paths = [path for name in names for path in (folder / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_answers_that_were_taken_are_there(powered):
    home = powered.folder / "review" / "leopards"
    lines = [
        ledger.Line(f"2024-05-01T10:00:0{at}Z", "Ana", "a", "b", "", "", "same", "", "", "0", "") for at in range(3)
    ]
    for line in lines:
        ledger.append(home, line)
    powered.off()
    powered.on()
    assert ledger.read(ledger.files(home)) == (lines, [])


def test_what_nobody_synced_is_gone(powered):
    """Without this, the test above could not fail."""
    (powered.folder / "file").write_text("text")
    powered.off()
    powered.on()
    assert not (powered.folder / "file").exists()


def test_every_cut_ends_with_the_same_results(tmp_path):
    lines = []
    try:
        kill_sweep.sweep(SMALL, CUTS, tmp_path, lines.append, power.breaker)
    except power.NotPermitted as error:
        pytest.skip(str(error))
    assert lines[-1] == f"{CUTS} of {CUTS} equal", "\n".join(lines)
