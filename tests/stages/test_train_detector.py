"""The stage train_detector: who teaches which class, which stations validate, and a training that was stopped."""

import csv
import json

import cv2
import numpy as np
import pandas as pd
import pytest
from ultralytics import YOLO

from pugmark import tables, weights
from pugmark.detectors import boxes as drawn_boxes
from pugmark.detectors import ultralytics
from pugmark.formats.folder import BatchError
from pugmark.stages import detect, ingest, train_detector

SETTINGS = {"classes": {}, "epochs": 2, "image_size": 64, "batch": 4, "validation": 0.3, "seed": 1}


def survey(folder, stations=("north", "south", "east"), pictures=4):
    """A batch of pictures by station, each with a bright or a dark square, and boxes.csv that names the two kinds."""
    rng, rows = np.random.default_rng(0), []
    for station in stations:
        (folder / "media" / station).mkdir(parents=True)
        for number in range(pictures):
            image = rng.integers(90, 130, (96, 128, 3), dtype=np.uint8)
            left, top = rng.integers(8, 60, 2)
            image[top : top + 30, left : left + 40] = 250 if number % 2 else 10
            path = f"{station}/{number}.jpg"
            cv2.imwrite(str(folder / "media" / path), image)
            species = "stoat" if number % 2 else "rat"
            rows.append([path, "", species, left / 128, top / 96, 40 / 128, 30 / 96])
    with open(folder / "media" / "boxes.csv", "w", newline="") as file:
        csv.writer(file).writerows([["path", "individual", "species", "x", "y", "w", "h"], *rows])
    return rows


def ingested(folder):
    """Media and detections tables of the batch; returns what the stage is told of it."""
    media, found = folder / "media.parquet", folder / "detections.parquet"
    ingest.main(
        ["--batch", str(folder / "media"), "--out", str(media), "--settings", json.dumps({"station": "folder"})]
    )
    options = ["--batch", folder / "media", "--media", media, "--out", found, "--json", folder / "found.json"]
    detect.main([*map(str, options), "--settings", json.dumps({"name": "boxes"})])
    return media, found, folder / "media"


@pytest.fixture
def start(tmp_path):
    """A random network of the true architecture, as a file that ultralytics opens."""
    path = tmp_path / "start.pt"
    YOLO("yolo11n.yaml").save(path)
    return weights.Weights("start", path, weights.sha256(path), "none", True)


def test_a_detector_is_trained_tested_by_class_and_found_by_the_chain(tmp_path, start):
    survey(tmp_path / "b")
    batch = ingested(tmp_path / "b")
    out, metrics = tmp_path / "made/model.pt", tmp_path / "made/metrics.csv"
    options = ["--batch", *batch, "--out", out, "--metrics", metrics, "--weights", f"start={start.path}"]
    settings = SETTINGS | {"manifest": {"start": {"sha256": start.sha256, "licence": "none"}}}
    train_detector.main([*map(str, options), "--settings", json.dumps(settings)])
    told = pd.read_csv(metrics)
    assert told["class"].tolist() == ["rat", "stoat"]
    assert told["boxes_trained"].tolist() == [4, 4] and told["boxes_validated"].tolist() == [2, 2]
    assert told[["mAP50", "mAP50_95"]].apply(lambda column: column.between(0, 1).all()).all()
    assert [path.name for path in out.parent.iterdir()] != [] and not (out.parent / "training").exists()
    made = weights.verified([f"mine={out}"], {"mine": {"made": "abc", "licence": "made by this workflow"}})
    assert made["mine"].trusted and set(YOLO(str(out)).names.values()) == {"rat", "stoat"}
    media = tables.read(batch[0], "media")
    chosen = {"name": "ultralytics", "weights": "mine", "confidence": 0.0, "image_size": 64}
    found, _ = detect.detect(media, batch[2], chosen, made)
    assert set(found["source_label"]) <= {"rat", "stoat"} and set(found["label"]) <= {"animal"}


def test_a_stopped_training_goes_on_after_its_last_epoch(tmp_path, start, monkeypatch):
    survey(tmp_path / "b")
    batches, out = [ingested(tmp_path / "b")], tmp_path / "made/model.pt"
    epochs, opened = [], ultralytics._model

    def stopping(name, files):
        model = opened(name, files)

        def stop(trainer):
            epochs.append(trainer.epoch)
            if trainer.epoch == 1:
                raise KeyboardInterrupt

        model.add_callback("on_model_save", stop)
        return model

    monkeypatch.setattr(ultralytics, "_model", stopping)
    with pytest.raises(KeyboardInterrupt):
        train_detector.train(batches, SETTINGS | {"epochs": 3}, start, out, tmp_path / "made/metrics.csv")
    assert epochs == [0, 1] and not out.exists()
    # It must not begin again.
    monkeypatch.setattr(ultralytics, "_model", None)
    train_detector.train(batches, SETTINGS | {"epochs": 3}, start, out, tmp_path / "made/metrics.csv")
    assert out.exists()


def table(**columns):
    return pd.DataFrame(columns)


