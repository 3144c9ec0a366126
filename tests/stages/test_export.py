"""The stage: from tables of a batch with a video and a picture to a folder of files for other tools."""

import json

import av
import numpy as np
import pandas as pd
import pytest
from formats.media import video

from pugmark import tables
from pugmark.exporting import machines, overlay, sightings
from pugmark.formats import megadetector
from pugmark.stages import export

TIME = pd.Timestamp("2024-05-01 10:00:00")
# Ana on frames 2, 4 and 6; somebody whom nobody knows beside her on frame 4; a person on frame 6; nobody on frame 8.
BOXES = [("c2", 2, "Ana"), ("c4", 4, "Ana"), ("c4b", 4, "?"), ("c6", 6, "Ana")]
SIZE = 200, 100


def made(name, rows):
    """Rows of a table, None where nothing is given."""
    return pd.DataFrame([dict.fromkeys(tables.definitions()[name]["columns"]) | row for row in rows])


def drawn(folder, boxes=BOXES):
    """Write the tables of the collection C into `folder`."""
    place = {"station": "w", "timestamp": TIME, "sequence": "s", "batch": "b"}
    rows = []
    for crop, frame, who in boxes:
        box = {"x": 0.5 if who == "?" else 0.25, "y": 0.5, "w": 0.25, "h": 0.25, "confidence": 0.9, "label": "animal"}
        row = {"crop_id": crop, "detection_id": crop, "media_id": f"v-f{frame}", "frame_number": frame, **place, **box}
        first = "c4b" if who == "?" else "c2"
        row |= {"path": "film.mp4", "image": b"", "mask": None, "width": 50}
        row |= dict.fromkeys(("encounter", "track", "followed"), first)
        row |= {"height": 25, "sharpness": 1, "area": 1, "touches_border": False, "infrared": False, "split": "test"}
        rows.append({**row, "detector": "boxes"})
    frames = [{"media_id": f"v-f{at}", "path": "film.mp4", "kind": "frame", "frame_number": at} for at in (2, 4, 6, 8)]
    files = [{"media_id": "v", "path": "film.mp4", "kind": "video"}, *frames]
    facts = {"width": SIZE[0], "height": SIZE[1], "time_source": "exif", "sequence": "s", "status": "ok"}
    person = {**dict.fromkeys("xywh", 0.1), "detection_id": "p", "media_id": "v-f6", "label": "person"}
    person |= {"confidence": 1, "detector": "boxes"}
    names = [{"encounter": "c2", "individual": "Ana", "decision": "known", "probability": 1, "by": "labels"}]
    names += [{"encounter": "c4b", "individual": "X", "decision": "review", "probability": 0.4, "by": "workflow"}]
    animal = {"status": "unknown", "encounters": 1, "singleton": True}
    animals = [{"individual": one, "named_by": "workflow", **animal} for one in ("Ana", "X")]
    if not boxes:
        names = animals = files = []
    at = folder / "batches/b"
    content = {
        **{at / f"{name}.parquet": rows for name in ("crops", "encounters")},
        at / "media.parquet": [{**file, **facts} for file in files],
        at / "detections.parquet": [*rows, *([person] if boxes else [])],
        folder / "split.parquet": rows,
        folder / "identities.parquet": names,
        folder / "individuals.parquet": animals,
        folder / "pairs.parquet": [],
        folder / "calibration.parquet": [
            {"quantity": name, "value": 1, "n": 0} for name in ("accept", "new", "inspect")
        ],
    }
    for path, found in content.items():
        columns = list(tables.definitions()[path.stem]["columns"])
        tables.write(path, path.stem, made(path.stem, found)[columns] if found else [], "drawn")
    media, boxes = (tables.read(at / f"{name}.parquet", name) for name in ("media", "detections"))
    megadetector.write(at / "detections.json", media, boxes, folder.parent / "b", "boxes")


def run(tmp_path, **settings):
    settings = json.dumps({"folders": {"b": str(tmp_path / "b")}} | settings)
    options = [f"--results={tmp_path}/C", f"--split={tmp_path}/C/split.parquet", f"--out={tmp_path}/C/export"]
    export.main([*options, f"--settings={settings}"])
    return tmp_path / "C/export"


