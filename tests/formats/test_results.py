"""Detectors' results of every kind and age are read, and damaged ones are refused in one sentence."""

import json

import numpy as np
import pytest

from pugmark.formats import results
from pugmark.formats.folder import BatchError

BOX = {"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}
OK = {"file": "a.jpg", "detections": [BOX]}
CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}


def save(path, entries=(OK,), **more):
    path.write_text(json.dumps({"info": {}, "detection_categories": CATEGORIES, "images": list(entries), **more}))
    return path


def one(path):
    """The one entry of the file at `path`."""
    (entry,) = results.read(path).entries
    return entry


def test_older_files_are_read(tmp_path):
    images = [
        {"file": r"C:\cards\S1\a.jpg", "max_detection_conf": 0.9, "detections": [BOX | {"conf": 1}]},
        {"file": "./b.jpg", "failure": "Failure image access", "detections": None},
        {"file": "../july//c.jpg", "failure": None, "detections": []},
        {"file": "Estacio\u0301n/d.jpg", "detections": None},
    ]
    found = results.read(save(tmp_path / "old.json", images))
    assert [entry.file for entry in found.entries] == [
        "C:/cards/S1/a.jpg",
        "b.jpg",
        "july/c.jpg",
        "Estaci\u00f3n/d.jpg",
    ]
    assert [entry.failure for entry in found.entries] == [None, "Failure image access", None, None]
    (box,) = found.entries[0].boxes
    assert box == {
        **{"frame_number": None, "category": "animal", "species": None, "confidence": 1.0},
        **{"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4},
    }


@pytest.mark.parametrize("info", [None, {}, [], "md", {"detector": None}, {"detector": {"name": "md"}}])
def test_what_is_said_of_the_detector_may_be_missing_or_odd(tmp_path, info):
    assert results.read(save(tmp_path / "md.json", info=info)).detector is None


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = save(tmp_path / "md.json", info={"detector": "md_v5a"})
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert results.read(path).detector == "md_v5a"


def test_numbers_may_be_text_and_what_is_none_is_nan(tmp_path):
    odd = BOX | {"conf": "0.91", "bbox": ["0.1", None, "x", 0.4], "frame_number": "12"}
    (box,) = one(save(tmp_path / "md.json", [{"file": "v.mp4", "detections": [odd]}])).boxes
    assert box["confidence"] == 0.91 and box["x"] == 0.1 and box["frame_number"] == 12
    assert np.isnan(box["y"]) and np.isnan(box["w"])
    for conf in (None, True, [0.9], {}, 10**400, float("nan")):
        assert np.isnan(
            one(save(tmp_path / "md.json", [OK | {"detections": [BOX | {"conf": conf}]}])).boxes[0]["confidence"]
        )


def test_the_likeliest_class_is_the_species(tmp_path):
    named = OK | {
        "detections": [BOX | {"classifications": [["5", 0.8], ["6", 0.1]]}, BOX | {"classifications": []}, BOX]
    }
    path = save(tmp_path / "md.json", [named], classification_categories={"5": "ocelot", "6": "margay"})
    assert [box["species"] for box in one(path).boxes] == ["ocelot", None, None]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (OK | {"detections": [BOX | {"category": "7"}]}, "category 7 is not among"),
        (OK | {"detections": [BOX | {"category": None}]}, "category None is not among"),
        (OK | {"detections": [BOX | {"bbox": [1, 2]}]}, "breaks the format"),
        (OK | {"detections": [BOX | {"bbox": None}]}, "breaks the format"),
        (OK | {"detections": [{"category": "1", "bbox": BOX["bbox"]}]}, "lacks 'conf'"),
        (OK | {"detections": [None]}, "breaks the format"),
        (OK | {"detections": 5}, "breaks the format"),
        (OK | {"detections": [BOX | {"classifications": [[]]}]}, "breaks the format"),
        (OK | {"detections": [BOX | {"frame_number": [1]}]}, r"frame_number \[1\] is not a whole number"),
        (OK | {"detections": [BOX | {"frame_number": -1}]}, "frame_number -1"),
        (OK | {"detections": [BOX | {"frame_number": 1.5}]}, "frame_number 1.5"),
        (OK | {"detections": [BOX | {"frame_number": float("nan")}]}, "frame_number nan"),
        ({"detections": []}, "lacks 'file'"),
        ({"file": None, "detections": []}, "`file` is None"),
        ({"file": "", "detections": []}, "`file` is ''"),
        (None, "breaks the format"),
        ("a.jpg", "breaks the format"),
    ],
)
def test_a_damaged_entry_is_named_in_one_sentence(tmp_path, image, message):
    with pytest.raises(results.FormatError, match=f"bad.json: entry 1 of `images` .*{message}") as refused:
        results.read(save(tmp_path / "bad.json", [OK, image]))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"detection_categories": {"1": None}}, "`detection_categories` .*name of '1' is None"),
        ({"detection_categories": ["animal"]}, "`detection_categories`"),
        ({"detection_categories": None}, "`detection_categories`"),
        ({"classification_categories": {"1": 5}}, "`classification_categories` .*name of '1' is 5"),
        ({"images": None}, "`images`"),
        ({"images": 5}, "`images`"),
        ({"images": {"a.jpg": []}}, "entry 0 of `images`"),
    ],
)
def test_a_damaged_head_is_named_in_one_sentence(tmp_path, more, message):
    with pytest.raises(results.FormatError, match=message):
        results.read(save(tmp_path / "bad.json", **more))


