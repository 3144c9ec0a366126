"""Trigger events: each link by itself, and names that stay the same when a batch grows."""

import datetime as dt

import pytest

from pugmark.formats import sequences

START = dt.datetime(2024, 5, 31, 23, 59, 0)


def row(path, seconds=None, station="S1", source="exif", kind="image", frame=None):
    taken = None if seconds is None else START + dt.timedelta(seconds=seconds)
    source = source if taken else "none"
    return {
        "path": path, "timestamp": taken, "station": station, "time_source": source,
        "kind": kind, "frame_number": frame, "status": "ok",
    }  # fmt: skip


def assigned(*rows, given=None, gap=120):
    return sequences.assign(list(rows), given or {}, "batch", gap)


def test_a_gap_is_measured_from_the_previous_and_midnight_cuts_nothing():
    found = assigned(row("a", 0), row("b", 120), row("c", 240), row("d", 361))
    assert found == ["batch/S1/2024-05-31T23:59:00"] * 3 + ["batch/S1/2024-06-01T00:05:01"]


def test_stations_are_apart_and_order_does_not_matter():
    found = assigned(row("b", 5), row("x", 3, station="S2"), row("a", 0))
    assert found == ["batch/S1/2024-05-31T23:59:00", "batch/S2/2024-05-31T23:59:03", "batch/S1/2024-05-31T23:59:00"]


def test_without_a_station_the_folder_is_the_camera_whatever_its_split():
    found = assigned(*(row(f"{split}/Ada/{i}.jpg", i, None) for i, split in enumerate(["query", "gallery"])))
    assert found == ["batch/Ada/2024-05-31T23:59:00"] * 2
    assert len(set(assigned(row("Ada/1.jpg", 0, None), row("Bo/1.jpg", 1, None)))) == 2


def test_media_without_time_stand_alone_and_frames_go_with_their_video():
    video = [row("v.mp4", kind="video"), row("v.mp4", kind="frame", frame=0), row("v.mp4", kind="frame", frame=30)]
    assert assigned(row("a.jpg"), row("b.jpg"), *video) == ["batch/a.jpg", "batch/b.jpg", *["batch/v.mp4"] * 3]


def test_a_video_joins_the_photographs_that_its_camera_took_just_before():
    rows = [row("a.jpg", 0), row("v.mp4", 2, kind="video"), row("v.mp4", 300, kind="frame", frame=9), row("b.jpg", 310)]
    assert len(set(assigned(*rows))) == 1


def test_the_sequence_of_a_label_wins_and_takes_nobody_along():
    found = assigned(row("a", 0), row("b", 1), row("c", 2), given={"b": "E12"})
    assert found == ["batch/S1/2024-05-31T23:59:00", "batch/E12", "batch/S1/2024-05-31T23:59:00"]


def test_names_do_not_shift_when_media_of_other_events_are_added():
    before = assigned(row("b", 5000), row("c", 5001))
    assert assigned(row("a", 0), row("b", 5000), row("c", 5001), row("d", 9000))[1:3] == before


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
    assert sequences.clip(f"some folder/{name}") == clip


def test_frames_of_a_clip_are_together_across_folders_and_with_the_one_that_has_no_counter():
    rows = [row("Ada/4-2-10-2(4).jpg", station=None), row("Bo/4-2-10-2(5).jpg", station=None)]
    assert assigned(*rows, row("Bo/4-2-10-2.jpg", station=None)) == ["batch/4-2-10-2"] * 3


def test_a_clip_counts_only_where_nothing_better_is_known():
    names = ["C1-3_0001.jpg", "C1-3_0002.jpg"]
    assert len(set(assigned(*(row(name, 9999 * i, None) for i, name in enumerate(names))))) == 2
    assert len(set(assigned(*(row(name) for name in names)))) == 2
    assert len(set(assigned(*(row(name, 9999 * i, None, "filename") for i, name in enumerate(names))))) == 1


def test_unreadable_media_link_nothing():
    rows = [row("a", 0), row("b", 100) | {"status": "unreadable: empty file"}, row("c", 200)]
    assert len(set(assigned(*rows))) == 3


def test_nothing_at_all():
    assert assigned() == []
