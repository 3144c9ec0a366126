"""Boxes that somebody has drawn."""

from detections import media
from formats.media import photo

from pugmark.stages import detect


def test_a_box_drawn_on_a_duplicate_is_one_on_its_original(tmp_path):
    for path in ("a.jpg", "b.jpg"):
        photo(tmp_path / path, seed=1)
    (tmp_path / "boxes.csv").write_text("path,individual,x,y,w,h\nb.jpg,Ada,0.25,0.25,0.5,0.5\n")
    rows = media("a.jpg", "b.jpg")
    rows["status"] = ["ok", "duplicate of a.jpg"]
    found, _ = detect.detect(rows, tmp_path, {"name": "boxes"})
    assert found[["media_id", "x", "y", "w", "h"]].to_numpy().tolist() == [["m0", 0.25, 0.25, 0.5, 0.5]]
