"""What a swap reruns, on the real DAG: encounters of videos and what is made of them, and no picture."""

from formats.media import photo, video
from project import NAMES, Project
from reviewing.drawn_videos import boxes

from pugmark import tables
from pugmark.identity import ledger

CONFIG = {
    "results": "results",
    "collections": {"pen": {"batches": "media/*", "detect": {"name": "boxes"}, "identify": {"run": ["pixels-s1"]}}},
    "methods": {"pixels": {}},
}
AGAIN = dict.fromkeys(("identify", "decide", "review", "export", "report"), 1)


def drawn(folder):
    """A picture in one batch, and in another the video in which two animals cross."""
    photo(folder / "a/1.jpg", "2024:05:01 09:00:00", size=(200, 200))
    (folder / "a/boxes.csv").write_text("path,individual,x,y,w,h\n1.jpg,,0.1,0.1,0.5,0.5\n")
    video(folder / "b/film.mp4", frames=20, rate=2, created="2024-05-01T10:00:00.000000Z", size=(800, 400))
    rows = boxes().rename(columns={"frame_number": "frame"}).assign(individual=None)
    rows[["path", "frame", "individual", *"xywh"]].to_csv(folder / "b/boxes.csv", index=False)


def test_a_swap_makes_the_encounters_of_videos_anew_and_other_answers_do_not(tmp_path):
    drawn(tmp_path / "media")
    project, home, results = Project(tmp_path, config=CONFIG), tmp_path / "review/pen", tmp_path / "results/pen"
    project.run()
    before = tables.read(results / "batches/b/encounters.parquet", "encounters")
    crops = tables.read(results / "batches/b/crops.parquet", "crops").sort_values(["frame_number", "x"])
    one, other = crops["crop_id"][crops["frame_number"] == 13]
    line = ledger.Line(ledger.now(), "Ana", one, other, "", "", "swapped", "14", "", "0", "")
    ledger.append(home, line._replace(answer="unsure", value=""))
    ledger.append(home, line._replace(time=ledger.now(), answer="perhaps swapped"))
    assert project.planned() == AGAIN
    ledger.append(home, line._replace(time=ledger.now()))
    assert project.planned() == AGAIN | dict.fromkeys(("encounter", *NAMES), 1)
    project.run()
    after = tables.read(results / "batches/b/encounters.parquet", "encounters")
    assert (after["track"] != before["track"]).sum() == (crops["frame_number"] >= 14).sum() == 8
    assert after["followed"].equals(before["track"]) and (results / "review/videos.html").exists()
    assert project.planned() == {}
    (home / "Bo.csv").write_text("time,who\n")
    assert "Bo.csv: no column reviewer" in project.run("-n", check=False)