@pytest.mark.parametrize("text", ["", "{", '{"images": [', "[" * 200_000, "1" * 5000, "\0", "\ufffe"])
def test_what_is_no_json_is_refused(tmp_path, text):
    (tmp_path / "cut.json").write_text(text)
    with pytest.raises(results.FormatError, match=r"cut\.json is not valid JSON"):
        results.load(tmp_path / "cut.json")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(BatchError, match=r"gone\.json cannot be read"):
        results.load(tmp_path / "gone.json")


@pytest.mark.parametrize(
    "content", ['{"resources": []}', "5", "null", "[]", "[1]", '{"images": [], "annotations": []}']
)
def test_json_of_another_kind_is_passed_over(tmp_path, content):
    (tmp_path / "other.json").write_text(content)
    assert results.load(tmp_path / "other.json") is None
    with pytest.raises(results.FormatError, match="not MegaDetector output"):
        results.read(tmp_path / "other.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"file": "a.jpg", "detections": []}], "Microsoft's `megadetector` command.*in pixels"),
        ({"annotations": [{"img_id": "a.jpg", "bbox": []}], "categories": {}}, "`save_detection_json`.*in pixels"),
        ({"images": [OK]}, "lacks `detection_categories`"),
    ],
)
def test_files_of_the_kind_that_do_not_serve_are_refused_by_name(tmp_path, content, message):
    (tmp_path / "kin.json").write_text(json.dumps(content))
    with pytest.raises(results.FormatError, match=f"kin.json .*{message}"):
        results.load(tmp_path / "kin.json")


def test_speciesnet_is_read(tmp_path):
    human = "a1;mammalia;primates;hominidae;homo;sapiens;human"
    said = [
        {
            **{"filepath": "/july/S1/a.jpg", "prediction": human, "prediction_score": 0.8, "model_version": "4.0.1a"},
            "detections": [
                {"category": "1", "label": "animal", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]},
                {"category": "2", "label": "human", "conf": 0.4, "bbox": [0, 0, 1, 1]},
            ],
        },
        {"filepath": "/july/S1/b.jpg", "failures": ["DETECTOR", "CLASSIFIER"]},
        {"filepath": "/july/S1/c.jpg", "failures": ["CLASSIFIER"], "detections": []},
    ]
    (tmp_path / "predictions.json").write_text(json.dumps({"predictions": said}))
    found = results.read(tmp_path / "predictions.json")
    assert found.detector == "SpeciesNet 4.0.1a"
    assert [(entry.file, bool(entry.failure)) for entry in found.entries] == [
        *(("/july/S1/a.jpg", False), ("/july/S1/b.jpg", True), ("/july/S1/c.jpg", False))
    ]
    boxes = found.entries[0].boxes
    assert [(box["category"], box["species"], box["confidence"]) for box in boxes] == [
        *(("animal", "human", 0.9), ("human", None, 0.4))
    ]
    for wrong in ([said[0], None], [said[0] | {"detections": [5]}], [said[0] | {"detections": 5}]):
        (tmp_path / "predictions.json").write_text(json.dumps({"predictions": wrong}))
        with pytest.raises(results.FormatError, match="`predictions` breaks the format"):
            results.read(tmp_path / "predictions.json")


@pytest.mark.parametrize(
    ("file", "frame"),
    [
        ("S1/v.mp4/frame000010.jpg", ("S1/v.mp4", 10)),
        ("v.AVI/frame0.png", ("v.AVI", 0)),
        ("v.mp4", None),
        ("frame000010.jpg", None),
        ("S1/frame000010.jpg", None),
        ("v.mp4/000010.jpg", None),
    ],
)
def test_single_frames_of_a_video_are_known_by_their_names(file, frame):
    assert results.frame_file(file) == frame
