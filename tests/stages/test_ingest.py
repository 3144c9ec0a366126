"""The ingest stage on generated batches of every kind, and on real ones."""

import json
import os

import pandas as pd
import pytest
from formats.media import noise, photo, video

from pugmark import tables
from pugmark.stages import ingest


def run(batch, **settings):
    """(media table by path, counts) of the stage's command line on `batch`."""
    out = batch.parent / "media.parquet"
    ingest.main(["--batch", str(batch), "--out", str(out), "--settings", json.dumps(settings)])
    return tables.read(out, "media"), tables.provenance(out)["counts"]


@pytest.fixture
def batch(tmp_path):
    folder = tmp_path / "2024 spring"
    folder.mkdir()
    return folder


def one(media, path, kind="image"):
    (row,) = media[(media["path"] == path) & (media["kind"] == kind)].to_dict("records")
    return row


def test_an_empty_folder_gives_an_empty_table(batch):
    media, counts = run(batch)
    assert media.empty and counts["images"] == 0
    assert list(media.columns) == list(tables.definitions()["media"]["columns"])


def test_images_of_every_kind_in_any_depth(batch):
    noise().save(batch / "plain.png")
    noise(seed=1).convert("CMYK").save(batch / "cmyk.TIF")
    photo(batch / "S1" / "100_BTCF" / "IMG 1.JPG", taken="2024:05:31 18:30:00", orientation=6)
    photo(batch / ".trash" / "a.jpg")
    photo(batch / "._b.jpg")
    (batch / "notes.txt").write_text("no media")
    media, counts = run(batch)
    assert sorted(media["path"]) == ["S1/100_BTCF/IMG 1.JPG", "cmyk.TIF", "plain.png"]
    assert set(media["status"]) == {"ok"}
    deep = one(media, "S1/100_BTCF/IMG 1.JPG")
    assert (deep["width"], deep["height"], deep["station"]) == (30, 40, "S1")
    assert (deep["timestamp"], deep["time_source"]) == (pd.Timestamp("2024-05-31 18:30:00"), "exif")
    assert counts["images"] == 3 and counts["passed over"] == {".txt": 1} and counts["hidden"] == 1


def test_equal_content_is_used_once_and_known_by_its_checksum(batch):
    photo(batch / "b.jpg", seed=1)
    photo(batch / "a.jpg", seed=1)
    media, counts = run(batch)
    assert one(media, "a.jpg")["status"] == "ok" and one(media, "b.jpg")["status"] == "duplicate of a.jpg"
    assert media["media_id"].nunique() == 1 and len(media["media_id"][0]) == 16
    assert counts["duplicates"] == 1


@pytest.mark.parametrize(
    ("rule", "labels", "expected"),
    [
        ("auto", "sidecar", ["S1", None, None, None]),
        ("folder", "sidecar", ["S1", "100MEDIA", "query", None]),
        ("batch", "sidecar", ["2024 spring"] * 4),
        ("none", "sidecar", [None] * 4),
        ("auto", "folders", [None] * 4),
    ],
)
def test_stations(batch, rule, labels, expected):
    paths = ["S1/a.jpg", "100MEDIA/b.jpg", "query/c.jpg", "d.jpg"]
    for path in paths:
        photo(batch / path)
    media, _ = run(batch, station=rule, labels=labels)
    found = [one(media, path)["station"] for path in paths]
    assert [None if pd.isna(station) else station for station in found] == expected


def test_times_come_from_the_best_source_that_can_be_true(batch):
    good, none = "2024:05:31 18:30:00", None
    exif = {"label": good, "exif": good, "20240102_030405": none, "unset": "2000:01:01 00:00:00"}
    for name, taken in {**exif, "zero": "0000:00:00 00:00:00", "future": "2150:01:01 00:00:00"}.items():
        photo(batch / f"{name}.jpg", taken=taken)
    photo(batch / "20230102_030405.jpg", taken="2000:01:01 00:00:00")
    (batch / "labels.csv").write_text("path,individual,timestamp\nlabel.jpg,,2023-12-31 23:00:00-03:00\n")
    media, counts = run(batch, timezone="Europe/Berlin")
    found = {row.path[:-4]: (str(row.timestamp), row.utc_offset, row.time_source) for row in media.itertuples()}
    assert found["label"] == ("2023-12-31 23:00:00", "-03:00", "labels")
    assert found["exif"] == ("2024-05-31 18:30:00", "+02:00", "exif")
    assert found["20240102_030405"] == ("2024-01-02 03:04:05", "+01:00", "filename")
    assert found["20230102_030405"] == ("2023-01-02 03:04:05", "+01:00", "filename")
    assert {found[name][0] for name in ("unset", "zero", "future")} == {"NaT"}
    assert counts["times set aside (exif: clock never set)"] == 2
    assert counts["times set aside (exif: not a date)"] == 1 and counts["times set aside (exif: in the future)"] == 1
    assert counts["without time"] == 3


