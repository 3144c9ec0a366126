"""What each format says of a small survey, read back by readers of our own that follow the rules of R's read.table."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exporting.drawn_export import INDIVIDUALS, ROWS, STATIONS, crops, export, line

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
    assert made.told == ["2 of 10 encounters have no certain name: see unidentified.csv."]


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


def test_a_wrong_clock_makes_no_survey_of_years(tmp_path):
    made = export([*ROWS, ("e11", "Ana", "known", "left", "A_1", "1970-01-01 00:00:00")])
    assert made.occasions.number == 3 and made.occasions.of(made.crops["timestamp"])[-1] == 0
    secr.write(tmp_path, made)
    assert any("3 encounters without a station or a time, or outside the survey" in told for told in made.told)
    unknown = export(ROWS, STATIONS.assign(end=pd.NaT))
    assert unknown.occasions.number == 3  # by the pictures


def test_nobody_is_captured_where_no_camera_ran(tmp_path):
    rows = [*ROWS, ("e11", "Bo", "new", "left", "B 2", "2024-05-01 10:00:00")]
    rows += [("e12", None, "unidentifiable", "left", "B 2", "2024-05-01 10:00:00")]
    made = export(rows)
    secr.write(tmp_path, made)
    assert "Bo" not in (tmp_path / "secr_captures.txt").read_text()
    assert read_table(tmp_path / "secr_Tm.txt")[1] == ["Mara_2024", "0", "1", "0"]
    assert any("1 encounters are left out, because by the table of stations no camera" in told for told in made.told)


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


def test_the_first_trap_ran_on_the_first_occasion(tmp_path):
    made = export(stations=STATIONS.assign(start=STATIONS["start"][::-1].to_numpy(), problems=[[], []]))
    secr.write(tmp_path, made)
    assert [row[0] for row in read_table(tmp_path / "secr_traps.txt")] == ["B-2", "A-1"]
    assert read_table(tmp_path / "secr_Tm.txt")[0][1:] == ["0", "1", "0"]  # of B 2: in the order of the traps


def test_an_animal_that_one_flank_names_is_not_without_a_name(tmp_path):
    rows = [("e1", "Ana", "new", "left", "A_1", "2024-05-01 23:30:00"), ("e2", None, "review", "right", *ROWS[0][4:])]
    rows += [("e3", "X", "review", "left", "A_1", "2024-05-01 09:00:00"), ("e4", "X", "review", "right", *ROWS[0][4:])]
    made = export(rows)
    made.crops["track"] = ["e1", "e1", "e3", "e3"]
    secr.write(tmp_path, made)
    assert read_table(tmp_path / "secr_Tm.txt") == [["Mara_2024", "1", "0", "0"], ["Mara_2024", "0", "0", "0"]]


def test_camtrapr_records_and_stations(tmp_path):
    made = export()
    camtrapr.write(tmp_path, made)
    table = frame(tmp_path / "camtrapR_records.csv")
    assert table["Individual"].tolist() == ["Ana", "Ana", "Ana", "NA", "O'Neil #2", "O'Neil #2"]
    assert table["delta.time.mins"].tolist() == ["0.0", "0.0", "1560.0", "0.0", "0.0", "20.0"]
    assert table["delta.time.hours"].tolist()[2] == "26.0" and table["delta.time.days"].tolist()[2] == "1.1"
    assert table["DateTimeOriginal"].tolist()[0] == "2024-05-01 23:30:00" and table["Directory"][0] == "x"
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


def test_secr_captures_traps_and_what_has_no_name(tmp_path):
    made = export()
    secr.write(tmp_path, made)
    written = frame(tmp_path / "names.csv").set_index("name")["written"]
    assert written["O'Neil #2"] == "O_Neil__2" and written["NA"] == "NA.2" and written["A_1"] == "A-1"
    rows = read_table(tmp_path / "secr_captures.txt")
    assert rows == [
        ["Mara_2024", "Ana", "1", "A-1"], ["Mara_2024", "Ana", "3", "A-1"], ["Mara_2024", "NA.2", "2", "B-2"],
        ["Mara_2024", "O_Neil__2", "2", "B-2"],
    ]  # fmt: skip
    left, right, hybrid = (read_table(tmp_path / f"secr_captures_{side}.txt") for side in ("left", "right", "hybrid"))
    assert [row[1] for row in left] == ["Ana", "Ana", "NA.2"] and [row[1] for row in right] == ["Ana", "O_Neil__2"]
    assert hybrid == left
    assert read_table(tmp_path / "secr_traps.txt") == [
        ["A-1", "500.0", "0.0", "1", "0.75", "1"], ["B-2", "1500.5", "-20.0", "0", "0.5", "1"],
    ]  # fmt: skip
    assert read_table(tmp_path / "secr_Tm.txt") == [["Mara_2024", "1", "0", "0"], ["Mara_2024", "0", "1", "0"]]
    assert made.told[0].startswith("secr: 2 of the animals") and "is the left one" in made.told[0]


def test_without_coordinates_or_dates_the_traps_are_told_of(tmp_path):
    made = export(stations=STATIONS.assign(x=[1.0, np.nan]))
    secr.write(tmp_path, made)
    assert not (tmp_path / "secr_traps.txt").exists()
    assert any("no traps file, because 1 stations have no coordinates (B 2)" in sentence for sentence in made.told)
    made = export(stations=STATIONS.assign(end=pd.NaT))
    secr.write(tmp_path, made)
    assert [len(row) for row in read_table(tmp_path / "secr_traps.txt")] == [3, 3]


def test_names_stay_apart_when_signs_go():
    written = sightings.plain(["a b", "a_b", "a#b", "NA"])
    assert written == {"NA": "NA.2", "a b": "a_b", "a#b": "a_b.2", "a_b": "a_b.3"}
    assert sightings.plain(["-1", "Ä, 'b'", "T"]) == {"-1": "x-1", "Ä, 'b'": "____b_", "T": "T"}


def test_oscr_spim_and_pairs(tmp_path):
    capture_recapture.write(tmp_path, export())
    edf, tdf = frame(tmp_path / "oscr_edf.csv"), frame(tmp_path / "oscr_tdf.csv")
    assert edf.columns.tolist() == ["session", "individual", "occasion", "trap"] and len(edf) == 4
    assert set(edf["trap"]) <= set(tdf["Trap"]) and tdf[["o1", "o2", "o3"]].to_numpy().tolist() == [
        ["1"] * 3,
        ["0", "1", "1"],
    ]
    assert frame(tmp_path / "spim_sizes.csv").iloc[0].tolist() == ["1", "2", "2", "2", "3"]
    # Ana, who is linked, is row 1 of both sides. One camera saw both at once: a capture of each.
    assert frame(tmp_path / "spim_captures.csv").to_numpy().tolist() == [
        ["L", "1", "1", "1"], ["L", "1", "1", "3"], ["L", "2", "2", "2"], ["R", "1", "1", "1"], ["R", "2", "2", "2"],
    ]  # fmt: skip
    assert frame(tmp_path / "spim_traps.csv").to_numpy().tolist() == [
        ["A-1", "500.0", "0.0", "1", "1", "1"], ["B-2", "1500.5", "-20.0", "0", "1", "1"],
    ]  # fmt: skip
    samples = frame(tmp_path / "pairwise_samples.csv").set_index("sample")["encounter"]
    pairs = [
        [samples[one], samples[other], who, category]
        for one, other, who, category in frame(tmp_path / "pairwise_pairs.csv").to_numpy()
    ]
    assert pairs == [["e3", "e1", "1", "1"], ["e6", "e5", "1", "1"], ["e5", "e2", "1", "3"], ["e7", "e4", "1", "2"]]


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


def test_two_cameras_at_a_station_see_both_flanks_at_once(tmp_path):
    second = STATIONS[:1].assign(end=pd.Timestamp("2024-05-02 18:00"))
    made = export(stations=pd.concat([STATIONS, second], ignore_index=True))
    capture_recapture.write(tmp_path, made)
    assert frame(tmp_path / "spim_captures.csv").to_numpy().tolist()[:2] == [["B", "1", "1", "1"], ["L", "1", "1", "3"]]
    traps = frame(tmp_path / "spim_traps.csv")
    assert traps[["k1", "k2", "k3"]].to_numpy().tolist() == [["2", "2", "1"], ["0", "1", "1"]]


def test_a_flank_that_nobody_is_sure_of_links_nothing(tmp_path):
    rows = [(*ROWS[1][:2], "review", *ROWS[1][3:]) if row[0] == "e2" else row for row in ROWS]
    made = export([*rows, ("e11", "Bo", "new", None, "A_1", "2024-05-01 10:00:00")])
    capture_recapture.write(tmp_path, made)
    assert frame(tmp_path / "spim_sizes.csv").iloc[0].tolist() == ["0", "2", "1", "2", "3"]
    assert "SPIM: 1 animals of which no flank is known are left out." in made.told


ROUND = """
source("load.R")
CH <- read.table("secr_captures.txt", sep = "", colClasses = "character")
traps <- read.table("secr_traps.txt", sep = "", colClasses = c("character", rep("numeric", 5)))
stopifnot(identical(edf$individual, CH$V2), identical(edf$trap, CH$V4), identical(tdf[[1]]$Trap, traps$V1))
stopifnot(all(CH$V4 %in% traps$V1), !anyNA(CH), nrow(read.table("secr_Tm.txt")) == nrow(traps))
stopifnot(all(dim(spim$y.L.obs) == c(2, 2, 3)), all(dim(spim$K2D) == c(2, 3)), spim$y.L.obs[1, 1, 3] == 1)
stopifnot(sum(spim$y.B.obs) == 0, sum(spim$y.R.obs) == 2, all(spim$X == as.matrix(traps[, 2:3])))
at <- match(c("e1", "e4"), samples$encounter)
stopifnot(all(dim(pairwise$scores) == c(2, 8, 8)), pairwise$scores[2, at[1], at[2]] == 3,
          sum(!is.na(pairwise$scores)) == 5, length(pairwise$this.j) == 8, all(pairwise$this.k >= 1))
