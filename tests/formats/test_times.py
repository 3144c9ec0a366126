"""Wall-clock times: every pattern, zone and doubt worked out by hand."""

import datetime as dt

import pytest
from PIL import Image

from pugmark.formats import times


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("20250402090656_20250402091538_0035_cls0.jpg", (2025, 4, 2, 9, 6, 56)),
        ("J44_2025.03.2709_37_33_manual_20250417_12283579_000001_obj2_cls0.jpg", (2025, 3, 27, 9, 37, 33)),
        ("20210531082538-RCNX0031.JPG", (2021, 5, 31, 8, 25, 38)),
        ("IMG_20240229_235959.jpg", (2024, 2, 29, 23, 59, 59)),
        ("2024-02-29_23-59-59.jpg", (2024, 2, 29, 23, 59, 59)),
        ("cam 2024-02-29T23.59.59 (2).jpg", (2024, 2, 29, 23, 59, 59)),
    ],
)
def test_names_tell_times(name, expected):
    assert times.from_name(name) == (dt.datetime(*expected), None)


@pytest.mark.parametrize(
    "name",
    [
        "EK000001.JPG",
        "998230000007032.jpg",
        "20250417_12283579.jpg",
        "IMG_20240229.jpg",
        "20241301_120000.jpg",
        "19125348_000055.jpg",
    ],
)
def test_other_numbers_are_no_times(name):
    assert times.from_name(name) is None


def test_a_name_with_the_thirtieth_of_february_is_refused():
    with pytest.raises(ValueError, match="day is out of range"):
        times.from_name("20240230_120000.jpg")


def test_exif_gives_time_and_offset():
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: "2014:07:01 15:22:09\0", 0x9011: "-05:00"})
    assert times.from_exif(exif) == (dt.datetime(2014, 7, 1, 15, 22, 9), "-05:00")
    assert times.from_exif(Image.Exif()) is None


def exif(main=(), **fields):
    """EXIF with tags, written as _9003, in the Exif directory and `main` ones in the main directory."""
    made = Image.Exif()
    made.get_ifd(0x8769).update({int(tag[1:], 16): text for tag, text in fields.items()})
    made.update(main)
    return made


@pytest.mark.parametrize("text", ["0000:00:00 00:00:00", "2014:02:30 10:00:00", "yesterday"])
def test_impossible_exif_is_refused(text):
    with pytest.raises(ValueError, match=r"time data|out of range"):
        times.from_exif(exif(_9003=text))


@pytest.mark.parametrize(
    ("text", "micro", "offset"),
    [
        ("2024:05:31 18:30:00", 0, None),
        ("2024:05:31 18:30", 0, None),
        ("2024:05:31 18:30:00.25", 250000, None),
        ("2024:05:31 18:30:00+02:00", 0, "+02:00"),
        ("2024:05:31 18:30:00.5-0330", 500000, "-03:30"),
        ("2024-05-31T18:30:00", 0, None),
        ("2024-05-31T18:30:00.1234567Z", 123456, "+00:00"),
        ("2024/05/31 18:30:00 ", 0, None),
    ],
)
def test_exif_in_every_form(text, micro, offset):
    assert times.from_exif(exif(_9003=text)) == (dt.datetime(2024, 5, 31, 18, 30, 0, micro), offset)


def test_other_tags_stand_in_where_the_first_is_absent_empty_or_wrong():
    text, later, base = "2024:05:31 18:30:00", "2024:06:01 00:00:00", dt.datetime(2024, 5, 31, 18, 30)
    assert times.from_exif(exif(_9004=text, _9012="+02:00", main={0x0132: later})) == (base, "+02:00")
    assert times.from_exif(exif(_9010="-05:00", main={0x0132: text})) == (base, "-05:00")
    assert times.from_exif(exif(_9003="    :  :     :  :  ", _9004=text)) == (base, None)
    assert times.from_exif(exif(_9003="yesterday", main={0x0132: text})) == (base, None)
    assert times.from_exif(exif(_9003=text, _9004=later, main={0x0132: later})) == (base, None)


def test_an_offset_behind_the_time_goes_before_its_tag_and_utc_is_told_in_the_zone():
    assert times.from_exif(exif(_9003="2024:05:31 18:30:00+01:00", _9011="+02:00")).offset == "+01:00"
    berlin = times.zone("Europe/Berlin")
    assert times.from_exif(exif(_9003="2024:05:31 18:30:00Z"), berlin) == (dt.datetime(2024, 5, 31, 20, 30), "+02:00")


def test_seconds_of_an_offset():
    assert [times.seconds(text) for text in ("+00:00", "-03:30", "+05:45")] == [0, -12600, 20700]


def test_iso_keeps_its_offset_and_tells_utc_in_the_zone_of_the_settings():
    berlin = times.zone("Europe/Berlin")
    assert times.from_iso("2020-05-30T04:57:37+02:00", berlin) == (dt.datetime(2020, 5, 30, 4, 57, 37), "+02:00")
    assert times.from_iso("2020-05-30T02:57:37Z", berlin) == (dt.datetime(2020, 5, 30, 4, 57, 37), "+02:00")
    assert times.from_iso("2020-01-30T02:57:37Z", berlin) == (dt.datetime(2020, 1, 30, 3, 57, 37), "+01:00")
    assert times.from_iso("2020-05-30T02:57:37Z") == (dt.datetime(2020, 5, 30, 2, 57, 37), "+00:00")


def test_daylight_saving_is_respected_and_stated_offsets_stay():
    berlin = times.zone("Europe/Berlin")
    summer, winter = (times.Taken(dt.datetime(2024, month, 1, 12), None) for month in (7, 1))
    assert [times.placed(taken, berlin).offset for taken in (summer, winter)] == ["+02:00", "+01:00"]
    assert times.placed(summer, times.zone("-03:30")).offset == "-03:30"
    assert times.placed(summer._replace(offset="+09:00"), berlin).offset == "+09:00"
    assert times.placed(summer, times.zone(None)).offset is None


def test_an_unknown_zone_names_the_nearest():
    with pytest.raises(times.ZoneError, match="did you mean Europe/Berlin"):
        times.zone("Europe/Berln")


@pytest.mark.parametrize(
    ("date", "reason"),
    [
        ((1970, 1, 1), "year 1970"),
        ((2000, 1, 1), "clock never set"),
        ((2000, 1, 1, 0, 0, 1), "clock started again"),
        ((2000, 1, 31, 23, 59), "clock started again"),
        ((2000, 2, 1), None),
        ((2024, 6, 1, 23), None),
        ((2024, 6, 2, 1), "in the future"),
    ],
)
def test_doubts(date, reason):
    assert times.doubt(dt.datetime(*date), now=dt.datetime(2024, 6, 1)) == reason