@pytest.fixture
def survey(tmp_path):
    video(tmp_path / "b/film.mp4", frames=10, rate=10, size=SIZE)
    drawn(tmp_path / "C")
    return tmp_path


def test_all_files_of_a_video(survey):
    out = run(survey)
    assert pd.read_csv(out / "tracks.csv")[["frame", "individual", "x", "w"]].to_numpy().tolist() == [
        [at, "Ana", 50.0, 50.0] for at in (2, 4, 6)
    ]
    entry = json.loads((out / "megadetector.json").read_text())["images"][0]
    assert (entry["frame_rate"], entry["frames_processed"]) == (10.0, [2, 4, 6, 8]) and len(entry["detections"]) == 4
    assert "C: 1 of 2 encounters have a certain name." in (out / "README.txt").read_text()
    assert not (out / "overlay").exists()


def test_each_crop_has_the_facts_of_its_own_picture_and_a_file_is_one_entry(tmp_path):
    drawn(tmp_path, [*BOXES[:1], ("c6", 6, "Ana"), *BOXES[1:3]])
    media = tables.read(tmp_path / "batches/b/media.parquet", "media")
    media["width"] = [1, 2, 4, 6, 8]  # of the video, and of its frames by their numbers
    tables.write(tmp_path / "batches/b/media.parquet", "media", media, "drawn")
    split = tables.read(tmp_path / "split.parquet", "split")
    names = tables.read(tmp_path / "identities.parquet", "identities")
    crops = sightings.of_collection(split, tmp_path / "batches", names, 0)
    assert (crops["width"] == crops["frame_number"]).all() and len(crops) == 4
    more = pd.concat([crops.assign(path="b.mp4"), crops.assign(path="a.mp4")]).iloc[[0, 4, 1, 5, 2]]
    entries = machines.megadetector(sightings.Export("C", more, None, None, None, None))["images"]
    assert [entry["file"] for entry in entries] == ["b/a.mp4", "b/b.mp4"]
    assert [len(entry["detections"] or []) for entry in entries] in ([2, 3], [0, 0])


def test_what_a_person_calls_no_animal_is_nowhere_and_is_told(survey):
    names = tables.read(survey / "C/identities.parquet", "identities")
    names.loc[1, ["individual", "decision"]] = None, "other"
    tables.write(survey / "C/identities.parquet", "identities", names, "drawn")
    out = run(survey, overlay=True)
    assert len(json.loads((out / "megadetector.json").read_text())["images"][0]["detections"]) == 3
    said = (out / "README.txt").read_text()
    assert "C: 1 of 1 encounters have a certain name." in said and "1 encounters show no animal of this coll" in said
    assert "c4b" not in "".join(path.read_text() for path in out.rglob("*.csv"))


def test_names_stand_on_the_boxes_of_the_video_and_people_do_not(survey):
    out = run(survey, overlay=True)
    with av.open(str(out / "overlay/1.mp4")) as film:
        shown = {round(frame.time * 10): frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)}
    times = sorted(shown)
    assert times[1] - times[0] == 2 and len(times) == 2  # frames 2 and 4; a person stands on 6, and 8 shows nobody
    colour = np.array(overlay.colour_of("Ana"))
    edge = shown[times[1]][55:70, 50]  # the left side of Ana's box
    assert np.abs(edge - colour).max() < 70 and np.abs(shown[times[1]][90:, 180:] - 32).max() < 12
    assert "overlay: 1 frames that show people or vehicles are left out." in (out / "README.txt").read_text()
    assert pd.read_csv(out / "mot/videos.csv")["file"].tolist() == ["1.txt"]


def test_a_video_that_has_gone_is_told(survey):
    (survey / "b/film.mp4").unlink()
    assert "overlay/1.mp4 is not whole: b/film.mp4" in (run(survey, overlay=True) / "README.txt").read_text()


def test_a_collection_without_animals_and_a_second_run(tmp_path):
    (tmp_path / "b").mkdir()
    drawn(tmp_path / "C", [])
    out = run(tmp_path, overlay=True)
    (out / "old.txt").write_text("of an earlier run")
    run(tmp_path)
    listed = (out / "README.txt").read_text().split("\n\n")[1]
    assert "encounters.csv" in listed and "secr" not in listed and "overlay" not in listed
    assert "0 of 0 encounters" in (out / "README.txt").read_text() and not (out / "old.txt").exists()
