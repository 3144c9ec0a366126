"""Paths in results find their media where folders confirm them, and nothing else does."""

import pytest

from pugmark.formats import matching


@pytest.fixture
def batch(tmp_path):
    """The folder survey/july, beside survey/june."""
    for name in ("june", "july"):
        (tmp_path / "survey" / name).mkdir(parents=True)
    return tmp_path / "survey" / "july"


def matched(files, media, batch, source="../../md.json"):
    """{file: media path} under the results at `source`, a path that starts in the batch, and the unclear files."""
    found, unclear = matching.matched(files, media, batch, batch / source)
    return {file: path for file, (path, _) in found.items()}, unclear


@pytest.mark.parametrize("source", ["md.json", "../md.json", "../july.json", "md/md.json"])
@pytest.mark.parametrize("above", ["", "july/", "survey/july/", "D:/survey/july/", "/mnt/old/july/"])
def test_results_may_start_above_the_batch(batch, above, source):
    media = ["S1/a.jpg", "S2/a.jpg", "S2/b.jpg"]
    assert matched([above + path for path in media], media, batch, source) == (
        {above + path: path for path in media},
        [],
    )


@pytest.mark.parametrize("source", ["md.json", "../july_md.json", "../july/md.json", "../../md/july/md.json"])
def test_bare_names_count_in_results_of_the_batch_alone(batch, source):
    assert matched(["a.jpg"], ["a.jpg"], batch, source)[0] == {"a.jpg": "a.jpg"}


@pytest.mark.parametrize("file", ["a.jpg", "june/a.jpg", "D:/july_old/a.jpg", "100RECNX/a.jpg"])
@pytest.mark.parametrize("source", ["../md.json", "../june.json", "../july2.json", "../../md.json"])
def test_file_names_alone_confirm_nothing(batch, file, source):
    media = ["100RECNX/a.jpg"] if file.startswith("100") else ["a.jpg"]
    assert matched([file], media, batch, source) == ({}, [])


def test_results_speak_of_the_media_below_their_own_folder(batch):
    media = ["S1/a.jpg", "S2/a.jpg", "S2/gone.jpg"]
    assert matched(["a.jpg", "gone.jpg"], media, batch, "S1/md.json")[0] == {"a.jpg": "S1/a.jpg"}
    assert matched(["gone.jpg"], media, batch, "S1/md.json")[0] == {}
    twice = ["S1/a.jpg", "S1/100RECNX/a.jpg"]
    assert matched(["a.jpg"], twice, batch, "S1/md.json") == ({"a.jpg": "S1/a.jpg"}, [])
    # A folder that holds nothing but results speaks for the one above it.
    assert matched(["S1/a.jpg"], media, batch, "results/new/md.json")[0] == {"S1/a.jpg": "S1/a.jpg"}


def test_another_batch_that_is_there_too_is_not_taken_for_this_one_renamed(batch):
    assert matched(["D:/cards/S1/a.jpg"], ["S1/a.jpg"], batch)[0] == {"D:/cards/S1/a.jpg": "S1/a.jpg"}
    assert matched(["may/S1/a.jpg"], ["S1/a.jpg"], batch)[0] == {"may/S1/a.jpg": "S1/a.jpg"}
    assert matched(["june/S1/a.jpg"], ["S1/a.jpg"], batch)[0] == {}
    assert matched([f"{batch.parent}/june/S1/a.jpg"], ["S1/a.jpg"], batch)[0] == {}
    assert matched(["may/100RECNX/a.jpg"], ["100RECNX/a.jpg"], batch)[0] == {}


def test_a_camera_s_folder_as_batch_confirms_nothing(tmp_path):
    (tmp_path / "S1" / "DCIM").mkdir(parents=True)
    assert matched(["DCIM/a.jpg", "S2/DCIM/b.jpg"], ["a.jpg", "b.jpg"], tmp_path / "S1" / "DCIM")[0] == {}
    assert matched(["S1/DCIM/a.jpg"], ["a.jpg"], tmp_path / "S1" / "DCIM")[0] == {"S1/DCIM/a.jpg": "a.jpg"}


