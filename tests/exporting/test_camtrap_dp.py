"""The Camtrap DP package: valid by the standard's schemas, read back by our own reader, and places that are rounded."""

import json
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest
from exporting.drawn_export import ROWS, STATIONS, export
from places import SHARED

from pugmark.exporting import camtrap_dp
from pugmark.formats import camtrap_dp as reader

SCHEMAS = SHARED / "data/camtrap_dp"
GOOD = [("e4", "Nala", *ROWS[3][2:]) if row[0] == "e4" else row for row in ROWS]


def write(folder, generalise=None, rows=GOOD, **facts):
    made = export(rows, **facts)
    camtrap_dp.write(folder, made, generalise, "2024-06-01T00:00:00Z")
    return made


def table(folder, name):
    return pd.read_csv(folder / f"camtrap_dp/{name}.csv", keep_default_na=False, dtype=str)


def mistakes(folder):
    """What is wrong in a package and passes its schemas: a name that is a missing value, boxes over the edge, an
    observation of a medium that names none, one animal twice in an event, events of one deployment that overlap."""
    seen, found = table(folder, "observations"), []
    found += [f"called {name}" for name in seen["individualID"] if name in ("NA", "NaN", "nan")]
    boxes = seen[["bboxX", "bboxY", "bboxWidth", "bboxHeight"]].replace("", "0").astype(float)
    found += ["box"] * int((boxes.iloc[:, :2].to_numpy() + boxes.iloc[:, 2:].to_numpy() > 1).sum())
    found += ["no medium"] * int(((seen["observationLevel"] == "media") & (seen["mediaID"] == "")).sum())
    named = seen[(seen["observationLevel"] == "event") & (seen["individualID"] != "")]
    found += ["twice"] * int(named.duplicated(["deploymentID", "eventID", "individualID"]).sum())
    times = ["deploymentID", "eventStart", "eventEnd"]
    events = seen[[*times, "eventID"]].drop_duplicates().sort_values(times)
    found += ["two times"] * int(events["eventID"].duplicated().sum())
    before = events.groupby("deploymentID")["eventEnd"].shift()
    return found + ["overlap"] * int((before > events["eventStart"]).sum())


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="no schemas of Camtrap DP beside the project")
@pytest.mark.parametrize("generalise", [None, "high"])
def test_the_package_is_valid_by_the_standards_schemas(tmp_path, generalise):
    write(tmp_path, generalise)
    described = json.loads((tmp_path / "camtrap_dp/datapackage.json").read_text())
    for resource in described["resources"]:
        resource["schema"] = json.loads((SCHEMAS / f"{resource['name']}-table-schema.json").read_text())
    profile = described.pop("profile")
    assert "1.0.2" in profile
    (tmp_path / "camtrap_dp/local.json").write_text(json.dumps(described))
    # In a process of its own, because the package changes how large a cell Python's csv takes.
    code = "import frictionless; report = frictionless.Package('local.json').validate();"
    code += "print(report.valid, report.flatten(['fieldName', 'message']))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "camtrap_dp", capture_output=True, text=True, check=True
    )
    assert found.stdout.startswith("True"), found.stdout
    assert not mistakes(tmp_path)


def test_our_own_reader_finds_the_names_again(tmp_path):
    write(tmp_path)
    media = [f"b1/x/{name}.jpg" for name, *_ in GOOD]
    found = reader.rows(tmp_path / "camtrap_dp", "datapackage.json", media, Counter())
    said = {row["path"]: (row.get("individual"), row["station"]) for row in found}
    assert said["b1/x/e4.jpg"] == ("Nala", "B 2") and said["b1/x/e3.jpg"] == ("Ana", "A_1")
    assert said["b1/x/e7.jpg"][0] is None and "b1/x/e9.jpg" not in said


@pytest.mark.parametrize("name", ["-1", "=A1", "@x", "+b"])
def test_names_that_a_spreadsheet_takes_for_formulas_stay_as_they_are(tmp_path, name):
    rows = [(row[0], name, row[2], row[3], name, row[5]) if row[0] == "e4" else row for row in ROWS]
    places = STATIONS[1:].assign(station=name)
    write(tmp_path, rows=rows, stations=pd.concat([STATIONS, places], ignore_index=True))
    (row,) = reader.rows(tmp_path / "camtrap_dp", "datapackage.json", ["b1/x/e4.jpg"], Counter())
    assert (row["individual"], row["station"]) == (name, name)
    assert name in pd.read_csv(tmp_path / "dwc_occurrences.csv", dtype=str)["organismID"].tolist()


def test_one_observation_of_one_level_for_each_animal_and_event(tmp_path):
    made = write(tmp_path)
    seen = table(tmp_path, "observations").set_index("observationID")
    # Ana, from both flanks in one event, is one row.
    assert seen.index.tolist() == ["e1", "e3", "e4", "e5", "e6", "e7", "e8"] and set(seen["observationLevel"]) == {
        "event"
    }
    assert seen.loc["e1", ["individualID", "count", "observationTags"]].tolist() == [
        "Ana", "1", "id_p:0.97|id_by:workflow|flank:both"
    ]  # fmt: skip
    assert seen.loc["e4", "observationTags"] == "id_p:0.97|id_by:workflow|flank:left"
    assert seen.loc["e4", "eventStart"] == "2024-05-02T13:00:00+02:00" and seen.loc["e7", "individualID"] == ""
    assert "2 encounters without a station with coordinates, or without a time" in made.told[-1]
    occurrences = pd.read_csv(tmp_path / "dwc_occurrences.csv", keep_default_na=False).set_index("occurrenceID")
    assert occurrences.loc["e4", "organismID"] == "Nala" and occurrences.loc["e4", "decimalLatitude"] == -1.5
    assert (occurrences["identificationVerificationStatus"] == "").all()


