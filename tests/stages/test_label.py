"""Crops and names are matched as a person would."""

import json

import numpy as np
import pandas as pd
import pytest
from formats.media import photo, video

from pugmark import tables
from pugmark.formats import sidecars
from pugmark.stages import ingest, label

NAMES = ["crop_id", "path", "frame_number", "x", "y", "w", "h", "confidence"]


def crops(*rows):
    """Crops c0, c1, ... from (path, frame, box, confidence)."""
    full = [(f"c{i}", path, frame, *box, confidence) for i, (path, frame, box, confidence) in enumerate(rows)]
    return pd.DataFrame(full, columns=NAMES).astype({"frame_number": float})


def said(*rows):
    """Statements from (path, frame, individual, box or None, split)."""
    names = ["path", "frame_number", "individual", "x", "y", "w", "h", "split"]
    full = [(path, frame, name, *(box or [np.nan] * 4), split) for path, frame, name, box, split in rows]
    table = pd.DataFrame(full, columns=names, dtype=object).assign(viewpoint=None)
    return table.astype(dict.fromkeys(["frame_number", "x", "y", "w", "h"], float))


def named(rows, key="individual"):
    return {row["crop_id"]: row[key] for row in rows}


LEFT, RIGHT, MIDDLE = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 0.5, 1.0), (0.2, 0.0, 0.5, 1.0)


def test_boxes_are_paired_one_to_one_and_best_in_sum():
    # MIDDLE overlaps LEFT by 0.3/0.7. Ada's box fits both crops; taking c1 leaves c0 to Bo's, which fits only that.
    found = crops(("a.jpg", None, (0.0, 0.0, 0.4, 1.0), 0.9), ("a.jpg", None, (0.1, 0.0, 0.4, 1.0), 0.8))
    rows, counts = label.label(
        found,
        said(("a.jpg", None, "Ada", (0.0, 0.0, 0.5, 1.0), None), ("a.jpg", None, "Bo", (0.0, 0.0, 0.35, 1.0), None)),
    )
    assert named(rows) == {"c0": "Bo", "c1": "Ada"}
    assert (counts["crops named"], counts["individuals"], counts["named boxes without a crop"]) == (2, 2, 0)


@pytest.mark.parametrize(("min_iou", "name"), [(0.42, "Ada"), (0.43, None)])
def test_the_threshold(min_iou, name):
    rows, counts = label.label(crops(("a.jpg", None, MIDDLE, 0.9)), said(("a.jpg", None, "Ada", LEFT, None)), min_iou)
    assert named(rows) == {"c0": name}  # 0.3 / 0.7 = 0.4286
    assert counts["named boxes without a crop"] == (name is None)


def test_a_name_without_a_box_goes_to_the_most_confident_crop_that_no_box_named():
    found = crops(("a.jpg", None, LEFT, 0.5), ("a.jpg", None, RIGHT, 0.9), ("a.jpg", None, MIDDLE, 0.7))
    rows, counts = label.label(found, said(("a.jpg", None, "Ada", None, None)))
    assert named(rows) == {"c0": None, "c1": "Ada", "c2": None}
    assert counts["crops unnamed beside a more confident one"] == 2
    rows, _ = label.label(found, said(("a.jpg", None, "Ada", None, None), ("a.jpg", None, "Bo", RIGHT, None)))
    assert named(rows) == {"c0": None, "c1": "Bo", "c2": "Ada"}


def test_two_names_without_boxes_name_nobody():
    found = crops(("a.jpg", None, LEFT, 0.5), ("a.jpg", None, RIGHT, 0.9))
    rows, counts = label.label(found, said(("a.jpg", None, "Ada", None, None), ("a.jpg", None, "Bo", None, None)))
    assert set(named(rows).values()) == {None}
    assert counts["images with several names and no boxes"] == 1 and counts["names without a crop"] == 2


