"""The detect stage: every detector on real files, boxes put in order, people recorded."""

import json
from collections import Counter

import cv2
import numpy as np
import pandas as pd
import pytest
from detections import keep, media

from pugmark import tables
from pugmark.stages import detect


def boxes(*rows):
    columns = ["media_id", "confidence", "x", "y", "w", "h"]
    return pd.DataFrame(rows, columns=columns).assign(label="animal", source_label=None, detector="d")


def test_boxes_are_cut_to_the_image_and_the_rest_is_counted():
    found, counts = (
        boxes(
            ("a", 0.9, -0.25, 0.5, 0.5, 0.75),
            ("a", 0.8, 0.1, 0.2, 0.3, 0.4),
            ("a", 0.7, 1.0, 0.2, 0.3, 0.4),
            ("a", 0.7, 0.5, 0.2, -0.3, 0.4),
            ("a", 0.7, float("nan"), 0.2, 0.3, 0.4),
            ("a", float("inf"), 0.1, 0.2, 0.3, 0.4),
            ("a", 0.7, 0.1, None, 0.3, 0.4),
        ),
        Counter(),
    )
    kept = detect.clipped(found, counts)
    np.testing.assert_allclose(kept[list("xywh")], [[0, 0.5, 0.25, 0.5], [0.1, 0.2, 0.3, 0.4]])
    assert counts == {"dropped: not a number": 3, "dropped: outside the image": 2}


def test_ids_follow_confidence_and_media_keep_their_order():
    side = (0.1, 0.1, 0.1, 0.1)
    found = boxes(("z", 0.5, *side), ("a", 0.4, *side), ("z", 0.9, *side), ("z", 0.5, 0.2, *side[1:]))
    ordered = detect.ordered(found)
    assert list(ordered["detection_id"]) == ["z-d00", "z-d01", "z-d02", "a-d00"]
    assert list(ordered["confidence"]) == [0.9, 0.5, 0.5, 0.4] and list(ordered["x"]) == [0.1, 0.1, 0.2, 0.1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "motoin"}, "did you mean 'motion'"),
        ({"name": "motion", "treshold": 1}, "did you mean 'threshold'"),
        ({}, "known: boxes"),
    ],
)
def test_unknown_words_are_refused_with_the_nearest(settings, message):
    with pytest.raises(detect.SettingsError, match=message):
        detect.detect(media(), "batch", settings)


def test_the_command_line_ends_with_one_sentence(tmp_path):
    keep(tmp_path, media("a.jpg"))
    with pytest.raises(SystemExit, match="holds no MegaDetector JSON: put it there or name it"):
        run(tmp_path, {"name": "megadetector_json"})
    assert not (tmp_path / "detections.parquet").exists()


def test_an_empty_batch_gives_empty_tables(tmp_path):
    tables.write(tmp_path / "media.parquet", "media", [], stage="ingest")
    for name in ("motion", "whole", "megadetector_json", "boxes"):
        out, listed = run(tmp_path, {"name": name})
        assert out.empty and listed["images"] == [] and listed["info"]["format_version"] == "1.6"


def run(folder, settings, batch=None):
    paths = {
        "media": folder / "media.parquet",
        "out": folder / "detections.parquet",
        "json": folder / "detections.json",
    }
    arguments = ["--batch", str(batch or folder), "--settings", json.dumps(settings)]
    detect.main([*arguments, *(part for name, path in paths.items() for part in (f"--{name}", str(path)))])
    return tables.read(paths["out"], "detections"), json.loads(paths["json"].read_text())


def test_whole_boxes_are_told_in_table_and_json(tmp_path):
    rows = media("a.jpg", "b.jpg", "c.jpg").assign(status=["ok", "unreadable: not an image", "ok"])
    keep(tmp_path, rows)
    found, listed = run(tmp_path, {"name": "whole"})
    assert list(found["detection_id"]) == ["m0-d00", "m2-d00"]
    assert (found[["x", "y", "w", "h", "confidence"]] == [0, 0, 1, 1, 1]).all(axis=None)
    assert [entry.get("failure") for entry in listed["images"]] == [None, "unreadable: not an image", None]
    assert tables.provenance(tmp_path / "detections.parquet")["counts"] == {
        **{"dropped: not a number": 0, "dropped: outside the image": 0},
        **{"images and frames": 2, "animal": 2, "person": 0, "vehicle": 0},
    }
    first = (tmp_path / "detections.parquet").read_bytes(), (tmp_path / "detections.json").read_bytes()
    run(tmp_path, {"name": "whole"})
    assert first == ((tmp_path / "detections.parquet").read_bytes(), (tmp_path / "detections.json").read_bytes())


def test_drawn_boxes_come_from_the_sidecar(tmp_path):
    cv2.imwrite(str(tmp_path / "a.jpg"), np.zeros((50, 100, 3), np.uint8))
    (tmp_path / "labels.csv").write_text("path,individual,x,y,w,h\na.jpg,Ada,10,10,50,25\na.jpg,Bo,0.5,0.5,0.25,0.5\n")
    found, counts = detect.detect(media("a.jpg"), tmp_path, {"name": "boxes"})
    np.testing.assert_allclose(found[list("xywh")], [[0.1, 0.2, 0.5, 0.5], [0.5, 0.5, 0.25, 0.5]])
    assert counts["animal"] == 2 and set(found["detector"]) == {"boxes"}