def test_clocks_in_doubt_are_told_of_each_picture(batch):
    taken = ["2000:01:05 00:03:12", "2061:01:01 00:00:00", "2024:05:31 18:30:00", "2019:01:01 00:00:00"]
    for number, text in enumerate(taken, 1):
        photo(batch / "S1" / f"IMG_000{number}.jpg", taken=text)
    media, counts = run(batch)
    doubts = media["time_doubt"].astype(object).where(media["time_doubt"].notna(), None).tolist()
    assert doubts == ["clock started again", "in the future", None, "the clock went back"]
    assert media["timestamp"].notna().tolist() == [False, False, True, True] and counts["times in doubt"] == 3


def test_what_is_said_of_a_duplicate_holds_for_the_file_that_is_used(batch):
    for path in ("0.jpg", "S2/0.jpg"):
        photo(batch / path, seed=1)
    for path in ("S1/b.jpg", "S2/b.jpg"):
        photo(batch / path, seed=2)
    media, counts = run(batch)
    assert one(media, "0.jpg")["station"] == "S2" and one(media, "S1/b.jpg")["station"] == "S1"
    assert counts["duplicates in folders of two stations (the first counts)"] == 1
    text = "path,individual,station,sequence,timestamp\nS2/b.jpg,,Bridge,E1,2024-05-31 18:30:00\n"
    (batch / "labels.csv").write_text(text + "S1/b.jpg,,,E1,\n")
    row = one(run(batch)[0], "S1/b.jpg")
    assert (row["station"], row["sequence"], str(row["timestamp"])) == (
        "Bridge", "2024 spring/E1", "2024-05-31 18:30:00",
    )  # fmt: skip


def test_a_file_with_two_stations_has_none(batch):
    photo(batch / "a.jpg")
    (batch / "labels.csv").write_text("path,individual,station\na.jpg,Ada,S1\na.jpg,Bo,S2\n")
    media, counts = run(batch)
    assert (
        media["station"].isna().all()
        and counts["media with more than one station in the sidecars (none is taken)"] == 1
    )


def test_folders_that_name_the_individuals_are_no_stations(batch):
    for path in ("Ada/a.jpg", "Bo/b.jpg", "Cy/c.jpg"):
        photo(batch / path)
    (batch / "labels.csv").write_text("path,individual\nAda/a.jpg,Ada\nBo/b.jpg,bo\n")
    assert run(batch)[0]["station"].isna().all()
    assert run(batch, station="folder")[0]["station"].tolist() == ["Ada", "Bo", "Cy"]


def test_a_burst_is_one_sequence_over_the_folders_of_its_camera(batch, capsys):
    for number, folder in enumerate(("100RECNX", "100RECNX", "101RECNX")):
        photo(batch / "DCIM" / folder / f"{number}.jpg", taken=f"2024:05:31 18:30:0{number}")
    media, counts = run(batch)
    assert counts["sequences"] == 1 and media["station"].isna().all()
    assert "set ingest.station: batch" in capsys.readouterr().err
    run(batch, station="batch")
    assert "set ingest.station" not in capsys.readouterr().err


def test_a_photograph_and_the_video_of_its_trigger_are_one_sequence(batch, capsys):
    photo(batch / "S1" / "a.jpg", taken="2024:05:31 18:30:00")
    video(batch / "S1" / "b.mp4", created="2024-05-31T16:30:03Z")
    _, counts = run(batch)
    assert counts["sequences"] == 1 and counts["videos in UTC beside pictures without a zone"] == 1
    assert "set ingest.timezone" in capsys.readouterr().err
    _, counts = run(batch, timezone="Europe/Berlin")
    assert counts["sequences"] == 1 and counts["videos in UTC beside pictures without a zone"] == 0
    photo(batch / "S1" / "a.jpg", taken="2024:05:31 18:30:00", offset="+00:00")
    assert run(batch)[1]["sequences"] == 2


def test_a_copy_saved_anew_is_of_the_same_sequence(batch):
    scene = noise(8, 6, 3).resize((640, 480))
    (batch / "originals").mkdir()
    (batch / "sent").mkdir()
    scene.save(batch / "originals" / "a.png")
    scene.resize((320, 240)).save(batch / "sent" / "IMG-WA0001.jpg", quality=70)
    noise(8, 6, 4).resize((640, 480)).save(batch / "sent" / "other.jpg")
    media, _ = run(batch)
    assert media["sequence"].nunique() == 2
    assert one(media, "originals/a.png")["sequence"] == one(media, "sent/IMG-WA0001.jpg")["sequence"]