def test_classes_join_names_and_leave_out_others():
    boxes = table(source_label=["Mustela erminea", "stoat", "Rattus", "kiwi"], media_id=list("abcd"))
    made = train_detector.classified(boxes, {"stoat": ["stoat", "Mustela erminea"], "rat": ["Rattus"]})
    assert made["species"].tolist() == ["stoat", "stoat", "rat"]
    assert train_detector.classified(boxes, {})["species"].tolist() == boxes["source_label"].tolist()
    with pytest.raises(train_detector.DetectorError, match="did you mean 'stoat'"):
        train_detector.classified(boxes, {"stoat": ["stoats"]})


def test_stations_validate_whole_until_their_share_is_reached():
    media = table(media_id=[str(n) for n in range(20)], station=[f"s{n % 5}" for n in range(20)])
    boxes = table(media_id=[str(n) for n in range(20)])
    assert len(train_detector.validating(media, boxes, 0.2, 1)) == 1
    assert len(train_detector.validating(media, boxes, 0.21, 1)) == 2
    assert len(train_detector.validating(media, boxes, 0.99, 1)) == 4, "one station is left to learn from"
    chosen = {tuple(train_detector.validating(media, boxes, 0.2, seed)) for seed in range(10)}
    assert len(chosen) > 2
    with pytest.raises(train_detector.DetectorError, match="Boxes lie at 1 station"):
        train_detector.validating(media.assign(station="s"), boxes, 0.2, 1)


def test_pictures_are_written_once_with_their_boxes(tmp_path):
    rows = survey(tmp_path / "b")
    media, boxes = train_detector.gathered([ingested(tmp_path / "b")])
    boxes = train_detector.classified(boxes, {})
    description = train_detector.written(media, boxes, {"north"}, ["rat", "stoat"], tmp_path / "data", 64)
    assert {len(list((tmp_path / "data/images" / part).iterdir())) for part in ("train", "val")} == {8, 4}
    shown = media.set_index("path").loc["north/1.jpg", "media_id"]
    said = (tmp_path / f"data/labels/val/{shown}.txt").read_text().split()
    _, _, _, x, y, w, h = next(row for row in rows if row[0] == "north/1.jpg")
    assert said[0] == "1" and [float(word) for word in said[1:]] == pytest.approx([x + w / 2, y + h / 2, w, h])
    assert cv2.imread(str(tmp_path / f"data/images/val/{shown}.jpg")).shape == (48, 64, 3)
    assert "names:" in description.read_text()


def test_boxes_without_a_species_teach_nothing(tmp_path, start):
    survey(tmp_path / "b")
    lines = (tmp_path / "b/media/boxes.csv").read_text()
    (tmp_path / "b/media/boxes.csv").write_text(lines.replace("stoat", "").replace("rat", ""))
    batches = [ingested(tmp_path / "b")]
    with pytest.raises(train_detector.DetectorError, match="No box of an animal has a species"):
        train_detector.train(batches, SETTINGS, start, tmp_path / "model.pt", tmp_path / "metrics.csv")


def test_people_are_no_class(tmp_path):
    survey(tmp_path / "b")
    with open(tmp_path / "b/media/boxes.csv", "a", newline="") as file:
        csv.writer(file).writerow(["north/0.jpg", "", "hiker", 0, 0, 0.2, 0.2])
    _, boxes = train_detector.gathered([ingested(tmp_path / "b")])
    assert set(boxes["source_label"]) == {"rat", "stoat"} and len(boxes) == 12


def coco(folder, **changes):
    said = {
        "images": [{"id": 7, "file_name": "north/0.jpg", "width": 256, "height": 192, "location": 12, "seq_id": "q"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "bbox": [64, 48, 128, 96]},
            {"id": 2, "image_id": 7, "category_id": 4, "bbox": [0, 0, 32, 32]},
            {"id": 3, "image_id": 7, "category_id": 3},
        ],
        "categories": [{"id": 3, "name": "stoat"}, {"id": 4, "name": "human"}],
    }
    path = folder / "said.json"
    path.write_text(json.dumps(said | changes))
    return path


def test_boxes_of_coco_camera_traps_are_those_of_the_size_it_states(tmp_path):
    survey(tmp_path / "b")
    media = tables.read(ingested(tmp_path / "b")[0], "media")
    settings = drawn_boxes.DEFAULTS | {"file": str(coco(tmp_path))}
    rows = list(drawn_boxes.detect(media, tmp_path / "b/media", settings, {}, {}))
    assert [(row["label"], row["source_label"]) for row in rows] == [("animal", "stoat"), ("person", "human")]
    assert [rows[0][side] for side in "xywh"] == [0.25, 0.25, 0.5, 0.5]
    wide = [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [0, 0, 257, 192]}]
    settings["file"] = str(coco(tmp_path, annotations=wide))
    (row,) = drawn_boxes.detect(media, tmp_path / "b/media", settings, {}, {})
    assert [row[side] for side in "xywh"] == [0, 0, 1, 1]
    settings["file"] = str(coco(tmp_path, categories=[]))
    with pytest.raises(BatchError, match="is no COCO Camera Traps file"):
        list(drawn_boxes.detect(media, tmp_path / "b/media", settings, {}, {}))
