"""From a video in which two animals are followed as each other to files with their names, through the real stages."""

import json

import av
import numpy as np
import pandas as pd
import pytest
from formats.media import video
from reviewing.drawn_videos import CROSSED, boxes, jpeg

from pugmark import tables
from pugmark.exporting import overlay
from pugmark.identity import ledger
from pugmark.reviewing import material, moments
from pugmark.stages import calibrate, decide, encounter, export, identify, match, review

START, SIZE = pd.Timestamp("2024-05-01 10:00:00"), (200, 100)
NAMES = {"A": "Ana", "B": "Bo"}
FEATURES = {"A": [1.0, 0.0], "B": [0.0, 1.0]}
FILLED = {"image": b"", "mask": None, "individual": None, "viewpoint": None, "flank": None, "station": "pen"}
FILLED |= {"confidence": 0.9, "sharpness": 1.0, "area": 1, "touches_border": False, "infrared": False, "split": "test"}
FILLED |= {"width": SIZE[0], "height": SIZE[1], "status": "ok", "time_source": "video", "time_doubt": None}
FILLED |= {"utc_offset": None, "look": None}


class Pen:
    """A collection of named pictures of Ana and of Bo, and of a video in which they cross and nobody is named."""

    def __init__(self, folder):
        self.folder, self.home = folder / "pen", folder / "review/pen"
        facts = {"path": "1.jpg", "frame_number": None, "kind": "image"} | dict.fromkeys("xywh", 0.2)
        known = [
            facts | {"batch": "a", "crop_id": f"{name}{at}", "animal": name, "individual": NAMES[name]}
            for name in "AB" for at in range(3)
        ]  # fmt: skip
        known = [row | {name: row["crop_id"] for name in ("media_id", "sequence", "path")} for row in known]
        film = boxes().assign(sequence="b1/film.mp4", kind="frame").drop(columns=["followed", "encounter"])
        self.rows = pd.concat([pd.DataFrame(known), film], ignore_index=True)
        self.rows["timestamp"] = START + pd.to_timedelta(self.rows["seconds"].fillna(0), unit="s")
        self.rows = self.rows.assign(**{name: one for name, one in FILLED.items() if name not in self.rows})
        self.rows["image"] = [jpeg(animal) for animal in self.rows["animal"]]
        for batch, part in self.rows.groupby("batch"):
            at = self.folder / "batches" / batch
            self.write(at / "crops.parquet", part)
            self.write(at / "labels.parquet", part)
            whole = part[-1:].assign(kind="video", media_id="film", timestamp=START, frame_number=None)
            media = [part.drop_duplicates("media_id"), *([whole] if batch == "b1" else [])]
            self.write(at / "media.parquet", pd.concat(media))
            found = {"crop_id": part["crop_id"], "feature": [FEATURES[animal] for animal in part["animal"]]}
            tables.write(at / "features/run.parquet", "features", found, "embed")
        self.write(self.folder / "split.parquet", self.rows)
        tables.write(self.folder / "trained.parquet", "trained", [], "train")
        video(folder / "b1/film.mp4", frames=20, rate=2, size=SIZE)

    def write(self, path, rows):
        path.parent.mkdir(parents=True, exist_ok=True)
        tables.write(path, path.stem, rows[list(tables.definitions()[path.stem]["columns"])], "drawn")

    def run(self):
        """What the rules run once an answer has come in: the exported names of the video, frame by frame."""
        of, run = self.folder, self.folder / "runs/run"
        run.mkdir(parents=True, exist_ok=True)
        for batch in ("a", "b1"):
            at = of / "batches" / batch
            options = [f"--{name}={at}/{name}.parquet" for name in ("crops", "labels")]
            encounter.main([*options, f"--ledger={self.home}", f"--out={at}/encounters.parquet"])
        common = [f"--split={of}/split.parquet", f"--folder={of}/batches"]
        match.main([*common, "--run=run", f"--kept={run}/matches", f"--out={run}/pairs.parquet"])
        told = ["--trained", f"{of}/trained.parquet", "--settings", '{"error": 0.4}']
        calibrate.main([*common, *told, f"--pairs={run}/pairs.parquet", f"--out={run}/calibration.parquet"])
        names = {"out": "identities", "individuals": "individuals", "questions": "questions"}
        options = [f"--{option}={run}/{name}.parquet" for option, name in names.items()]
        options += [f"--{name}={run}/{name}.parquet" for name in ("pairs", "calibration")]
        identify.main([*common, *options, "--ledger", *ledger.files(self.home)])
        decide.main([*common, "--runs", str(run), *told, f"--kept={of}/names", f"--out={of}"])
        common = [f"--results={of}", f"--split={of}/split.parquet"]
        review.main([*common, f"--out={of}/review", "--ledger", *ledger.files(self.home)])
        settings = json.dumps({"overlay": True, "folders": {"b1": str(of.parent / "b1"), "a": ""}})
        export.main([*common, f"--out={of}/export", "--settings", settings, "--ledger", *ledger.files(self.home)])
        table = pd.read_csv(of / "export/tracks.csv").sort_values("frame")
        return {name: part["x"].tolist() for name, part in table.groupby("individual")}

    def told(self, about):
        return tables.provenance(self.folder / "identities.parquet")["counts"][about]