def test_the_file_system_tells_no_time(batch):
    os.utime(photo(batch / "a.jpg"), (1.6e9, 1.6e9))
    media, _ = run(batch)
    assert media["timestamp"].isna().all() and list(media["time_source"]) == ["none"]


def test_labels_csv_gives_station_sequence_and_time(batch):
    photo(batch / "S1" / "a.jpg")
    photo(batch / "S1" / "b.jpg")
    text = "path,individual,station,sequence,timestamp\nS1/a.jpg,Ada,Old bridge,E1,2024-05-31 18:30:00\n"
    (batch / "labels.csv").write_text(text)
    media, _ = run(batch)
    assert (one(media, "S1/a.jpg")["station"], one(media, "S1/a.jpg")["sequence"]) == ("Old bridge", "2024 spring/E1")
    assert one(media, "S1/b.jpg")["station"] == "S1"


def test_a_video_is_sampled_by_its_time(batch):
    video(batch / "v.mp4", frames=25, rate=10, created="2024-05-31T18:30:00Z")
    media, counts = run(batch, timezone="+02:00", video={"every_seconds": 1.0})
    frames = media[media["kind"] == "frame"]
    assert frames["frame_number"].tolist() == [0, 10, 20]
    assert frames["timestamp"].astype(str).tolist() == [f"2024-05-31 20:30:0{i}" for i in range(3)]
    whole = one(media, "v.mp4", "video")
    assert frames["media_id"].tolist() == [f"{whole['media_id']}-f{n}" for n in (0, 10, 20)]
    assert (whole["time_source"], whole["utc_offset"]) == ("video", "+02:00")
    assert media["sequence"].nunique() == 1 and (counts["videos"], counts["frames"]) == (1, 3)


def test_boxes_choose_the_frames_and_frames_that_are_not_there_are_counted(batch):
    video(batch / "v.mp4", frames=8)
    rows = "".join(f"v.mp4,{n},Ada,0,0,1,1\n" for n in (7, 3, 3, 99))
    (batch / "boxes.csv").write_text("path,frame,individual,x,y,w,h\n" + rows)
    media, counts = run(batch)
    assert media["frame_number"].dropna().tolist() == [3, 7]
    assert counts["frames named that the video does not have (the first is 0)"] == 1


def results(path, **frames_of):
    """MegaDetector JSON at `path` with a box of confidence 0.9 on each of the {video stem: frame numbers}."""
    box = {"category": "1", "conf": 0.9, "bbox": [0, 0, 1, 1]}
    images = [
        {"file": f"{stem}.mp4", "detections": [box | {"frame_number": number} for number in numbers]}
        for stem, numbers in frames_of.items()
    ]
    path.write_text(json.dumps({"detection_categories": {"1": "animal"}, "images": images}))


def test_a_detector_that_brings_boxes_chooses_the_frames_too(batch):
    for seed, name in enumerate(("v.mp4", "w.mp4", "x.mp4")):
        video(batch / name, frames=20 + seed, rate=10)
    results(batch / "md.json", v=[4, 11], w=[6])
    (batch / "labels.csv").write_text("path,individual,frame\nv.mp4,Ada,3\n")
    media, _ = run(batch)
    frames = {path: rows["frame_number"].dropna().tolist() for path, rows in media.groupby("path")}
    assert frames == {"v.mp4": [3, 4, 11], "w.mp4": [6], "x.mp4": [0, 10, 20]}
    assert run(batch, boxes=None)[0]["frame_number"].dropna().tolist() == [3, 0, 10, 20, 0, 10, 20]
    results(batch.parent / f"{batch.name}.json", w=[7, 8])
    named = {"name": "megadetector_json", "file": str(batch.parent / f"{batch.name}.json"), "confidence": 0.95}
    assert run(batch, boxes=named)[0]["frame_number"].dropna().tolist() == [3, 0, 10, 20, 0, 10, 20]
    named["confidence"] = 0.9
    assert run(batch, boxes=named)[0]["frame_number"].dropna().tolist() == [3, 7, 8, 0, 10, 20]


def test_drawn_boxes_kept_apart_from_the_batch_choose_the_frames_too(batch):
    video(batch / "v.mp4", frames=20, rate=10)
    (batch.parent / "apart.csv").write_text("path,individual,frame,x,y,w,h\nv.mp4,Ada,5,0,0,1,1\nv.mp4,Ada,6,,,,\n")
    media, _ = run(batch, boxes={"name": "boxes", "file": str(batch.parent / "apart.csv")})
    assert media["frame_number"].dropna().tolist() == [5]


def test_damaged_results_end_in_one_sentence(batch):
    photo(batch / "a.jpg")
    (batch / "md.json").write_text('{"images": [')
    assert len(run(batch)[0]) == 1, "nothing in it concerns a batch of images"
    video(batch / "v.mp4")
    with pytest.raises(SystemExit, match=r"md\.json is not valid JSON"):
        run(batch)


