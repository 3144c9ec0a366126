"""Models of the package ultralytics: labels, people, pickles, silence."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from detections import keep, media
from places import ROOT

from pugmark import tables
from pugmark.formats import results
from pugmark.runtime import cores
from pugmark.stages import detect
from pugmark.weights import Weights, WeightsError

YOLO = "347e23b2981deac730e96f55b898a176ad528108458bab7f5ef3a2506f0c3be1"


def yolo(shared, trusted=True):
    return {"yolo": Weights("yolo", shared / "weights" / "yolo11n-coco.pt", YOLO, "AGPL-3.0", trusted)}


SETTINGS = {"name": "ultralytics", "weights": "yolo", "image_size": 640}


@pytest.mark.shared
def test_a_model_finds_the_deer_and_the_person(shared, monkeypatch):
    monkeypatch.setattr(cores, "granted", lambda: 2)  # two models side by side
    batch = shared / "data" / "peru_camera_traps" / "SDZG_2"
    rows = media("EK000009.JPG", "EK000012.JPG", "EK000040.JPG")
    found, counts = detect.detect(rows, batch, {**SETTINGS, "batch": 2}, yolo(shared))
    assert list(found["label"]) == ["person", "animal"] and list(found["media_id"]) == ["m0", "m1"]
    assert counts["person"] == 1 and set(found["detector"]) == {"ultralytics yolo"}
    source = shared / "data" / "peru_camera_traps" / "SDZG_2_megadetector.json"
    (theirs,) = [entry for entry in results.read(source).entries if entry.file.endswith("EK000012.JPG")]
    np.testing.assert_allclose(found[list("xywh")].iloc[1], [theirs.boxes[0][side] for side in "xywh"], atol=0.02)


@pytest.mark.shared
def test_a_pickle_of_unknown_origin_is_not_opened(shared):
    with pytest.raises(WeightsError, match="full sha256"):
        detect.detect(media(), shared, SETTINGS, yolo(shared, trusted=False))
    with pytest.raises(WeightsError, match="--weights yolo=PATH"):
        detect.detect(media(), shared, SETTINGS, {})


@pytest.mark.shared
def test_a_model_leaves_no_trace_and_says_nothing(shared, tmp_path):
    source = f"{shared}/data/peru_camera_traps/SDZG_2"
    keep(tmp_path, media("EK000014.JPG"))
    home = tmp_path / "home"
    home.mkdir()
    settings = SETTINGS | {"manifest": {"yolo": {"sha256": YOLO, "licence": "AGPL-3.0"}}}
    command = [sys.executable, "-m", "pugmark.stages.detect", "--batch", source, "--media", "../media.parquet"]
    command += ["--out", "../out.parquet", "--json", "../out.json", "--settings", json.dumps(settings)]
    command += ["--weights", f"yolo={shared}/weights/yolo11n-coco.pt"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("YOLO_")}
    clean |= {"HOME": str(home), "PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=home, env=clean, capture_output=True, text=True, check=True)
    assert done.stdout == "" and "1 animal" in done.stderr.splitlines()[-2]
    assert not any(home.iterdir()), "files were written into the working directory or the home folder"
    provenance = tables.provenance(tmp_path / "out.parquet")
    assert provenance["models"] == [{"name": "yolo", "sha256": YOLO, "licence": "AGPL-3.0"}]
    assert "manifest" not in provenance["settings"]


def test_classes_become_labels():
    from ultralytics.utils import ROOT as PACKAGE
    from ultralytics.utils import YAML

    from pugmark.detectors import ultralytics

    coco = YAML.load(PACKAGE / "cfg" / "datasets" / "coco.yaml")["names"]
    meant = ultralytics.labels(coco, {"teddy bear": "animal"})
    assert meant["person"] == "person" and meant["boat"] == "vehicle" and meant["mouse"] is None
    assert [name for name, label in meant.items() if label == "animal"] == [
        *("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "teddy bear")
    ]
    custom = ultralytics.labels({0: "mouse", 1: "person", 2: "shadow"}, {"shadow": None})
    assert custom == {"mouse": "animal", "person": "person", "shadow": None}


def test_one_animal_of_two_species_is_one_box_and_a_person_on_it_stays():
    import torch
    from ultralytics.engine.results import Results

    from pugmark.detectors import ultralytics

    corners = [[10, 10, 60, 60, 0.6, 0], [11, 10, 60, 60, 0.8, 1], [10, 10, 60, 60, 0.7, 2], [0, 0, 90, 90, 0.9, 3]]
    names = {0: "cow", 1: "sheep", 2: "person", 3: "chair"}
    result = Results(np.zeros((100, 200, 3), np.uint8), path="", names=names, boxes=torch.tensor(corners))
    meaning = {"cow": "animal", "sheep": "animal", "person": "person", "chair": None}
    rows = list(ultralytics._rows(result, meaning, 0.45))
    assert [(row["source_label"], row["label"]) for row in rows] == [("sheep", "animal"), ("person", "person")]
    np.testing.assert_allclose([rows[0][side] for side in "xywh"], [0.055, 0.1, 0.245, 0.5], atol=1e-6)
