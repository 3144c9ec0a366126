"""Links between media of one event: each by itself, worked out by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from pugmark.formats import events

START = dt.datetime(2024, 5, 31, 18, 30, 0)


def row(path, seconds=None, offset=None, kind="image", source="exif", station="S1", look=None):
    taken = None if seconds is None else START + dt.timedelta(seconds=seconds)
    return {
        "media_id": path, "path": path, "kind": kind, "timestamp": taken, "utc_offset": offset,
        "time_source": source if taken else "none", "station": station, "look": look,
    }  # fmt: skip


def video(path, seconds, offset="+00:00"):
    return row(path, seconds, offset, "video", "video")


def linked(*rows, gap=120):
    """The pairs of paths that are linked, as sets."""
    media = pd.DataFrame(rows)
    pairs = {frozenset((int(a), int(b))) for link in events.links(media, gap) for a, b in zip(*link, strict=True)}
    return sorted("".join(sorted(media["path"].iloc[list(pair)])) for pair in pairs if len(pair) == 2)


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("20250402090656_20250402091538_0035_cls0.jpg", "20250402090656_20250402091538"),
        (
            "J44_2025.03.2709_37_33_manual_20250417_12283579_000001_obj2_cls0.jpg",
            "J44_2025.03.2709_37_33_manual_20250417_12283579",
        ),
        # A clock time in hundredths of a second, and the counter, are not the year 1912.
        ("J42_20250417_19125348_000055_obj2_cls0.jpg", "J42_20250417_19125348"),
        ("4-2-10-2(4).jpg", "4-2-10-2"),
        ("417-1-6-5_(2).jpg", "417-1-6-5"),
        ("0414-1-5-2-1.jpg", "0414-1-5-2"),
        ("2024-02-29_23-59-59.jpg", None),  # the last number is a second
        ("EK000051.JPG", None),
        ("IMG_0001.jpg", None),  # the camera's count of everything that it took
        ("lion 12 (3).jpg", None),
        ("001.jpg", None),
    ],
)
def test_clips(name, clip):
    assert events.clip(f"some folder/{name}") == clip


def test_times_are_compared_in_utc_where_both_state_their_offset():
    assert linked(row("a", 0, "+02:00"), row("b", -7200 + 60, "+00:00")) == ["ab"]
    assert linked(row("a", 0, "+02:00"), row("b", 0, "+00:00")) == []
    assert linked(row("a", 0, "+05:30"), row("b", 0, "-03:00"), row("c", -3600 * 8.5, "-03:00")) == ["ac"]


def test_times_are_compared_as_the_clock_showed_them_where_one_states_no_offset():
    assert linked(row("a", 0, "+02:00"), row("b", 60)) == ["ab"]
    # a and c are two hours apart; b, whose zone nobody knows, may be of either.
    assert linked(row("a", 0, "+02:00"), row("b", 30), row("c", 60, "+00:00")) == ["ab", "bc"]


def test_a_header_in_utc_finds_the_photograph_of_its_trigger():
    rows = [row("a", 0), row("b", 9000), row("c", 20000)]
    # Two hours behind, two seconds after; the third video has no photograph.
    videos = [video("v", -7200 + 2), video("w", 9000 - 7200 + 2), video("x", 14000 - 7200)]
    assert linked(*rows, *videos) == ["av", "bw"]
    assert linked(*rows, *[v | {"station": "S2"} for v in videos]) == []


def test_a_header_that_means_local_time_is_taken_as_such():
    assert linked(row("a", 0), row("b", 9000), video("v", 5), video("w", 9005)) == ["av", "bw"]


def test_the_shift_that_fits_most_videos_is_the_zone():
    photographs = [row("abc"[i], 10000 * i) for i in range(3)]
    videos = [video("x", 10000 - 3600 + 90), video("y", 20000 - 3600 + 90), video("z", 90 - 3600)]
    assert linked(*photographs, *videos) == ["az", "bx", "cy"]


def test_where_one_camera_leaves_two_shifts_the_others_decide():
    # v fits a at 1 h (2 s away) and b at 2 h (1 s away); two videos of another camera say 1 h.
    photographs = [row("a", 3600 - 2), row("b", 7200 + 1), row("c", 20000, station="S2"), row("d", 30000, station="S2")]
    videos = [video("w", 20000 - 3600), video("x", 30000 - 3600)]
    assert linked(*photographs, video("v", 0)) == ["bv"]
    assert linked(*photographs, video("v", 0), *[v | {"station": "S2"} for v in videos]) == ["av", "cw", "dx"]


def test_a_video_between_two_photographs_is_linked_with_both():
    assert linked(row("a", 0), row("b", 130), video("v", 65 - 3600), gap=70) == ["av", "bv"]


def test_pictures_without_a_time_that_look_alike_are_linked_and_others_only_within_a_second():
    near, far = "0" * 15 + "f", "0" * 14 + "1f"  # 4 and 5 bits
    assert linked(row("a", look="0" * 16), row("b", look=near, station="S2"), row("c", look="f" * 16)) == ["ab"]
    assert linked(row("a", look="0" * 16), row("b", look=far)) == []
    assert linked(row("a", 0, look="0" * 16), row("b", look=near, station="S2")) == ["ab"]
    assert linked(row("a", 0, look="0" * 16), row("b", 0.4, look=near, station="S2")) == ["ab"]
    assert linked(row("a", 0, look="0" * 16), row("b", 2, look=near, station="S2")) == []
    assert linked(row("a", 0, look="0" * 16), row("b", 0, look="f" * 16, station="S2")) == []


def test_how_far_the_nearest_is():
    assert events._away(np.array([0.0, 10, 20]), np.array([-5, 4, 6, 14, 99])).tolist() == [5, 4, 4, 4, 79]
    assert events._away(np.array([3.0]), np.array([-5, 99])).tolist() == [8, 96]