def test_two_names_for_one_box_name_nobody():
    statements = said(("a.jpg", None, "Ada", LEFT, None), ("a.jpg", None, "Bo", LEFT, None))
    rows, counts = label.label(crops(("a.jpg", None, LEFT, 0.5)), statements)
    assert named(rows) == {"c0": None}
    assert counts["crops with more than one individual in the sidecars (none is taken)"] == 1
    assert counts["named boxes without a crop"] == 0


def test_statements_that_add_to_one_another_are_one():
    statements = said(("a.jpg", None, "Ada", None, "train"), ("a.jpg", None, "Ada", None, "query"))
    statements["viewpoint"] = pd.Series([None, "left"], dtype=object)
    rows, counts = label.label(crops(("a.jpg", None, LEFT, 0.5)), statements)
    assert rows == [{"crop_id": "c0", "individual": "Ada", "viewpoint": "left", "split": None}]
    assert counts["crops with more than one split in the sidecars (none is taken)"] == 1


def test_frames_and_whole_videos():
    found = crops(("v.mp4", 0, LEFT, 0.9), ("v.mp4", 5, LEFT, 0.9), ("v.mp4", 5, RIGHT, 0.8), ("w.mp4", 0, LEFT, 0.9))
    rows, _ = label.label(found, said(("v.mp4", 5, "Ada", RIGHT, None), ("w.mp4", None, "Bo", None, None)))
    assert named(rows) == {"c0": None, "c1": None, "c2": "Ada", "c3": "Bo"}
    rows, _ = label.label(found, said(("v.mp4", None, "Ada", None, None)))
    assert named(rows) == {"c0": "Ada", "c1": "Ada", "c2": None, "c3": None}


def test_a_split_holds_for_every_crop_of_the_image_where_all_agree():
    found = crops(("a.jpg", None, LEFT, 0.5), ("a.jpg", None, RIGHT, 0.9))
    rows, _ = label.label(found, said(("a.jpg", None, "Ada", RIGHT, "query")))
    assert named(rows, "split") == {"c0": "query", "c1": "query"}
    rows, _ = label.label(found, said(("a.jpg", None, "Ada", RIGHT, "query"), ("a.jpg", None, "Bo", LEFT, "gallery")))
    assert named(rows, "split") == {"c0": "gallery", "c1": "query"}


def test_nothing_at_all():
    assert label.label(crops(), said())[0] == []
    assert named(label.label(crops(("a.jpg", None, LEFT, 0.5)), said())[0]) == {"c0": None}


def crops_table(path, rows):
    """A crops table with the columns that the stage does not read filled in."""
    absent = {"media_id": "m", "image": b"", "mask": None, "width": 9, "height": 9, "station": None, "timestamp": None,
              "sequence": "s", "sharpness": 1.0, "area": 9, "touches_border": False, "infrared": False}  # fmt: skip
    tables.write(path, "crops", rows.assign(**absent), "crop")


def run(batch, tmp_path, *arguments, **settings):
    if not (tmp_path / "media.parquet").exists():
        ingest.main(["--batch", str(batch), "--out", str(tmp_path / "media.parquet")])
    files = ["--batch", batch, "--media", tmp_path / "media.parquet", "--crops", tmp_path / "crops.parquet"]
    files += ["--out", tmp_path / "labels.parquet", *arguments]
    label.main([*map(str, files), "--settings", json.dumps(settings)])
    table = tables.read(tmp_path / "labels.parquet", "labels")
    return table.astype(object).where(table.notna(), None).set_index("crop_id")


