"""MegaDetector's JSON: what is written obeys the format's rules."""

import json

import av
import numpy as np
import pandas as pd
import pytest

from pugmark.formats import megadetector, results


def faults(content):
    """The rules of format 1.6 that `content` breaks."""
    found = [] if content["info"]["format_version"] == "1.6" else ["format_version"]
    known = content["detection_categories"]
    found += [name for name in known if not (isinstance(name, str) and int(name) >= 0 and known[name].strip())]
    for image in content["images"]:
        found += [f"{image['file']}: {fault}" for fault in _faults_of(image, known)]
    return found


def _faults_of(image, known):
    detections, failure = image["detections"], image.get("failure")
    if (failure is None) == (detections is None) or failure == "":
        yield "failure and detections"
    if image["file"].startswith("/") or "\\" in image["file"]:
        yield "path"
    video = image["file"].endswith((".mp4", ".avi"))
    if video and not (isinstance(image["frames_processed"], list) and (image["frame_rate"] > 0 or failure)):
        yield "video"
    for box in detections or []:
        x, y, w, h = box["bbox"]
        if box["category"] not in known or not isinstance(box["conf"], float) or not 0 <= box["conf"] <= 1:
            yield "category or confidence"
        if min(x, y) < 0 or min(w, h) <= 0 or max(x + w, y + h) > 1 + 1e-6:
            yield "bbox"
        if video and box["frame_number"] not in image["frames_processed"]:
            yield "frame_number"


def row(media_id, path, kind="image", frame_number=None, status="ok"):
    return {"media_id": media_id, "path": path, "kind": kind, "frame_number": frame_number, "status": status}


def film(path, frames=6, rate=5):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height = 64, 48
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 20, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


@pytest.fixture
def written(tmp_path):
    film(tmp_path / "film.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    media = pd.DataFrame(
        [
            row("a", "S1/a.jpg"),
            row("b", "S1/b.jpg"),
            row("a", "S1/again.jpg", status="duplicate of S1/a.jpg"),
            row("c", "S1/c.jpg", status="unreadable: not an image"),
            row("v", "film.mp4", "video"),
            row("v-f0", "film.mp4", "frame", 0),
            row("v-f5", "film.mp4", "frame", 5),
            row("w", "broken.mp4", "video", status="unreadable: no video"),
        ]
    )
    boxes = [("a", "animal", 0.9), ("a", "person", 0.5), ("v-f5", "vehicle", 0.4)]
    detections = pd.DataFrame([{"media_id": m, "label": label, "confidence": np.float32(c)} for m, label, c in boxes])
    detections = detections.assign(x=0.125, y=0.25, w=0.5, h=0.75)
    megadetector.write(tmp_path / "out.json", media, detections, tmp_path, "motion")
    return tmp_path / "out.json"


def test_what_is_written_obeys_the_format(written):
    content = json.loads(written.read_text())
    assert faults(content) == []
    by_file = {image["file"]: image for image in content["images"]}
    assert list(by_file) == ["S1/a.jpg", "S1/b.jpg", "S1/again.jpg", "S1/c.jpg", "film.mp4", "broken.mp4"]
    assert by_file["S1/a.jpg"]["detections"][1] == {"category": "2", "conf": 0.5, "bbox": [0.125, 0.25, 0.5, 0.75]}
    assert by_file["S1/a.jpg"]["detections"][0]["conf"] == 0.9
    assert by_file["S1/again.jpg"]["detections"] == by_file["S1/a.jpg"]["detections"]
    assert by_file["S1/b.jpg"]["detections"] == [] and "failure" not in by_file["S1/b.jpg"]
    assert by_file["S1/c.jpg"] == {"file": "S1/c.jpg", "failure": "unreadable: not an image", "detections": None}
    assert by_file["film.mp4"]["frame_rate"] == 5.0 and by_file["film.mp4"]["frames_processed"] == [0, 5]
    assert [box["frame_number"] for box in by_file["film.mp4"]["detections"]] == [5]
    assert by_file["broken.mp4"]["failure"] == "unreadable: no video"


def test_the_check_of_the_format_can_fail(written):
    content = json.loads(written.read_text())
    content["images"][0]["detections"] = None
    content["images"][4]["detections"][0]["bbox"][2] = 1.5
    assert faults(content) == ["S1/a.jpg: failure and detections", "film.mp4: bbox"]


def test_what_is_written_is_read_again(written):
    found = results.read(written)
    by_file = {entry.file: entry for entry in found.entries}
    assert found.detector == "motion" and len(by_file) == 6
    assert [file for file, entry in by_file.items() if entry.failure] == ["S1/c.jpg", "broken.mp4"]
    assert by_file["S1/a.jpg"].boxes[0] == {
        **{"frame_number": None, "category": "animal", "species": None, "confidence": 0.9},
        **{"x": 0.125, "y": 0.25, "w": 0.5, "h": 0.75},
    }
    assert [(box["frame_number"], box["category"]) for box in by_file["film.mp4"].boxes] == [(5, "vehicle")]