def test_frames_with_boxes_may_be_thinned(batch):
    video(batch / "v.mp4", frames=25, rate=10)
    rows = "".join(f"v.mp4,{n},Ada,0,0,1,1\n" for n in (2, 3, 7, 8, 12, 13, 24))
    (batch / "boxes.csv").write_text("path,frame,individual,x,y,w,h\n" + rows)
    media, counts = run(batch, video={"frame_gap": 0.5})
    assert media["frame_number"].dropna().tolist() == [2, 7, 12, 24], "0.5 s after the one that is kept, not the last"
    assert counts["frames with boxes left out by frame_gap"] == 3
    assert run(batch)[0]["frame_number"].dropna().tolist() == [2, 3, 7, 8, 12, 13, 24]


def test_names_of_any_kind_pass_unharmed(batch):
    names = ['a "b".jpg', "é è.jpg", "a..b.jpg", "<b>&amp;.jpg", "line\nbreak.jpg", "%s {x}.jpg", "'; drop--.jpg"]
    for name in names:
        photo(batch / "..x" / name, seed=names.index(name))
        photo(batch / name, seed=100 + names.index(name))
    media, _ = run(batch)
    assert sorted(media["path"]) == sorted(names)


def test_same_input_same_bytes(batch):
    photo(batch / "S1" / "a.jpg", taken="2024:05:31 18:30:00")
    video(batch / "v.mp4")
    out = batch.parent / "media.parquet"
    run(batch)
    before = out.read_bytes()
    os.utime(batch / "S1" / "a.jpg", (0, 0))
    run(batch)
    assert out.read_bytes() == before and str(batch).encode() not in before


def test_user_errors_are_one_sentence(batch, tmp_path):
    with pytest.raises(SystemExit, match="did you mean Europe/Berlin"):
        run(batch, timezone="Europe/Berln")
    photo(batch / "a.jpg")
    (batch / "labels.csv").write_text("path,individual\nabsent.jpg,Ada\n")
    with pytest.raises(SystemExit, match=r"line 2: there is no media file absent\.jpg"):
        run(batch)
    with pytest.raises(SystemExit, match="is no folder"):
        run(tmp_path / "absent")


@pytest.mark.shared
def test_bursts_of_real_camera_traps(shared, tmp_path):
    rows, counts = ingest.ingest(shared / "data" / "peru_camera_traps", {"timezone": "America/Lima"})
    media = pd.DataFrame(rows)
    assert (counts["images"], counts["sequences"], counts["without time"]) == (111, 36, 0)
    assert set(media["station"]) == {"SDZG_1", "SDZG_2"} and set(media["utc_offset"]) == {"-05:00"}
    # Bursts of three; at 22:21:14 and 22:22:10 the second camera fired twice within two minutes.
    sizes = media.groupby("sequence").size()
    assert sizes[sizes != 3].to_dict() == {"peru_camera_traps/SDZG_2/2014-07-02T22:21:14": 6}


@pytest.mark.shared
def test_the_official_package(shared):
    rows, _ = ingest.ingest(shared / "data" / "camtrap_dp", {})
    media = pd.DataFrame(rows)
    assert len(media) == 10 and set(media["station"]) == {"B_DM_val 4_'t WAD"}
    # The names hold the time of the copy, 2021-05-31; the package knows when they were taken.
    assert set(media["timestamp"].dt.date.astype(str)) == {"2021-04-11"} and set(media["utc_offset"]) == {"+01:00"}
    assert media["sequence"].nunique() == 1


@pytest.mark.shared
def test_every_frame_of_the_koi_video_that_has_boxes(shared):
    rows, counts = ingest.ingest(shared / "data" / "koi_video", {})
    assert counts["frames"] == 536 and {(row["width"], row["height"]) for row in rows} == {(952, 540)}


@pytest.mark.shared
def test_frames_of_a_barn_clip_share_a_sequence(shared, tmp_path):
    batch = tmp_path / "barn"
    batch.mkdir()
    for cow in ("998240000050883", "998240000037066"):
        os.symlink(shared / "data" / "holstein2025" / "datasets_v2" / cow, batch / cow)
    media = pd.DataFrame(ingest.ingest(batch, {"labels": "folders"})[0])
    clips = media["path"].str.extract(r"/(\d{14}_\d{14}|J\d+_[\d._]+_manual_\d+_\d+|[\d-]+(?=\(\d\)))")[0]
    assert clips.notna().sum() == 65  # of 74; the rest are bare counters such as 001.jpg or have none
    assert media.groupby(clips)["sequence"].nunique().max() == 1
    assert media[clips.notna()]["sequence"].nunique() > 12
