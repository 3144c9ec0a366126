"""What each format says of a small survey, read back by readers of our own that follow the rules of R's read.table."""

import json
import shlex
from pathlib import Path

import pandas as pd
import pytest
from exporting.drawn_export import ROWS, STATIONS, export, line

from pugmark.exporting import camtrapr, capture_recapture, machines, occasions, plain_tables, secr, sightings
from pugmark.stages import export as stage


def read_table(path):
    """Rows of words, as R's read.table(sep = "", comment.char = "#") splits them: quotes count, all lines equal."""
    lines = [shlex.split(line.partition("#")[0]) for line in path.read_text().splitlines()]
    rows = [line for line in lines if line]
    assert len({len(row) for row in rows}) <= 1 and not any(cell == "NA" for row in rows for cell in row)
    return rows


def frame(path):
    return pd.read_csv(path, keep_default_na=False, dtype=str)


def test_the_plain_tables(tmp_path):
    made = export()
    plain_tables.write(tmp_path, made)
    table = frame(tmp_path / "encounters.csv").set_index("encounter")
    assert len(table) == len(ROWS) and table["occasion"].to_dict() == dict(
        e1="1", e2="1", e3="3", e4="2", e5="2", e6="2", e7="2", e8="1", e9="2", e10="0"
    )
    assert frame(tmp_path / "unidentified.csv")["encounter"].tolist() == ["e7", "e8"]
    assert "e7" not in frame(tmp_path / "sightings.csv")["encounter"].tolist()
    assert made.told[1].startswith("2 of 10 encounters have no certain name: see unidentified.csv. 1 names")


def test_the_animals_are_those_that_other_files_name_and_tell_what_waits(tmp_path):
    # Ana is certain, and one more of her encounters waits; of A-1 nothing is certain, and Ivo is below the certainty.
    made = export([*ROWS, ("e11", "Ana", "review", "left", "A_1", "2024-05-03 02:00:00"), ("e12", "Ivo", *ROWS[0][2:])])
    made.individuals.loc[len(made.individuals)] = ["Ivo", "left_only", None]
    made.crops.loc[made.crops["individual"] == "Ivo", "certain"] = False
    for part in (plain_tables, camtrapr, secr):
        part.write(tmp_path, made)
    table = frame(tmp_path / "individuals.csv").set_index("individual")
    assert table[["certain", "waiting"]].astype(int).to_numpy().tolist() == [[5, 1], [1, 0], [2, 0]]
    assert set(table.index) == {"Ana", "NA", "O'Neil #2"} == set(frame(tmp_path / "sightings.csv")["individual"])
    assert set(table.index) == set(frame(tmp_path / "camtrapR_records.csv")["Individual"])
    assert len({row[1] for row in read_table(tmp_path / "secr_captures.txt")}) == len(table)
    assert "individuals.csv: 3 animals with a certain name" in made.told[0] and "; 1 of them have" in made.told[0]
    assert "2 names of theirs are in no other file" in made.told[1]


def test_no_cell_is_a_formula(tmp_path):
    sightings.csv(
        tmp_path / "x.csv", pd.DataFrame({"name": ["=1+1", "@x", "-1", "ok", None], "value": [-1.5, 1, 2, 3, 4]})
    )
    table = frame(tmp_path / "x.csv")
    assert table["name"].tolist() == ["'=1+1", "'@x", "'-1", "ok", ""] and table["value"][0] == "-1.5"


def test_occasions_may_begin_at_noon():
    times = pd.Series(
        pd.to_datetime(["2024-05-01 11:59", "2024-05-01 12:00", "2024-05-02 11:59", None, "2024-05-03 13:00"])
    )
    empty = STATIONS[:0]
    made = occasions.over(times, empty, 1, "12:00")
    assert made.of(times).tolist() == [1, 2, 2, 0, 4] and made.first == pd.Timestamp("2024-04-30 12:00")
    assert occasions.over(times, empty, 2, "00:00").of(times).tolist() == [1, 1, 1, 0, 2]
    assert occasions.over(times[3:4], empty, 1, "00:00").number == 0


