"""Every part of a job keeps to the cores that it was granted."""

import os
import subprocess
import sys
import threading

import pytest
from formats import media
from places import ROOT

from pugmark.formats import ahead, pixels
from pugmark.runtime import cores


@pytest.mark.parametrize(("threads", "allowed", "granted"), [("2", 128, 2), ("16", 4, 4), (None, 128, 128), ("", 3, 3)])
def test_the_rules_threads_count_within_what_the_system_allows(monkeypatch, threads, allowed, granted):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if threads is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(allowed)))
    assert cores.granted() == granted


def test_loaders_start_one_worker_less(monkeypatch):
    from pugmark.learning import loader

    monkeypatch.delenv("PUGMARK_WORKERS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(128)))
    for threads, workers in (("1", 0), ("4", 3), ("64", 8)):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        assert loader.workers() == workers


def test_torch_and_opencv_keep_to_the_rules_threads():
    code = "import cv2, torch; from pugmark.runtime import cli; cli.parser('');"
    code += "print(cv2.getNumThreads(), torch.get_num_threads())"
    environment = {name: value for name, value in os.environ.items() if name != "OPENCV_FOR_THREADS_NUM"}
    environment |= {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1 1\n"


def test_video_decoders_keep_to_them_too(monkeypatch, tmp_path):
    monkeypatch.setattr(cores, "granted", lambda: 3)
    media.video(tmp_path / "a.mp4", 2)
    frames = pixels._decoded(tmp_path / "a.mp4")
    container, _ = next(frames)
    assert container.streams.video[0].codec_context.thread_count == 3


def test_reading_goes_on_while_the_last_item_is_in_use():
    read = threading.Event()

    def items():
        yield "first"
        read.set()
        yield "second"

    found = ahead.of(items(), 1)
    assert next(found) == "first"
    assert read.wait(60), "nothing is read before it is asked for"
    assert list(found) == ["second"]


def test_no_more_is_read_ahead_than_asked():
    read = []
    found = ahead.of((read.append(number) or number for number in range(9)), 2)
    next(found)
    found.close()
    assert read == [0, 1, 2]


def test_workers_give_results_in_order_and_read_two_items_each_at_most():
    read, both = [], threading.Barrier(2, timeout=60)

    def items():
        for number in range(9):
            read.append(number)
            yield number

    def square(number):
        if number < 2:
            both.wait()  # neither goes on without the other
        if number == 8:
            raise KeyError("broken")
        return number**2

    found = ahead.mapped(square, items(), 2)
    assert next(found) == 0 and read == [0, 1, 2, 3]
    assert [next(found) for _ in range(7)] == [1, 4, 9, 16, 25, 36, 49]
    with pytest.raises(KeyError, match="broken"):
        next(found)


def test_an_error_comes_in_its_place():
    def items():
        yield 1
        raise KeyError("broken")

    found = ahead.of(items(), 4)
    assert next(found) == 1
    with pytest.raises(KeyError, match="broken"):
        next(found)