@pytest.mark.parametrize("folder", ["DCIM/100RECNX", "2024-05-31", "photos"])
def test_folders_that_every_batch_may_have_confirm_nothing(batch, folder):
    assert matched([f"{folder}/a.jpg"], [f"{folder}/a.jpg"], batch)[0] == {}
    assert matched([f"may/{folder}/a.jpg"], [f"{folder}/a.jpg"], batch)[0] == {}
    assert len(matched([f"{folder}/a.jpg"], [f"{folder}/a.jpg"], batch, "md.json")[0]) == 1


def test_where_some_paths_are_sure_no_others_are_guessed(batch):
    media = ["S1/a.jpg", "S1/b.jpg", "c.jpg"]
    assert matched(["S1/a.jpg", "may/S1/b.jpg"], media, batch, "md.json")[0] == {"S1/a.jpg": "S1/a.jpg"}
    assert matched(["c.jpg", "b.jpg"], media, batch, "md.json")[0] == {"c.jpg": "c.jpg"}


def test_batches_of_one_name_are_told_apart_by_the_folders_above(tmp_path):
    for year in ("2023", "2024"):
        (tmp_path / year / "S1").mkdir(parents=True)
    files = ["2023/S1/a.jpg", "2023/S1/only.jpg", "2024/S1/a.jpg"]
    found, unclear = matching.matched(files, ["a.jpg", "only.jpg"], tmp_path / "2024" / "S1", tmp_path / "md.json")
    assert found == {"2024/S1/a.jpg": ("a.jpg", None)} and unclear == []
    whole = ["/disk/2023/S1/a.jpg", "/disk/2023/S1/only.jpg", "/disk/2024/S1/a.jpg"]
    found, unclear = matching.matched(whole, ["a.jpg", "only.jpg"], tmp_path / "2024" / "S1", tmp_path / "md.json")
    assert found == {"/disk/2024/S1/a.jpg": ("a.jpg", None)} and unclear == []


def test_files_moved_into_folders_are_found_where_each_path_fits_one(batch):
    media = ["animals/C01/a.jpg", "animals/C02/a.jpg", "empty/C01/b.jpg", "C01/c.jpg"]
    for above in ("", "D:/survey/july/"):
        files = [f"{above}{path}" for path in ("C01/a.jpg", "C02/a.jpg", "C01/b.jpg", "C01/c.jpg")]
        assert matched(files, media, batch, "md.json") == (dict(zip(files, media, strict=True)), [])
    assert matched(["a.jpg"], ["animals/a.jpg"], batch, "md.json")[0] == {"a.jpg": "animals/a.jpg"}


def test_what_fits_twice_is_left_out(batch):
    media = ["animals/C01/a.jpg", "person/C01/a.jpg", "animals/C01/b.jpg"]
    assert matched(["C01/a.jpg", "C01/b.jpg"], media, batch, "md.json") == (
        {"C01/b.jpg": "animals/C01/b.jpg"},
        ["C01/a.jpg"],
    )
    # A media with an entry of its own is not also that of a file that is gone.
    assert matched(["C01/a.jpg", "old/C01/a.jpg"], ["old/C01/a.jpg"], batch, "md.json")[0] == {
        "old/C01/a.jpg": "old/C01/a.jpg"
    }
    # Two batches that were renamed: which of them is this one, no folder says.
    assert matched(["may/S1/a.jpg", "april/S1/a.jpg", "may/S1/b.jpg"], ["S1/a.jpg", "S1/b.jpg"], batch) == (
        {},
        ["april/S1/a.jpg", "may/S1/a.jpg", "may/S1/b.jpg"],
    )
    # The batch's name speaks louder than folders under another.
    assert matched(["july/S1/a.jpg", "may/S1/b.jpg"], ["S1/a.jpg", "S1/b.jpg"], batch)[0] == {
        "july/S1/a.jpg": "S1/a.jpg"
    }


def test_frame_files_are_frames_of_their_video_unless_they_are_there(batch):
    files = ["july/v.mp4/frame000010.jpg"]
    assert matching.matched(files, ["v.mp4"], batch, batch / "md.json")[0] == {files[0]: ("v.mp4", 10)}
    there = ["v.mp4/frame000010.jpg"]
    assert matching.matched(files, there, batch, batch / "md.json")[0] == {files[0]: (there[0], None)}


def test_accents_may_be_composed_or_not(batch):
    path = "Estacio\u0301n 1/a.jpg"
    assert matched(["Estaci\u00f3n 1/a.jpg"], [path], batch, "md.json")[0] == {"Estaci\u00f3n 1/a.jpg": path}