def test_effort_is_the_share_of_each_occasion_that_a_camera_ran():
    over = export().occasions
    ran = occasions.effort(STATIONS, over)
    assert ran.index.tolist() == ["A_1", "B 2"] and ran.columns.tolist() == [1, 2, 3]
    assert ran.to_numpy().tolist() == [[1, 0.75, 1], [0, 0.5, 1]]
    # Two cameras are one station; while one of them is broken, the other still looks.
    other = STATIONS.assign(start=pd.Timestamp("2024-05-01"), problems=[[], []])
    both = pd.concat([STATIONS, other], ignore_index=True)
    assert occasions.effort(both, over).to_numpy().tolist() == [[1, 1, 1], [1, 1, 1]]
    assert occasions.effort(STATIONS.assign(end=pd.NaT), over).isna().all(axis=None)


def test_problems_that_overlap_or_stick_out_count_once():
    times = [pd.Timestamp(f"2024-05-0{day}") for day in range(1, 8)]
    row = STATIONS[:1].assign(start=times[1], end=times[5])
    row["problems"] = [[(times[2], times[4]), (times[3], times[4]), (times[0], times[1]), (times[4], times[6])]]
    assert occasions.running(row) == [(times[1], times[2])]
    made = camtrapr.stations(row).iloc[0]
    assert (made["Problem1_from"], made["Problem1_to"]) == (times[2], times[5]) and "Problem2_from" not in made


def test_what_shows_no_animal_is_in_no_file_and_is_told(tmp_path):
    """e11 is grass: what the workflow and people said of it and another goes as well. All else is as without it."""
    rows = [(one, name.replace("NA", "Nala") if name else None, *facts) for one, name, *facts in ROWS]
    grass, settings = ("e11", None, "other", "left", "C", "1999-05-01 10:00:00"), {"generalise": None}
    said = [line("Al", "e4", "e1", "same"), line("Al", "e11", "e1", "different")]
    without, made = export(rows, said=said[:1]), export([*rows, grass], said=said, more=[("e11", "e1", 0.9, 1)])
    for name, each in (("without", without), ("with", made)):
        (tmp_path / name).mkdir()
        stage.write(tmp_path / name, each, settings)
    told = "1 encounters show no animal of this collection, as people said: no file holds them.\n"
    texts = [
        {path.relative_to(tmp_path / name): path.read_text() for path in (tmp_path / name).rglob("*.*")}
        for name in ("without", "with")
    ]
    assert told in texts[1][Path("README.txt")]
    texts[1][Path("README.txt")] = texts[1][Path("README.txt")].replace(told, "")
    assert texts[0] == texts[1] and Path("camtrap_dp/observations.csv") in texts[0]


def test_camtrapr_records_and_stations(tmp_path):
    made = export()
    camtrapr.write(tmp_path, made)
    table = frame(tmp_path / "camtrapR_records.csv")
    assert table["Individual"].tolist() == ["Ana", "Ana", "Ana", "NA", "O'Neil #2", "O'Neil #2"]
    assert table["delta.time.mins"].tolist() == ["0.0", "0.0", "1560.0", "0.0", "0.0", "20.0"]
    assert table["delta.time.hours"].tolist()[2] == "26.0" and table["delta.time.days"].tolist()[2] == "1.1"
    assert table["DateTimeOriginal"].tolist()[0] == "2024-05-01 23:30:00" and table["Directory"][0] == "b1/x"
    places = frame(tmp_path / "camtrapR_stations.csv")
    assert set(table["Station"]) == set(places["Station"])
    assert places.loc[0, ["Setup_date", "Retrieval_date", "Problem1_from", "Problem1_to"]].tolist() == [
        "2024-05-01 00:00:00", "2024-05-04 00:00:00", "2024-05-02 00:00:00", "2024-05-02 06:00:00",
    ]  # fmt: skip
    assert "2 encounters without a station or a time" in made.told[0]


def test_the_time_between_two_periods_of_a_station_is_a_problem():
    later = STATIONS[:1].assign(start=pd.Timestamp("2024-05-06"), end=pd.Timestamp("2024-05-09"))
    row = camtrapr.stations(pd.concat([STATIONS[:1], later])).iloc[0]
    assert (row["Problem2_from"], row["Problem2_to"]) == (pd.Timestamp("2024-05-04"), pd.Timestamp("2024-05-06"))
    assert row["Retrieval_date"] == pd.Timestamp("2024-05-09")


