"""Camtrap DP packages: places, times, boxes, names of media and of events, and what matches nothing."""

import json

import pytest
from formats.media import photo
from formats.packages import DEPLOYMENTS, MEDIA, OBSERVATIONS, column, package, read, table

from pugmark.formats import sidecars
from pugmark.formats.folder import BatchError


def single(batch, observations, media="m1,d1,2024-05-31T18:30:00+02:00,media/a.jpg,a.jpg\n"):
    resources = [{"name": name, "path": f"{name}.csv"} for name in ("deployments", "media", "observations")]
    table(batch, json.dumps({"resources": [*resources, {"name": "individuals", "data": []}]}), "datapackage.json")
    table(batch, "deploymentID,locationID,locationName\nd1,L1,Old bridge\nd2,L2,\n", "deployments.csv")
    table(batch, "mediaID,deploymentID,timestamp,filePath,fileName\n" + media, "media.csv")
    header = "observationID,mediaID,observationType,individualID,bboxX,bboxY,bboxWidth,bboxHeight\n"
    table(batch, header + observations, "observations.csv")


def test_a_package_gives_places_times_boxes_and_names(tmp_path):
    photo(tmp_path / "media" / "a.jpg")
    single(
        tmp_path, "o1,m1,animal,Ada,0.5,0.5,0.6,0.5\no2,m1,animal,NA,,,,\no3,m1,human,Bo,0,0,1,1\no4,,animal,Cy,,,,\n"
    )
    found = sidecars.read(tmp_path, {})
    assert column(found, "individual") == ["Ada", None]  # NA is a missing value there; people and events are left out
    assert set(found["station"]) == {"Old bridge"} and set(found["source"]) == {"package"}
    assert set(found["timestamp"]) == {"2024-05-31T18:30:00+02:00"}
    assert found.loc[0, ["x", "y", "w", "h"]].tolist() == [
        0.5,
        0.5,
        0.5,
        0.5,
    ]  # the standard lets a box leave the image


def test_people_filed_among_the_animals_are_none(tmp_path):
    photo(tmp_path / "media" / "a.jpg")
    single(tmp_path, "")
    header = "observationID,mediaID,observationType,individualID,scientificName\n"
    said = "o1,m1,animal,Ada,Panthera onca\no2,m1,animal,Bo,Homo sapiens\no3,m1,animal,Cy,\n"
    table(tmp_path, header + said, "observations.csv")
    assert column(sidecars.read(tmp_path, {}), "individual") == ["Ada", "Cy"]


def test_a_box_has_the_species_of_its_observation(tmp_path):
    photo(tmp_path / "media" / "a.jpg")
    single(tmp_path, "")
    header = "observationID,mediaID,observationType,scientificName,bboxX,bboxY,bboxWidth,bboxHeight\n"
    said = "o1,m1,animal,Panthera onca,0.1,0.1,0.2,0.2\no2,m1,animal,Puma concolor,,,,\n"
    table(tmp_path, header + said, "observations.csv")
    assert column(sidecars.read(tmp_path, {}), "species") == ["Panthera onca", None]


def test_media_elsewhere_are_matched_by_name_and_never_fetched(tmp_path):
    photo(tmp_path / "x" / "a.jpg")
    url = "https://example.org/1/file"
    single(tmp_path, "", f"m1,d2,2024-05-31T18:30:00Z,{url},a.jpg\nm2,d2,2024-05-31T18:30:00Z,{url},b.jpg\n")
    assert sidecars.read(tmp_path, {})[["path", "station"]].to_numpy().tolist() == [["x/a.jpg", "L2"]]
    photo(tmp_path / "y" / "a.jpg")
    assert sidecars.read(tmp_path, {}).empty  # two files of that name: either could be meant


