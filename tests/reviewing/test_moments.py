"""Which moments of a video a person is shown, and in which order."""

import pandas as pd
import pytest
from reviewing.drawn_videos import boxes

from pugmark.reviewing import moments


def only(rows):
    (found,), left_out = moments.moments(rows, {})
    assert left_out == 0
    return found


def test_a_moment_shows_both_tracks_frame_by_frame():
    """They are near on frames 13 and 14 alone, one box apart; up to four more lie before and after."""
    rows = boxes()
    found = only(rows)
    assert [frame[0] for frame in found["frames"]] == [10, 11, 12, 13, 14, 15, 16, 17] and found["near"] == 3
    assert found["frames"][1] == [11, 0.5, "film.mp4-f11", "film.mp4-f11-A", "film.mp4-f11-B"]
    assert found["frames"][5][3:] == ["film.mp4-f15-B", "film.mp4-f15-A"]  # as they were followed
    assert (found["batch"], found["video"], found["names"]) == ("b1", "film.mp4", [None, None])
    # Going on, they would be .08 further: .08 from where the tracks go on, .04 from the other box.
    assert found["doubtful"] == 4 and found["doubt"] == pytest.approx(0.08 / 0.12, abs=1e-3)
    late = only(rows[rows["frame_number"] >= 12])
    assert late["near"] == 1 and len(late["frames"]) == 6


def test_names_are_those_before_the_swap_and_mended_tracks_are_shown_as_they_were_followed():
    rows = boxes()
    rows["encounter"] = "now of " + rows["animal"]
    (found,), _ = moments.moments(rows, {"now of A": "Ana", "now of B": "Bo"})
    assert found["names"] == ["Ana", "Bo"] and found["frames"][5][3:] == ["film.mp4-f15-B", "film.mp4-f15-A"]


def test_as_many_frames_are_shown_before_as_after(monkeypatch):
    monkeypatch.setattr(moments, "AROUND", 2)
    assert [frame[0] for frame in only(boxes())["frames"]] == [11, 12, 13, 14, 15, 16]


def test_the_most_doubtful_moments_come_first_and_those_beyond_the_pictures_are_counted(monkeypatch):
    both = pd.concat([boxes("a.mp4", swapped=False), boxes("b.mp4"), boxes("b.mp4", "b0")], ignore_index=True)
    found, left_out = moments.moments(both, {})
    assert [(one["batch"], one["video"]) for one in found] == [("b0", "b.mp4"), ("b1", "b.mp4"), ("b1", "a.mp4")]
    assert found[2]["doubt"] < 0.5 and left_out == 0
    answered = [{"a.mp4-f13-A", "b.mp4-f13-A"}, {"b.mp4-f13-A", "b.mp4-f13-B"}]  # the first is of no moment
    found, _ = moments.moments(both, {}, answered)
    assert [one["video"] for one in found] == ["a.mp4", "b.mp4", "b.mp4"]
    monkeypatch.setattr(moments, "PICTURES", 32)  # two moments of eight frames with two boxes
    assert [len(moments.moments(both, {})[0]), moments.moments(both, {})[1]] == [2, 1]


def test_tracks_that_stay_apart_pictures_and_what_ends_there_are_no_moments():
    rows = boxes()
    assert moments.moments(rows.assign(y=[0.1, 0.7] * 8), {}) == ([], 0)
    assert moments.moments(rows.assign(frame_number=None), {}) == ([], 0)
    assert moments.moments(rows[rows["frame_number"] <= 13], {}) == ([], 0)
    assert moments.moments(rows[:0], {}) == ([], 0)
    alone = rows[rows["followed"] == "film.mp4-f10-A"]
    assert moments.moments(alone, {}) == ([], 0)


def test_a_box_that_is_hidden_is_none_and_nobody_can_tell_without_a_second_frame():
    rows = boxes()
    found = only(rows[(rows["frame_number"] <= 13) | (rows["followed"] == "film.mp4-f10-A")])
    assert found["frames"][4][3:] == ["film.mp4-f14-B", None]
    found = only(rows[rows["frame_number"].eq(13) | (rows["frame_number"].gt(13) & (rows["animal"] == "B"))])
    assert (found["doubt"], found["doubtful"]) == (0.5, 1)


def test_boxes_that_do_not_move_are_no_doubt_and_a_time_may_be_unknown():
    rows = boxes(swapped=False).assign(seconds=None)
    rows["x"] = rows["animal"].map({"A": 0.4, "B": 0.5})
    found = only(rows)
    assert only(rows.assign(x=0.4))["doubt"] == 0.5  # in one place, either may be either
    assert found["doubt"] == 0 and found["frames"][0][:2] == [10, None]


def test_frames_are_cut_where_two_are_long_apart_or_long_together():
    assert moments.parts([3, 4, 12]) == [(3, 16)]  # the gap is of as many frames as are shown around
    assert moments.parts([3, 4, 13]) == [(3, 8), (13, 17)]
    assert moments.parts(list(range(20))) == [(0, 15), (16, 23)]  # no frame on which they are near is asked twice
