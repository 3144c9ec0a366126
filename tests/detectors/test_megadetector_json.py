"""Boxes that a detector has made elsewhere: merged from every file, and those of people told from those of animals."""

import json

import pytest
from detections import media

from pugmark.detectors import megadetector_json
from pugmark.formats import results
from pugmark.stages import detect

BOX = {"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}


def batch_of(folder, *paths):
    """`folder` with empty files at `paths`: this detector reads no pixels."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    return folder


def sidecar(path, files, boxes=(BOX,), categories=("animal", "person", "vehicle"), **more):
    """A JSON at `path` with the same `boxes` for each of `files`, or with the entries that `files` are."""
    images = [{"file": file, "detections": list(boxes)} if isinstance(file, str) else file for file in files]
    names = {str(number): name for number, name in enumerate(categories, start=1)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"info": None, "detection_categories": names, "images": images, **more}))
    return path


def imported(batch, *paths, **settings):
    """(paths of the boxes, sorted; counts) of the detector on the images `paths`, which are in the batch."""
    batch_of(batch, *paths)
    found, counts = detect.detect(media(*paths), batch, {"name": "megadetector_json", **settings})
    names = {f"m{n}": path for n, path in enumerate(paths)}
    return sorted(names[media_id] for media_id in found["media_id"]), counts


def test_each_folder_may_have_its_own_file(tmp_path):
    sidecar(tmp_path / "S1" / "md.json", ["a.jpg", "b.jpg"])
    sidecar(tmp_path / "S2" / "md.json", ["b.jpg"])
    (tmp_path / "datapackage.json").write_text('{"resources": []}')
    found, counts = imported(tmp_path, "S1/a.jpg", "S2/a.jpg", "S2/b.jpg")
    # b.jpg of S1 is gone: its box does not go to the other folder's file of that name, which has one of its own.
    assert found == ["S1/a.jpg", "S2/b.jpg"]
    assert counts["media without entry"] == 1 and counts["entries without media"] == 1


def test_hidden_files_are_passed_over(tmp_path):
    sidecar(tmp_path / "md.json", ["a.jpg"])
    (tmp_path / "._md.json").write_bytes(b"\0\5\26\7 not JSON")
    assert imported(tmp_path, "a.jpg")[0] == ["a.jpg"]


def test_files_of_one_batch_are_merged(tmp_path):
    sidecar(tmp_path / "part1.json", ["a.jpg", {"file": "b.jpg", "failure": "cut off", "detections": None}])
    sidecar(tmp_path / "part2.json", ["b.jpg", "a.jpg"])
    sidecar(tmp_path / "part3.json", [{"file": "a.jpg", "failure": "cut off", "detections": None}])
    found, counts = imported(tmp_path, "a.jpg", "b.jpg")
    assert found == ["a.jpg", "b.jpg"] and counts["failed in the JSON"] == 0
    assert counts["entries that contradict an earlier one"] == 0


def test_files_that_contradict_one_another_are_told_and_the_first_counts(tmp_path, caplog):
    sidecar(tmp_path / "one.json", ["a.jpg", "b.jpg"])
    sidecar(tmp_path / "two.json", ["a.jpg", "b.jpg"], [BOX, BOX | {"bbox": [0.5, 0.5, 0.1, 0.1]}])
    # Boxes that do not count make no difference.
    sidecar(tmp_path / "weak.json", ["a.jpg", "b.jpg"], [BOX, BOX | {"conf": 0.1}])
    found, counts = imported(tmp_path, "a.jpg", "b.jpg")
    assert found == ["a.jpg", "b.jpg"] and counts["entries that contradict an earlier one"] == 2
    assert "2 entries contradict" in caplog.text and "for instance a.jpg in" in caplog.text


def test_a_part_of_a_batch_takes_what_is_its_own(tmp_path):
    video = {"file": "v.mp4", "detections": [BOX | {"frame_number": 3}]}
    sidecar(tmp_path / "md.json", ["C01/a.jpg", "C01/b.jpg", video])
    batch_of(tmp_path, "animals/C01/a.jpg", "empty/C01/b.jpg", "v.mp4")
    found, counts = imported(tmp_path, "empty/C01/b.jpg")
    assert found == ["empty/C01/b.jpg"]
    assert counts["media without entry"] == 0 and "boxes on frames that are not sampled" not in counts


def test_boxes_of_videos_go_to_their_frames(tmp_path):
    batch_of(tmp_path, "v.mp4", "w.mp4")
    single = [{"file": f"w.mp4/frame{n:06d}.jpg", "detections": [BOX]} for n in (0, 20)]
    video = {"file": "v.mp4", "detections": [BOX | {"frame_number": n} for n in (0, "7", 10.0)]}
    sidecar(tmp_path / "md.json", [video, *single])
    frames = media("v.mp4", "v.mp4", "v.mp4", "w.mp4").assign(
        kind=["video", "frame", "frame", "frame"], frame_number=[None, 0, 10, 20]
    )
    found, counts = detect.detect(frames, tmp_path, {"name": "megadetector_json"})
    assert list(found["media_id"]) == ["m1", "m2", "m3"] and counts["boxes on frames that are not sampled"] == 2
    assert counts["media without entry"] == 0


def test_frames_with_boxes_that_count_are_asked_for(tmp_path):
    batch_of(tmp_path, "v.mp4", "w.mp4", "a.jpg")
    boxes = [
        BOX | {"frame_number": 8},
        BOX | {"frame_number": 16, "conf": 0.1},
        BOX | {"frame_number": 24, "category": "2"},
        BOX | {"frame_number": 32, "category": "4"},
    ]
    entries = [{"file": "v.mp4", "detections": boxes}, "w.mp4/frame000003.jpg", "a.jpg"]
    sidecar(tmp_path / "md.json", entries, categories=("animal", "person", "vehicle", "shadow"))
    settings = {**megadetector_json.DEFAULTS, "classes": {"shadow": None}}
    assert megadetector_json.frames(tmp_path, settings) == {"v.mp4": {8, 24}, "w.mp4": {3}, "a.jpg": set()}
    (tmp_path / "md.json").unlink()
    assert megadetector_json.frames(tmp_path, settings) == {}


def test_weak_boxes_and_failures_are_left_out(tmp_path):
    boxes = [
        BOX,
        BOX | {"conf": 0.2},
        BOX | {"conf": 0.19},
        BOX | {"conf": float("nan")},
        BOX | {"category": "2", "conf": "0.91"},
    ]
    sidecar(tmp_path / "md.json", [{"file": "b.jpg", "failure": "cut off", "detections": None}, "a.jpg"], boxes)
    batch_of(tmp_path, "a.jpg", "b.jpg")
    found, counts = detect.detect(media("a.jpg", "b.jpg"), tmp_path, {"name": "megadetector_json"})
    assert list(found["label"]) == ["person", "animal", "animal"] and list(found["confidence"]) == [0.91, 0.9, 0.2]
    assert counts["failed in the JSON"] == 1 and counts["dropped: not a number"] == 1 and counts["person"] == 1


def test_people_are_told_by_the_detector_the_classifier_and_the_user(tmp_path):
    names = ("animal", "Homo_sapiens", "deer", "rock")
    species = {"7": "human", "8": "ocelot", "9": "blank"}
    boxes = [
        BOX,
        BOX | {"category": "2", "classifications": [["8", 0.9]]},
        BOX | {"classifications": [["7", 0.8], ["8", 0.1]]},
        BOX | {"classifications": [["8", 0.8]]},
        BOX | {"classifications": [["9", 0.8]]},
        BOX | {"category": "3"},
        BOX | {"category": "4"},
    ]
    sidecar(tmp_path / "md.json", ["a.jpg"], boxes, names, classification_categories=species)
    batch_of(tmp_path, "a.jpg")
    settings = {"name": "megadetector_json", "classes": {"Rock": None, "DEER": "vehicle"}}
    found, _ = detect.detect(media("a.jpg"), tmp_path, settings)
    assert list(zip(found["label"], found["source_label"], strict=True)) == [
        *(("animal", "animal"), ("person", "Homo_sapiens"), ("person", "human"), ("animal", "ocelot")),
        *(("animal", "animal"), ("vehicle", "deer")),
    ]


def test_a_batch_that_the_file_does_not_know_is_told(tmp_path, caplog):
    source = sidecar(tmp_path / "SDZG_2_md.json", ["SDZG_2/a.jpg", "SDZG_2/b.jpg"])
    found, counts = imported(tmp_path / "SDZG_1", "a.jpg", "b.jpg", file=str(source))
    assert found == [] and counts["media without entry"] == 2 and counts["entries without media"] == 2
    assert "SDZG_2_md.json names no media of the batch" in caplog.text and "SDZG_2/a.jpg" in caplog.text
    assert imported(tmp_path / "SDZG_2", "a.jpg", "b.jpg", file=str(source))[0] == ["a.jpg", "b.jpg"]


def test_a_batch_without_the_file_is_told_what_to_do(tmp_path):
    with pytest.raises(results.FormatError, match="put it there or name it"):
        imported(tmp_path, "a.jpg")


@pytest.mark.shared
@pytest.mark.parametrize(("folder", "known"), [("", 46), ("SDZG_2", 46), ("SDZG_1", 0)])
def test_real_megadetector_boxes_go_to_their_own_station(shared, folder, known):
    survey = shared / "data" / "peru_camera_traps"
    batch = survey / folder
    paths = sorted(path.relative_to(batch).as_posix() for path in batch.rglob("*.JPG"))
    settings = {"name": "megadetector_json", "file": str(survey / "SDZG_2_megadetector.json")}
    found, counts = detect.detect(media(*paths), batch, settings)
    assert (counts["animal"], counts["person"]) == ((32, 6) if known else (0, 0))
    assert counts["entries without media"] == 46 - known and counts["media without entry"] == len(paths) - known
    deer = [f"m{n}" for n, path in enumerate(paths) if f"{folder}/{path}".endswith("SDZG_2/EK000012.JPG")]
    assert found.loc[found["media_id"].isin(deer), "confidence"].round(2).tolist() == [0.98][: len(deer)]


def test_boxes_of_a_duplicate_are_those_of_its_original_where_that_has_none(tmp_path):
    batch = batch_of(tmp_path, "a/1.jpg", "b/1.jpg", "c/2.jpg", "d/2.jpg")
    rows = media("a/1.jpg", "b/1.jpg", "c/2.jpg", "d/2.jpg")
    rows["status"] = ["ok", "duplicate of a/1.jpg", "ok", "duplicate of c/2.jpg"]
    sidecar(batch / "md.json", ["b/1.jpg", "c/2.jpg", "d/2.jpg"])
    found, counts = detect.detect(rows, batch, {"name": "megadetector_json"})
    assert found["media_id"].tolist() == ["m0", "m2"] and counts["media without entry"] == 0