def test_labels_csv_has_the_last_word_over_a_package(tmp_path):
    photo(tmp_path / "media" / "a.jpg")
    single(tmp_path, "o1,m1,animal,Ada,0,0,1,1\n")
    table(tmp_path, "path,individual\nmedia/a.jpg,Bo\n")
    found = sidecars.read(tmp_path, {})
    assert column(found, "individual") == ["Bo", None] and column(found, "station") == [None, "Old bridge"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.csv", "https://example.org/media.csv", None, "absent.csv"])
def test_a_package_reads_nothing_outside_its_folder(tmp_path, path):
    photo(tmp_path / "media" / "a.jpg")
    single(tmp_path, "")
    names = ("deployments", "observations", "media")
    table(tmp_path, json.dumps({"resources": [{"name": name, "path": path} for name in names]}), "datapackage.json")
    with pytest.raises(BatchError, match=r"put the table of deployments|absent.csv cannot be read .*: check that"):
        sidecars.read(tmp_path, {})


DAMAGED = [
    "",
    "[1]",
    "not json",
    '{"resources": 3}',
    "[" * 200_000,
    '{"resources": [3]}',
    '{"resources": [{"path": "a"}]}',
]


@pytest.mark.parametrize("text", [*DAMAGED, "\0", "\ud800"])
def test_a_damaged_descriptor_is_one_sentence(tmp_path, text):
    package(tmp_path)
    (tmp_path / "datapackage.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(BatchError, match="no Camtrap DP descriptor") as error:
        read(tmp_path)
    assert len(str(error.value)) < 300


def test_missing_values_in_any_spelling(tmp_path):
    observations = OBSERVATIONS + "o2,m2,animal,N/A,\no3,m3,animal,null,\nNA,NA,NA,NA,NA\n"
    package(tmp_path, observations=observations, deployments=DEPLOYMENTS.replace("Hill", "NA"))
    stations, named, _ = read(tmp_path)
    assert named == {"media/1.jpg": ["Ada"]} and stations["media/5.jpg"] == "d2"


def event(rows):
    columns = (
        "observationID,mediaID,deploymentID,eventID,eventStart,eventEnd,observationLevel,observationType,individualID\n"
    )
    return columns + "".join(
        f"o,{media},{place},E,2024-05-31T{start}:00Z,2024-05-31T{end}:00+00:00,event,animal,{who}\n"
        for media, place, start, end, who in rows
    )


def test_the_name_of_an_event_holds_for_its_media(tmp_path):
    header, *files = MEDIA.splitlines(keepends=True)
    package(tmp_path, observations=event([("", "d1", "10:01", "10:02", "Ada")]), media="".join([header, *files[::-1]]))
    _, named, counts = read(tmp_path)
    assert named == {"media/1.jpg": ["Ada"], "media/2.jpg": ["Ada"]}
    assert "package: events without media" not in counts


def test_of_an_event_with_several_animals_no_picture_shows_which(tmp_path):
    several = [("", "d1", "10:01", "10:02", "Ada"), ("", "d1", "10:01", "10:02", "NA")]
    package(tmp_path, observations=event([*several, ("", "d2", "10:01", "10:02", "Bo")]))
    _, named, counts = read(tmp_path)
    assert named == {}
    assert counts["package: events of several animals (their names are left out)"] == 1
    assert counts["package: events without media"] == 1


def test_a_name_on_the_picture_goes_before_that_of_its_event(tmp_path):
    package(tmp_path, observations=event([("m1", "d1", "10:01", "10:01", "Cy"), ("", "d1", "10:00", "10:02", "Ada")]))
    assert read(tmp_path)[1] == {"media/0.jpg": ["Ada"], "media/1.jpg": ["Cy"], "media/2.jpg": ["Ada"]}


def test_sequences_of_version_0_1(tmp_path):
    media = MEDIA.replace("mediaID,", "sequenceID,mediaID,").replace("\nm", "\ns1,m", 3).replace("\nm", "\ns2,m")
    observations = "observationID,mediaID,sequenceID,observationType,individualID\no1,,s1,animal,Ada\n"
    package(tmp_path, media=media, observations=observations)
    _, named, _ = read(tmp_path)
    assert named == {f"media/{i}.jpg": ["Ada"] for i in range(3)}
    found = sidecars.read(tmp_path, {}).set_index("path")["sequence"]
    assert [found[f"media/{i}.jpg"] for i in (0, 2, 3)] == ["s1", "s1", "s2"]


def test_what_matches_nothing_is_counted(tmp_path, caplog):
    observations = OBSERVATIONS + "o2,m7,animal,Bo,\no3,m0,animal,Cy,\no4,m7,human,,\n"
    package(
        tmp_path, observations=observations, media=MEDIA.replace("media/0.jpg,0.jpg", "https://example.org/0,x.jpg")
    )
    _, named, counts = read(tmp_path)
    assert named == {"media/1.jpg": ["Ada"]}
    assert counts == {
        "package: media that match no file": 1,
        "package: observations of animals that match no file": 2,
        "package: media whose deployment has timestampIssues": 2,
    }
    assert "1 of 6 media of the package match no file, for instance https://example.org/0" in caplog.text


def test_paths_in_other_spellings(tmp_path):
    media = MEDIA.replace("media/0.jpg,0.jpg", ".\\media\\0.jpg,").replace("media/1.jpg,1.jpg", "x,media//1.jpg")
    package(tmp_path, media=media)
    assert len(read(tmp_path)[0]) == 6
