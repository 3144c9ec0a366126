"""Folders that are places, and others."""

import pytest

from pugmark.formats import places


@pytest.mark.parametrize(
    ("path", "station"),
    [
        ("S1/a.jpg", "S1"),
        ("S1/100_BTCF/a.jpg", "S1"),
        ("DCIM/100RECNX/a.jpg", None),
        ("100EK113/a.jpg", None),
        ("a.jpg", None),
        ("2024/S1/a.jpg", "S1"),
        ("2024-05-31/Old bridge/a.jpg", "Old bridge"),
        ("20240531/a.jpg", None),
        ("31.05.2024/a.jpg", None),
        ("May 2024/a.jpg", None),
        ("31 May/a.jpg", None),
        ("day 2/a.jpg", None),
        ("2024-05-31_S1/a.jpg", "S1"),
        ("S1 20240531/a.jpg", "S1"),
        ("Videos/a.jpg", None),
        ("query/Ada/a.jpg", None),
        # What is near to a date and none.
        ("12-3/a.jpg", "12-3"),
        ("998230000007032/a.jpg", "998230000007032"),
        ("Mayfield/a.jpg", "Mayfield"),
        ("Camera 2024-13/a.jpg", "Camera 2024-13"),
        ("1234/a.jpg", "1234"),
    ],
)
def test_stations(path, station):
    assert places.station(path) == station


def test_a_camera_is_its_station_or_its_folders_without_dates_and_numbering():
    def camera(path, station=None):
        return places.camera({"path": path, "station": station})

    assert camera("North/S1/2024-05-31/100RECNX/a.jpg") == camera("North/S1/2024-06-01/101RECNX/b.jpg") == "North/S1"
    assert camera("DCIM/100RECNX/a.jpg") == camera("a.jpg") == ""
    assert camera("query/Ada/a.jpg") == camera("gallery/Ada/b.jpg") == "Ada"
    assert camera("x/a.jpg", "S1") == "S1"


def test_folders_that_bear_the_names_of_the_animals_in_them():
    assert places.name_animals([("Ada/1.jpg", "ada"), ("Bo/1.jpg", "Bo"), ("S1/1.jpg", "Cy")])
    assert not places.name_animals([("Ada/1.jpg", "Ada"), ("S1/1.jpg", "Ada"), ("S2/1.jpg", "Bo")])
    assert not places.name_animals([("1/1.jpg", "1"), ("1/2.jpg", "2")]), "numbers of stations and of animals"
    assert not places.name_animals([("a.jpg", "a")]) and not places.name_animals([])
