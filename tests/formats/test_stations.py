"""Where and when cameras ran, as users and packages write it."""

import gzip
import json

import pandas as pd
import pytest

from pugmark.formats import stations

HEADER = "Station,x,y,Setup_date,Retrieval_date,Problem1_from,Problem1_to\n"


def read(folder, text):
    (folder / "s.csv").write_text(text)
    return stations.read(folder / "s.csv")


def test_a_users_table(tmp_path):
    row = read(
        tmp_path,
        "Station;utm_x;utm_y;Setup_date;Retrieval_date;Problem1_from;Problem1_to;Problem2_from;Problem2_to\n"
        "A;10;20.5;2024-05-01;2024-06-01T08:30:00;2024-05-03;2024-05-04;;\n",
    ).iloc[0]
    # As in camtrapR: noon where no time of day is given, and the whole of each day of a problem.
    assert (row["station"], row["x"], row["y"]) == ("A", 10, 20.5)
    assert (row["start"], row["end"]) == (pd.Timestamp("2024-05-01 12:00"), pd.Timestamp("2024-06-01 08:30"))
    assert row["problems"] == [(pd.Timestamp("2024-05-03"), pd.Timestamp("2024-05-05"))]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,x,y\nA,1,2\n", "no column Station"),
        ("Station,x,y\nA,one,2\n", "column x"),
        (HEADER + "A,1,2,31/05/2024,,,\n", "column start"),
        (HEADER + "A,1,2,,,2024-05-03,\n", "a problem from '2024-05-03' to ''"),
        (HEADER + "A,1,2,,,2024-05-03,2024-05-01\n", "in order"),
        (HEADER + "A,1,2,,,may,june\n", "a problem from 'may'"),
    ],
)
def test_a_table_that_cannot_be_understood_is_told(tmp_path, text, told):
    with pytest.raises(stations.BatchError, match=told):
        read(tmp_path, text)


def test_odd_names_stay_as_they_are(tmp_path):
    found = read(tmp_path, 'Station,x,y\nNA,1,2\n"A, north #1",3,4\n007,5,6\n')
    assert found["station"].tolist() == ["NA", "A, north #1", "007"] and found["start"].isna().all()


def test_the_deployments_of_a_package_in_degrees_become_metres(tmp_path):
    table = "deploymentID,locationName,latitude,longitude,deploymentStart,deploymentEnd\n"
    table += "d1,W,0,35,2024-05-01T00:00:00+03:00,2024-05-09T00:00:00Z\nd2,E,0,36,2024-05-01T00:00:00+03:00,\n"
    (tmp_path / "deployments.csv.gz").write_bytes(gzip.compress(table.encode()))
    described = {"resources": [{"name": "deployments", "path": "deployments.csv.gz"}]}
    (tmp_path / "datapackage.json").write_text(json.dumps(described))
    found = stations.read(packages=[tmp_path / "datapackage.json"]).set_index("station")
    assert found["x"].tolist() == [0, 111320] and found["start"]["W"] == pd.Timestamp("2024-05-01")
    assert found["end"]["W"] == pd.Timestamp("2024-05-09") and pd.isna(found["end"]["E"])
    (tmp_path / "datapackage.json").write_text("{")
    with pytest.raises(stations.BatchError, match="no Camtrap DP descriptor"):
        stations.read(packages=[tmp_path / "datapackage.json"])


def test_of_several_packages_the_one_that_is_wrong_is_named(tmp_path):
    described = {"resources": [{"name": "deployments", "path": "deployments.csv"}]}
    for name, latitude in (("b1", "1.5"), ("b2", "north")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "datapackage.json").write_text(json.dumps(described))
        row = f"d,A,2.5,{latitude},2024-05-01T00:00:00Z,2024-06-01T00:00:00Z"
        header = "deploymentID,locationName,longitude,latitude,deploymentStart,deploymentEnd"
        (tmp_path / name / "deployments.csv").write_text(f"{header}\n{row}\n")
    files = [tmp_path / name / "datapackage.json" for name in ("b1", "b2")]
    assert stations.read(packages=files[:1])["latitude"].tolist() == [1.5]
    with pytest.raises(stations.BatchError, match=r"b2/datapackage\.json, column latitude: .*Write numbers"):
        stations.read(packages=files)