def test_names_stay_apart_when_signs_go():
    written = sightings.plain(["a b", "a_b", "a#b", "NA"])
    assert written == {"NA": "NA.2", "a b": "a_b", "a#b": "a_b.2", "a_b": "a_b.3"}
    assert sightings.plain(["-1", "Ä, 'b'", "T"]) == {"-1": "x-1", "Ä, 'b'": "____b_", "T": "T"}


def test_pairs_hold_what_each_classifier_said_and_not_what_followed(tmp_path):
    said = [line("Zoe, B.", "e1", "e3", "unsure"), line("Al", "e4", "e1", "same"), line("Al", "e9", "gone", "same")]
    said += [line("Al", "e4", "e1", "different", "2024-06-02T00:00:00Z")]
    made = export(said=said)
    plain_tables.write(tmp_path, made)
    capture_recapture.write(tmp_path, made)
    rows = frame(tmp_path / "pairs.csv").to_numpy().tolist()
    assert rows[0] == ["e3", "e1", "workflow", "1", "0.9", "0.45"] and len(rows) == 6
    assert rows[4:] == [["e1", "e3", "Zoe, B.", "2", "", ""], ["e4", "e1", "Al", "3", "", ""]]
    assert frame(tmp_path / "pairwise_classifiers.csv")["classifier"].tolist() == ["workflow", "Al", "Zoe, B."]
    assert frame(tmp_path / "pairwise_pairs.csv")["classifier"].tolist() == ["1"] * 4 + ["3", "2"]


def test_megadetector_and_wildlife_datasets(tmp_path):
    machines.write(tmp_path, export())
    found = json.loads((tmp_path / "megadetector.json").read_text())
    one = next(image for image in found["images"] if image["file"] == "b1/x/e4.jpg")["detections"][0]
    assert one["bbox"] == [0.25, 0.5, 0.5, 0.25] and one["conf"] == 0.9 and one["category"] == "1"
    assert found["classification_categories"][one["classifications"][0][0]] == "NA" and "frame_number" not in one
    assert not any(
        "classifications" in box for image in found["images"] if "e7" in image["file"] for box in image["detections"]
    )
    table = frame(tmp_path / "wildlife_datasets.csv").set_index("image_id")
    assert table.loc["e4-d00", "bbox"] == "[50.0, 50.0, 100.0, 25.0]" and table.loc["e7-d00", "identity"] == "unknown"
    assert not (tmp_path / "tracks.csv").exists()


def test_a_path_that_looks_like_a_formula_is_still_a_path(tmp_path):
    made = export()
    made.crops["batch"] = "-b1"
    machines.write(tmp_path, made)
    assert frame(tmp_path / "wildlife_datasets.csv")["path"].str.startswith("-b1/x/").all()


def test_tracks_of_a_video(tmp_path):
    made = export()
    made.crops = made.crops.assign(path="x/film.mp4", kind="frame", frame_number=range(len(ROWS)))
    machines.write(tmp_path, made)
    table = frame(tmp_path / "tracks.csv")
    assert table.loc[0, ["frame", "individual", "x", "y", "w", "h"]].tolist() == [
        "0",
        "Ana",
        "50.0",
        "50.0",
        "100.0",
        "25.0",
    ]
    lines = (tmp_path / "mot/1.txt").read_text().splitlines()
    animals = frame(tmp_path / "mot/animals.csv").set_index("individual")["number"]
    assert lines[0] == f"1,{animals['Ana']},50.0,50.0,100.0,25.0,0.9,-1,-1,-1" and len(lines) == len(table) == 8


FOR_R = "camtrapR_records.csv secr_captures* oscr_* spim_* pairwise_*"


def written(folder, patterns=FOR_R):
    return sorted(path.name for pattern in patterns.split() for path in folder.glob(pattern))


@pytest.mark.parametrize("rows", [[], ROWS[7:8], [("e1", "Ana", "new", "left", None, None)]])
def test_what_would_hold_a_header_alone_is_not_written_and_told(tmp_path, rows):
    made = export(rows)
    for part in (plain_tables, camtrapr, secr, capture_recapture, machines):
        part.write(tmp_path, made)
    assert written(tmp_path) == [] and (tmp_path / "sightings.csv").exists()
    told = " ".join(made.told)
    assert "secr, oSCR, SPIM: no captures, because no encounter" in told and "camtrapR: no records, because" in told
    assert "SCR-Classify-Pairwise: not written, because" in told
    assert len(read_table(tmp_path / "secr_Tm.txt")) == 2  # of each station, also where all are zeros
