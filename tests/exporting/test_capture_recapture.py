"""Files for secr, oSCR and SPIM, read back by a reader of our own that follows R's read.table, and by R itself."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from exporting.drawn_export import ROWS, STATIONS, export, line
from exporting.test_formats import frame, read_table, written

from pugmark.exporting import capture_recapture, secr


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
    assert made.told[0].startswith("secr: 3 of the 3 animals of individuals.csv are in secr_captures.txt. 2 of them")
    assert "is the left one" in made.told[1]


def test_without_coordinates_or_dates_the_traps_are_told_of(tmp_path):
    made = export(stations=STATIONS.assign(x=[1.0, np.nan]))
    secr.write(tmp_path, made)
    assert not (tmp_path / "secr_traps.txt").exists()
    assert any("no traps file, because 1 stations have no coordinates (B 2)" in sentence for sentence in made.told)
    made = export(stations=STATIONS.assign(end=pd.NaT))
    secr.write(tmp_path, made)
    assert [len(row) for row in read_table(tmp_path / "secr_traps.txt")] == [3, 3]


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
@pytest.mark.parametrize("rows", [[], ROWS[:1], [(*row[:3], None, *row[4:]) for row in ROWS]])
def test_base_r_takes_what_is_there(tmp_path, rows):
    capture_recapture.write(tmp_path, export(rows))
    found = subprocess.run(["Rscript", "-e", 'source("load.R")'], cwd=tmp_path, capture_output=True, text=True)
    assert found.returncode == 0 and not found.stderr, found.stderr


def test_without_a_station_secr_has_no_file(tmp_path):
    secr.write(tmp_path, export([], STATIONS[:0]))
    assert not list(tmp_path.iterdir())


def test_a_flank_that_no_capture_shows_has_no_file(tmp_path):
    made = export([row for row in ROWS if row[3] == "left"])
    secr.write(tmp_path, made)
    assert written(tmp_path) == ["secr_captures.txt", "secr_captures_hybrid.txt", "secr_captures_left.txt"]
    assert "secr: secr_captures_right.txt not written, because no capture shows that flank." in made.told
    made = export([(*row[:3], None, *row[4:]) for row in ROWS])
    capture_recapture.write(tmp_path, made)
    assert not written(tmp_path, "spim_*") and "SPIM: not written, because no capture shows a known flank." in made.told


def test_without_any_time_there_is_no_file_of_the_nameless_and_that_is_told(tmp_path):
    made = export([(*row[:5], None) for row in ROWS], STATIONS.assign(start=pd.NaT, end=pd.NaT))
    secr.write(tmp_path, made)
    assert not (tmp_path / "secr_Tm.txt").exists()
    assert "secr: secr_Tm.txt not written, because no time is known." in made.told
