"""Frames of videos: time stamps that restart or are missing, and which frames are taken."""

from collections import Counter

import pytest

from pugmark.formats import sampling


@pytest.mark.parametrize(
    ("stamps", "seconds"),
    [
        ([5.0, 5.5, 6.0], [0, 0.5, 1]),
        ([0.0, 0.5, 1.0, 0.0, 0.5, 1.0], [0, 0.5, 1, 1.25, 1.75, 2.25]),  # two clips joined
        ([None, None, None], [0, 0.25, 0.5]),
        ([0.0, None, 0.5, 1.0], [0, 0.25, 0.5, 1]),
        ([0.0, 0.0, 0.5], [0, 0.25, 0.75]),
        ([0.0, 5.0, 10.0], [0, 5, 10]),  # a time lapse
        ([], []),
    ],
)
def test_seconds_never_fall(stamps, seconds):
    assert sampling.steady(stamps, 0.25) == seconds


@pytest.mark.parametrize(
    ("every", "expected"), [(0.3, [0, 2, 3, 5]), (0.2, [0, 1, 2, 3, 4, 5]), (0.01, list(range(6))), (99, [0])]
)
def test_sampling_by_hand(every, expected):
    assert sampling.sampled([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], every) == expected


def test_frames_that_are_named_go_before_samples_and_those_too_close_are_counted():
    settings, counts = {"every_seconds": 1.0, "frame_gap": 0.5}, Counter()
    seconds = [0.1 * number for number in range(20)]
    assert sampling.chosen([1, 2, 6, 99], seconds, settings, counts) == [1, 6]
    assert counts["frames named that the video does not have (the first is 0)"] == 1
    assert counts["frames with boxes left out by frame_gap"] == 1
    assert sampling.chosen([], seconds, settings, counts) == [0, 10]
