"""Folders that the configuration names: results apart from batches, and names that can stand in a path."""

import os

import pytest
from planning.cats import cats

from pugmark.planning import paths
from pugmark.planning.configuration import ConfigError
from pugmark.planning.plan import Plan


@pytest.fixture
def config(tmp_path):
    return cats(tmp_path)


@pytest.mark.parametrize(
    "written", ["", " ", ".", "./", "/", "//", "/.", "a/..", "{x}", "r<batch>", "a\nb", "~nobody-here/r"]
)
def test_results_are_a_folder_of_their_own(config, written):
    config["results"] = written
    with pytest.raises(ConfigError, match=r"^results is .*(name a folder|choose another|write the path)"):
        Plan(config)


def test_what_is_there_and_no_folder_is_refused(config, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    for written, what in (
        ("file", "a file"),
        ("file/below", "a file"),
        ("gone", "a link that leads nowhere"),
        ("gone/below", "a link"),
    ):
        config["results"] = str(tmp_path / written)
        with pytest.raises(ConfigError, match=f"^results is .*, but {tmp_path}/{written.split('/')[0]} is {what}"):
            Plan(config)


def test_a_link_to_a_folder_the_home_and_spare_slashes_are_fine(config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    for written, meant in (("link", "link"), ("./link//", "link"), ("~/made later/x/", f"{tmp_path}/made later/x")):
        monkeypatch.chdir(tmp_path)
        config["results"] = written
        assert Plan(config).results == meant


@pytest.mark.parametrize("where", ["media/results", "media/2024-05/results", "media/2024-05", "media/new/deep"])
def test_results_among_the_batches_are_refused_before_the_first_file_is_made(config, tmp_path, where):
    config["results"] = str(tmp_path / where)
    with pytest.raises(ConfigError, match=r"^results is .*, which would lie in a batch of collections\.cats"):
        Plan(config)
    assert sorted(os.listdir(tmp_path / "media")) == ["2024-05", "2024-06"]


def test_results_beside_the_batches_are_fine(config, tmp_path):
    for where in ("media", "media/.results", "other/results"):
        config["results"] = str(tmp_path / where)
        if where == "media":
            with pytest.raises(ConfigError, match=r"^collections\.cats\.batches: .* lies in the folder of results"):
                Plan(config)
        else:
            assert Plan(config).batches("cats") == ["2024-05", "2024-06"]


def test_a_link_hides_neither_results_nor_batches(config, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "media" / "2024-05")
    config["results"] = str(tmp_path / "link" / "results")
    with pytest.raises(ConfigError, match="would lie in a batch"):
        Plan(config)
    (tmp_path / "made" / "cats").mkdir(parents=True)
    (tmp_path / "media" / "linked").symlink_to(tmp_path / "made" / "cats")
    config["results"] = str(tmp_path / "made")
    with pytest.raises(ConfigError, match=r"media/linked lies in the folder of results"):
        Plan(config)


@pytest.mark.parametrize(
    "name, what",
    [
        ("a<results>b", "holds <"),
        ("a{b", "holds {"),
        ("a\nb", "holds a line break"),
        (os.fsdecode(b"b\xff"), "is not UTF-8"),
        ("x" + "ab" * 20, "ends in 'ab' twenty times"),
        ("".join(map(str, range(40, 124))) + "é" * 5, "is longer than 200 bytes"),
        (os.fsdecode(b"\xfe/b"), "is not UTF-8"),
        ("x.1of2", "is that of a shard"),
    ],
)
def test_a_batch_whose_name_cannot_stand_in_a_path_is_to_be_renamed(config, tmp_path, name, what):
    (tmp_path / "media" / name).mkdir(parents=True)
    config["collections"]["cats"]["batches"] = f"{tmp_path}/media/{'*/' * name.count('/')}*"
    with pytest.raises(ConfigError, match=r"^collections\.cats\.batches: rename .*: its name ") as error:
        Plan(config)
    assert what in str(error.value) and str(error.value).isprintable()
    str(error.value).encode()


@pytest.mark.parametrize(
    "name", ["-b1", "B 1", "ä'\"$(x);&", "~", "a" * 19, "été" * 19, "".join(map(str, range(45, 118)))]
)
def test_other_names_are_fine(config, tmp_path, name):
    (tmp_path / "media" / name).mkdir()
    assert name in Plan(config).batches("cats")


def test_a_fault_is_none_where_there_is_none():
    assert paths.fault("2024-05 north") is None
