"""Clocks that went back while the pictures' numbers went on."""

import datetime as dt

from pugmark.formats import clocks

DAY = dt.datetime(2024, 5, 1)


def rows(*named, folder="S1", source="exif"):
    """Rows of the media table from (file name, day)."""
    return [
        {"path": f"{folder}/{name}.jpg", "timestamp": DAY + dt.timedelta(days=day), "time_source": source,
         "kind": "image", "status": "ok"}
        for name, day in named
    ]  # fmt: skip


def test_every_picture_after_the_jump_is_told_until_time_catches_up():
    days = [0, 1, 2, -900, -899, 1.5, 3]
    assert clocks.jumps(rows(*((f"IMG_{number:04}", day) for number, day in enumerate(days, 1)))) == [3, 4]


def test_numbers_order_the_pictures_and_not_their_names():
    assert clocks.jumps(rows(("IMG_999", 0), ("IMG_1000", 3))) == clocks.jumps(rows(("b001", 5), ("a002", 0))) == []


def test_an_hour_of_summer_time_is_no_jump_and_folders_are_apart():
    assert clocks.jumps(rows(("IMG_0001", 1), ("IMG_0002", 0.5))) == []
    assert clocks.jumps(rows(("IMG_0001", 5)) + rows(("IMG_0002", 0), folder="S2")) == []


def test_times_that_the_camera_did_not_write_and_counts_that_began_anew_tell_nothing():
    assert clocks.jumps(rows(("IMG_0001", 5), ("IMG_0002", 0), source="labels")) == []
    assert clocks.jumps(rows(("IMG_0001", 5), ("IMG_9998", 0), ("IMG_9999", 1))) == []
    untimed = rows(("IMG_0001", 5)) + [row | {"time_source": "none"} for row in rows(("IMG_0002", 0))]
    assert clocks.jumps(untimed) == []