names <- read.csv("names.csv", colClasses = "character", na.strings = "")
stopifnot("NA" %in% names$name, !"NA" %in% names$written, all(CH$V2 %in% names$written))
"""


@pytest.mark.skipif(not shutil.which("Rscript"), reason="no R on this machine: install Debian's r-base-core")
def test_base_r_builds_the_objects(tmp_path):
    rows = [(*row[:4], "007" if row[4] == "B 2" else row[4], row[5]) for row in ROWS]
    made = export(rows, STATIONS.replace("B 2", "007"), said=[line("Al", "e4", "e1", "different")])
    secr.write(tmp_path, made)
    capture_recapture.write(tmp_path, made)
    found = subprocess.run(["Rscript", "-e", ROUND], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0 and not found.stderr, found.stderr


@pytest.mark.skipif(not shutil.which("Rscript"), reason="no R on this machine: install Debian's r-base-core")
def test_base_r_takes_nobody(tmp_path):
    capture_recapture.write(tmp_path, export([]))
    found = subprocess.run(["Rscript", "-e", 'source("load.R")'], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0 and not found.stderr, found.stderr


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


@pytest.mark.parametrize("rows", [[], ROWS[7:8]])
def test_nobody_known_writes_empty_files(tmp_path, rows):
    made = export(rows)
    for part in (plain_tables, camtrapr, secr, capture_recapture, machines):
        part.write(tmp_path, made)
    assert read_table(tmp_path / "secr_captures.txt") == [] and frame(tmp_path / "camtrapR_records.csv").empty
    assert len(crops(rows)) == len(rows) and len(INDIVIDUALS) == 4
