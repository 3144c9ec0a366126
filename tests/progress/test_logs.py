"""The end of a job's log: counts, what was used, and why it failed."""

import pytest

from pugmark.progress import logs

STAMP = "2026-11-21 06:06:06,721"


def write(folder, *lines):
    (folder / "job.log").write_text("\n".join(lines) + "\n")
    return folder / "job.log"


@pytest.mark.parametrize(
    "said, shown",
    [
        ("111 images, 0 videos, 37 sequences, 1 hidden", "111 images, 37 sequences, 1 hidden"),
        ("96 crops, 0 repeated; by station (4 hold crops)", "96 crops, by station (4 hold crops)"),
        ("9 crops; clusters {'a': 2, 'b': 0}; left out none", "9 crops, clusters {'a': 2, 'b': 0}, left out none"),
        ("10 boxes, 0 vehicle", "10 boxes"),
    ],
)
def test_counts_of_the_last_line_without_zeros(tmp_path, said, shown):
    log = write(tmp_path, f"{STAMP} pugmark.x INFO: epoch 1", f"{STAMP} __main__ INFO: {said}")
    assert logs.counts(log) == shown


def test_what_a_job_used_is_no_count_and_no_cause(tmp_path):
    log = write(tmp_path, f"{STAMP} pugmark.x INFO: 3 crops", 'used: {"seconds": 2.5, "gpu": "H100", "gpu_mb": 9}')
    assert logs.counts(log) == "3 crops"
    assert logs.used(log) == {"seconds": 2.5, "gpu": "H100", "gpu_mb": 9}
    assert logs.tail(log) == [f"{STAMP} pugmark.x INFO: 3 crops"]


def test_a_log_that_is_absent_or_empty_or_tells_of_nothing(tmp_path):
    absent, empty = tmp_path / "absent.log", write(tmp_path, "")
    assert [(logs.used(log), logs.tail(log)) for log in (absent, empty)] == [(None, [])] * 2
    assert (logs.counts(absent), logs.counts(empty)) == ("finished", "taken from the shared cache")
    assert logs.counts(write(tmp_path, f"{STAMP} pugmark.stages.ingest INFO: 0 images, 0 videos")) == "nothing found"


def test_warnings_are_told_below_the_counts(tmp_path):
    log = write(tmp_path, f"{STAMP} pugmark.stages.split WARNING: few", f"{STAMP} pugmark.stages.split INFO: 3 crops")
    assert logs.counts(log) == "3 crops\n    WARNING: few"


@pytest.mark.parametrize("last", [f"{STAMP} pugmark ERROR: interrupted", "KeyboardInterrupt"])
def test_a_log_that_ends_with_an_interruption(tmp_path, last):
    assert logs.interrupted(write(tmp_path, "x", last))
    assert not logs.interrupted(write(tmp_path, last, "ValueError: bad"))


def test_only_the_end_of_a_long_log_is_read(tmp_path):
    log = write(tmp_path, f"{STAMP} a INFO: 1 early", *["x" * 100] * 1000, f"{STAMP} a INFO: 2 late")
    assert logs.counts(log) == "2 late"
    assert sum(map(len, logs.tail(log))) <= logs.END


@pytest.mark.parametrize(
    "last, killed",
    [
        (f"{STAMP} pugmark.learning.trainer INFO: epoch 3 of 30", True),
        (f"{STAMP} pugmark ERROR: the disk is full", False),
        ("ValueError: bad", False),
        ("media/bad: labels.csv must be corrected", False),
    ],
)
def test_a_log_that_ends_amid_work_is_of_a_stopped_job(tmp_path, last, killed):
    assert logs.stopped(write(tmp_path, last)) is killed
