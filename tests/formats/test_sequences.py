"""Trigger events: each link by itself, and names that stay the same when a batch grows."""

import datetime as dt

import pandas as pd

from pugmark.formats import sequences

START = dt.datetime(2024, 5, 31, 23, 59, 0)


def row(path, seconds=None, station="S1", source="exif", kind="image", frame=None):
    taken = None if seconds is None else START + dt.timedelta(seconds=seconds)
    source = source if taken else "none"
    return {
        "media_id": path, "path": path, "timestamp": taken, "utc_offset": None, "station": station,
        "time_source": source, "kind": kind, "frame_number": frame, "look": None, "status": "ok",
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


def test_a_card_that_the_camera_divides_by_number_or_day_is_one_camera():
    folders = ["DCIM/100RECNX", "DCIM/101RECNX", "2024-05-31", "2024-06-01", "day1", "day 2", "photos", "videos"]
    rows = [row(f"{folder}/{i}.jpg", i, None) for i, folder in enumerate(folders)]
    assert assigned(*rows) == ["batch/2024-05-31T23:59:00"] * 8
    rows = [row(f"{place}/{folder}/{i}.jpg", i, None) for i, folder in enumerate(folders) for place in ("S1", "S2")]
    assert set(assigned(*rows)) == {"batch/S1/2024-05-31T23:59:00", "batch/S2/2024-05-31T23:59:00"}


def test_a_duplicate_joins_the_events_of_both_its_folders():
    first, again = row("card1/a", 0, "card1"), row("card2/a", 0, "card2") | {"media_id": "card1/a"}
    rows = [first, again | {"status": "duplicate of card1/a"}, row("card2/b", 1, "card2")]
    assert len(set(assigned(*rows))) == 1


def collection(**batches):
    """The media table of a collection, sequences of each batch assigned."""
    tables = []
    for name, rows in batches.items():
        found = sequences.assign(rows, {}, name, 120)
        tables.append(pd.DataFrame(rows).assign(sequence=found))
    return pd.concat(tables)


def linked(**batches):
    media = collection(**batches)
    return media["sequence"].map(sequences.linked(media, 120)).tolist()


def test_an_event_goes_on_in_the_next_batch_and_keeps_the_name_of_the_first():
    found = linked(day1=[row("a", 0), row("b", 500)], day2=[row("c", 600), row("d", 900)], day3=[row("e", 961)])
    # 100 s after b, 300 s after c, 61 s after d.
    assert found == [
        "day1/S1/2024-05-31T23:59:00", *["day1/S1/2024-06-01T00:07:20"] * 2, *["day2/S1/2024-06-01T00:14:00"] * 2,
    ]  # fmt: skip


def test_batches_are_joined_at_one_camera_only():
    assert len(set(linked(b1=[row("a", 0)], b2=[row("b", 1, "S2")]))) == 2
    assert len(set(linked(b1=[row("x/a", 0, None)], b2=[row("x/b", 1, None)]))) == 1
    assert len(set(linked(b1=[row("x/a", 0, None)], b2=[row("y/b", 1, None)]))) == 2
    assert len(set(linked(b1=[row("a", 0, None)], b2=[row("b", 1, None)]))) == 1, "two folders of one burst"


def test_one_file_in_two_batches_joins_what_was_taken_beside_it():
    again = row("copy/a", 0, "S9") | {"media_id": "a"}
    assert len(set(linked(b1=[row("a", 0)], b2=[again, row("copy/b", 60, "S9")]))) == 1


def test_sequences_that_labels_csv_tells_apart_stay_apart_within_their_batch():
    rows = [row("a", 0), row("b", 10)]
    media = pd.DataFrame(rows).assign(sequence=sequences.assign(rows, {"a": "E1", "b": "E2"}, "b1", 120))
    assert sequences.linked(media, 120) == {"b1/E1": "b1/E1", "b1/E2": "b1/E2"}
    other = pd.DataFrame([row("c", 20)]).assign(sequence="b2/S1/x")
    assert sequences.linked(pd.concat([media, other]), 120)["b2/S1/x"] == "b1/E2"
