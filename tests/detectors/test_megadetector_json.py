"""Boxes that MegaDetector has made find their media, wherever its paths start."""

import json

import pytest
from detections import media

from pugmark.formats import megadetector
from pugmark.stages import detect

BOX = {"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}


def sidecar(path, files, boxes=(BOX,)):
    categories = {"1": "animal", "2": "person", "3": "vehicle"}
    images = [{"file": file, "detections": list(boxes)} for file in files]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"info": {}, "detection_categories": categories, "images": images}))


def imported(batch, paths, **settings):
    found, counts = detect.detect(media(*paths), batch, {"name": "megadetector_json", **settings})
    names = {f"m{n}": path for n, path in enumerate(paths)}
    return sorted(names[media_id] for media_id in found["media_id"]), counts


@pytest.mark.parametrize(
    "files",
    [
        ["S1/a.jpg", "S2/a.jpg"],
        [r"S1\a.jpg", r"S2\a.jpg"],
        ["july/S1/a.jpg", "july/S2/a.jpg"],
        [r"D:\survey\july\S1\a.jpg", r"D:\survey\july\S2\a.jpg"],
    ],
)
def test_paths_may_start_above_the_batch(tmp_path, files):
    sidecar(tmp_path / "july" / "md.json", files)
    assert imported(tmp_path / "july", ["S1/a.jpg", "S2/a.jpg"])[0] == ["S1/a.jpg", "S2/a.jpg"]


def test_equal_names_in_two_folders_are_not_confused(tmp_path):
    sidecar(tmp_path / "all.json", ["july/a.jpg", "july/b.jpg", "june/a.jpg", "june/b.jpg", "june/c.jpg"])
    (tmp_path / "july").mkdir()
    found, counts = imported(tmp_path / "july", ["a.jpg", "b.jpg", "c.jpg"], file=str(tmp_path / "all.json"))
    assert found == ["a.jpg", "b.jpg"]
    assert counts["media without entry"] == 1 and counts["entries without media"] == 3
    (tmp_path / "copy").mkdir()
    with pytest.raises(megadetector.FormatError, match="equally well under ju"):
        imported(tmp_path / "copy", ["a.jpg", "b.jpg"], file=str(tmp_path / "all.json"))


def test_each_folder_may_have_its_own_file(tmp_path):
    sidecar(tmp_path / "S1" / "md.json", ["a.jpg", "gone.jpg"])
    sidecar(tmp_path / "S2" / "md.json", ["b.jpg"])
    (tmp_path / "datapackage.json").write_text('{"resources": []}')
    found, counts = imported(tmp_path, ["S1/a.jpg", "S2/a.jpg", "S2/b.jpg"])
    assert found == ["S1/a.jpg", "S2/b.jpg"]
    assert counts["media without entry"] == 1 and counts["entries without media"] == 1


def test_boxes_of_videos_go_to_their_frames(tmp_path):
    sidecar(tmp_path / "md.json", ["v.mp4"], [BOX | {"frame_number": n} for n in (0, 7, 10)])
    frames = media("v.mp4", "v.mp4", "v.mp4").assign(kind=["video", "frame", "frame"], frame_number=[None, 0, 10])
    found, counts = detect.detect(frames, tmp_path, {"name": "megadetector_json"})
    assert list(found["media_id"]) == ["m1", "m2"] and counts["boxes on frames that are not sampled"] == 1


def test_weak_boxes_and_failures_are_left_out(tmp_path):
    sidecar(
        tmp_path / "md.json",
        ["a.jpg"],
        [BOX, BOX | {"conf": 0.19}, BOX | {"conf": float("nan")}, BOX | {"category": "2"}],
    )
    content = json.loads((tmp_path / "md.json").read_text())
    content["images"].append({"file": "b.jpg", "failure": "cut off", "detections": None})
    (tmp_path / "md.json").write_text(json.dumps(content))
    found, counts = detect.detect(media("a.jpg", "b.jpg"), tmp_path, {"name": "megadetector_json"})
    assert list(found["label"]) == ["animal", "person"]
    assert counts["failed in the JSON"] == 1 and counts["dropped: not a number"] == 1 and counts["person"] == 1


def test_a_batch_without_the_file_is_told_what_to_do(tmp_path):
    with pytest.raises(megadetector.FormatError, match="put it there or name it"):
        imported(tmp_path, ["a.jpg"])


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["peru_camera_traps", "peru_camera_traps/SDZG_2"])
def test_real_megadetector_boxes_are_matched_from_either_folder(shared, folder):
    batch = shared / "data" / folder
    source = shared / "data" / "peru_camera_traps" / "SDZG_2_megadetector.json"
    paths = sorted(path.relative_to(batch).as_posix() for path in batch.rglob("*.JPG"))
    found, counts = detect.detect(media(*paths), batch, {"name": "megadetector_json", "file": str(source)})
    assert counts["animal"] == 32 and counts["person"] == 6 and counts["entries without media"] == 0
    assert counts["media without entry"] == len(paths) - 46
    (deer,) = [f"m{n}" for n, path in enumerate(paths) if f"{folder}/{path}".endswith("SDZG_2/EK000012.JPG")]
    assert found.loc[found["media_id"] == deer, "confidence"].round(2).tolist() == [0.98]