def test_animals_of_one_event_share_it(tmp_path):
    rows = [
        ("e1", "Ana", "known", "left", "A_1", "2024-05-01 10:00:00"),
        ("e2", "Bo", "known", "left", "A_1", "2024-05-01 10:00:05"),
        ("e3", "Ana", "known", None, "A_1", "2024-05-01 10:00:09"),
        ("e4", "X", "review", "right", "A_1", "2024-05-01 10:00:09"),
    ]
    made = export(rows)
    made.crops["sequence"] = "burst"
    made.crops["track"] = ["e1", "e2", "e3", "e3"]  # the last is the flank of Ana that nobody was sure of
    camtrap_dp.write(tmp_path, made, None, "2024-06-01T00:00:00Z")
    seen = table(tmp_path, "observations")
    assert seen["individualID"].tolist() == ["Ana", "Bo"] and set(seen["eventID"]) == {"burst"}
    assert set(seen["eventStart"] + seen["eventEnd"]) == {"2024-05-01T10:00:00+02:002024-05-01T10:00:09+02:00"}
    assert seen["observationTags"].str.endswith(("flank:both", "flank:left")).all() and not mistakes(tmp_path)


def test_cameras_that_saw_nobody_are_deployments_too(tmp_path):
    empty = STATIONS[:1].assign(station="C", problems=[[]])
    undated = empty.assign(station="D", start=pd.NaT)
    write(tmp_path, stations=pd.concat([STATIONS, empty, undated], ignore_index=True))
    made = table(tmp_path, "deployments").set_index("deploymentID")
    assert (
        made.index.tolist() == ["A_1", "B 2", "C"] and made.loc["C", "deploymentStart"] == "2024-05-01T00:00:00+02:00"
    )


def test_a_video_is_one_medium(tmp_path):
    made = export(GOOD)
    made.crops = made.crops.assign(path="x/film.avi", kind="frame", frame_number=range(len(GOOD)))
    made.crops["media_id"] = [f"abc-f{number}" for number in range(len(GOOD))]
    camtrap_dp.write(tmp_path, made, None, "2024-06-01T00:00:00Z")
    found = table(tmp_path, "media")
    assert found[["mediaID", "fileMediatype"]].to_numpy().tolist() == [["abc", "video/x-msvideo"]]
    assert found["timestamp"].tolist() == ["2024-05-01T12:00:00+02:00"]  # of its first frame, which is that of e8


def test_an_encounter_belongs_to_the_deployment_that_had_begun(tmp_path):
    second = STATIONS[:1].assign(start=pd.Timestamp("2024-05-03"), end=pd.Timestamp("2024-05-09"))
    first = STATIONS.assign(end=pd.to_datetime(["2024-05-02", "2024-05-04"]))
    write(tmp_path, stations=pd.concat([first, second], ignore_index=True))
    assert table(tmp_path, "deployments")["deploymentID"].tolist() == ["A_1-1", "A_1-2", "B 2"]
    seen = table(tmp_path, "observations").set_index("observationID")["deploymentID"]
    assert (seen["e1"], seen["e3"], seen["e5"]) == ("A_1-1", "A_1-2", "B 2")  # e5 was before its camera had begun


@pytest.mark.parametrize(
    ("category", "place", "metres"), [("high", "-1.6", 15721), ("medium", "-1.56", 1600), ("low", "-1.556", 187)]
)
def test_places_are_rounded_by_the_category_of_the_species(tmp_path, category, place, metres):
    made = write(tmp_path, category)
    row = table(tmp_path, "deployments").iloc[0]
    assert row["latitude"] == place and row["coordinateUncertainty"] == str(metres)
    text = (tmp_path / "camtrap_dp/datapackage.json").read_text() + (tmp_path / "dwc_occurrences.csv").read_text()
    assert "35.123456" not in text and "1.55555" not in text
    assert "Station names, file paths and the EXIF" in made.told[-1]


def test_the_places_of_the_most_sensitive_are_not_written(tmp_path):
    made = write(tmp_path, "extreme")
    assert not list(tmp_path.iterdir()) and "not to be published" in made.told[-1]
    made = write(tmp_path, stations=STATIONS.assign(latitude=None))
    assert not list(tmp_path.iterdir()) and "a station with coordinates in degrees" in made.told[-1]


@pytest.mark.parametrize("name", ["NA", "a|b"])
def test_what_validators_do_not_see_is_not_written(tmp_path, name):
    rows = [(row[0], name, *row[2:]) if row[0] == "e4" else row for row in ROWS]
    made = write(tmp_path, rows=rows)
    assert not list(tmp_path.iterdir()) and f"An animal is called {name!r}" in made.told[-1]
    rows = [(*row[:4], name, row[5]) if row[4] == "B 2" else row for row in GOOD]
    made = write(tmp_path, rows=rows, stations=STATIONS.replace("B 2", name))
    assert not list(tmp_path.iterdir()) and f"A station is called {name!r}" in made.told[-1]