def line(value="14", answer="swapped", reviewer="Cid", time=1, supersedes="", one="film.mp4-f13-A"):
    other = "film.mp4-f13-B"
    time = f"2024-05-01T00:00:0{time}Z"
    return ledger.Line(time, reviewer, one, other, "", "", answer, value, "", "0", supersedes)


@pytest.fixture
def pen(tmp_path):
    return Pen(tmp_path)


def places(animal):
    """The left edges of the animal's boxes in pixels, frame by frame."""
    return boxes().query("animal == @animal")["x"].mul(SIZE[0]).round(1).tolist()


def test_names_follow_the_animals_after_a_swap_is_mended_and_no_longer_when_it_is_taken_back(pen, monkeypatch):
    monkeypatch.setattr(material, "MOST", 1)
    before, table = pen.run(), pen.folder / "batches/b1/encounters.parquet"
    first = table.read_bytes()
    assert before != {"Ana": places("A"), "Bo": places("B")}
    ledger.append(pen.home, line())
    assert pen.run() == {"Ana": places("A"), "Bo": places("B")} and pen.told("conflicts") == []
    mot = pd.read_csv(pen.folder / "export/mot/1.txt", header=None)
    assert mot[mot[1] == 1].sort_values(0)[2].tolist() == places("A")
    assert (mot[mot[1] == 1][0] - 1).tolist() == list(range(10, 18))
    with av.open(str(pen.folder / "export/overlay/1.mp4")) as film:
        late = [frame.to_ndarray(format="rgb24").astype(int) for frame in film.decode(video=0)][CROSSED + 1]
    edge = late[50:58, round(places("A")[CROSSED + 1])]  # the left side of Ana's box on a frame after they crossed
    assert np.abs(edge - np.array(overlay.colour_of("Ana"))).max() < 90
    # The page still shows the tracks as they were followed, for whoever looks next.
    data = (pen.folder / "review/data.js").read_text()
    assert '[15,2.5,"film.mp4-f15","film.mp4-f15-B","film.mp4-f15-A"]' in data and '"names":["Ana","Bo"]' in data
    assert all(f'"{crop}":0' in data for crop in boxes()["crop_id"])  # all pictures of the strip are there
    ledger.append(pen.home, line("", "withdrawn", time=2, supersedes=line().time))
    assert pen.run() == before and table.read_bytes() == first


def test_a_dispute_and_boxes_that_are_gone_are_told_and_change_nothing(pen):
    before = pen.run()
    ledger.append(pen.home, line())
    ledger.append(pen.home, line("13", reviewer="Dee"))
    ledger.append(pen.home, line("12", reviewer="Eve", one="gone"))
    assert pen.run() == before
    dispute, gone = pen.told("ledger")
    assert "Cid says swapped 14, Dee says swapped 13: nothing follows until they agree." in dispute
    assert gone.startswith(f"{pen.home / 'Eve.csv'}, line 2: Eve said swapped of an encounter that is gone and ")


def test_a_swap_that_parts_no_tracks_is_told_and_its_moment_is_answered(pen, capsys, monkeypatch):
    given, found = [], moments.moments
    monkeypatch.setattr(moments, "moments", lambda *args: given.append(args[2]) or found(*args))
    before = pen.run()
    ledger.append(pen.home, line("", "unsure", time=2))
    ledger.append(pen.home, line("99"))
    assert pen.run() == before
    assert "are swapped from frame 99, which does not part two tracks." in capsys.readouterr().err
    assert given == [[], [{line().encounter, line().candidate}]]