def test_the_command_line_with_labels_in_the_batch_and_apart(tmp_path):
    batch = tmp_path / "batch"
    photo(batch / "a.jpg")
    video(batch / "v.mp4", frames=3)
    (batch / "labels.csv").write_text("path,individual,viewpoint,split\na.jpg,Ada,left,val\n")
    apart = "path,frame,individual,x,y,w,h\nv.mp4,2,Bo,32,0,32,48\n"
    (tmp_path / "truth.csv").write_text(apart)
    crops_table(tmp_path / "crops.parquet", crops(("a.jpg", None, LEFT, 0.9), ("v.mp4", 2, RIGHT, 0.9)))
    found = run(batch, tmp_path)
    assert found.to_numpy().tolist() == [["Ada", "left", "val"], [None, None, None]]
    found = run(batch, tmp_path, "--labels-file", tmp_path / "truth.csv", labels="none")
    assert found["individual"].tolist() == [None, "Bo"]
    with pytest.raises(SystemExit, match="check that it is there"):
        run(batch, tmp_path, "--labels-file", tmp_path / "absent.csv")


def test_folders_through_the_command_line(tmp_path):
    batch = tmp_path / "batch"
    photo(batch / "query" / "Zoë <b>" / "a.jpg")
    crops_table(tmp_path / "crops.parquet", crops(("query/Zoë <b>/a.jpg", None, LEFT, 0.9)))
    assert run(batch, tmp_path, labels="folders").to_numpy().tolist() == [["Zoë <b>", None, "query"]]


def test_a_picture_in_the_folders_of_two_animals_shows_neither(tmp_path):
    batch = tmp_path / "batch"
    for path in ("Ada/both.jpg", "Bo/both.jpg"):
        photo(batch / path, seed=1)
    crops_table(tmp_path / "crops.parquet", crops(("Ada/both.jpg", None, LEFT, 0.9)))
    assert run(batch, tmp_path, labels="folders")["individual"].tolist() == [None]
    assert tables.provenance(tmp_path / "labels.parquet")["counts"]["images with several names and no boxes"] == 1


def test_a_name_given_by_the_path_of_a_duplicate_counts(tmp_path):
    batch = tmp_path / "batch"
    for path in ("card1/a.jpg", "card2/a.jpg"):
        photo(batch / path, seed=1)
    (batch / "labels.csv").write_text("path,individual\ncard2/a.jpg,Ada\n")
    crops_table(tmp_path / "crops.parquet", crops(("card1/a.jpg", None, LEFT, 0.9)))
    assert run(batch, tmp_path)["individual"].tolist() == ["Ada"]


def test_a_shard_does_not_miss_the_crops_of_another(tmp_path):
    batch = tmp_path / "batch"
    photo(batch / "a.jpg")
    photo(batch / "b.jpg")
    (batch / "labels.csv").write_text("path,individual\na.jpg,Ada\nb.jpg,Bo\n")
    crops_table(tmp_path / "crops.parquet", crops(("a.jpg", None, LEFT, 0.9)))
    run(batch, tmp_path)
    assert tables.provenance(tmp_path / "labels.parquet")["counts"]["names without a crop"] == 1
    media = tables.read(tmp_path / "media.parquet", "media")
    tables.write(tmp_path / "media.parquet", "media", media[media["path"] == "a.jpg"], "shard")
    assert run(batch, tmp_path)["individual"].tolist() == ["Ada"]
    assert tables.provenance(tmp_path / "labels.parquet")["counts"]["names without a crop"] == 0


def test_an_empty_batch(tmp_path):
    (tmp_path / "batch").mkdir()
    tables.write(tmp_path / "crops.parquet", "crops", [], "crop")
    assert run(tmp_path / "batch", tmp_path).empty


@pytest.mark.shared
def test_every_koi_box_is_its_own_crop(shared):
    boxes = sidecars.read(shared / "data" / "koi_video", {}).drop(columns=["viewpoint", "split"])
    found = boxes.assign(crop_id=[f"c{i}" for i in range(len(boxes))], confidence=1.0)
    everything = sidecars.read(shared / "data" / "koi_video", {})
    rows, counts = label.label(found.sample(frac=1, random_state=0), everything)
    assert named(rows) == dict(zip(found["crop_id"], boxes["individual"], strict=True))
    assert counts["crops named"] == 1635 and counts["individuals"] == 9
