"""Literals read without running a file, also where they extend those of a part of the package."""

import ast

import pytest

from pugmark import literals


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.setattr(literals, "SOURCES", tmp_path)
    folder = tmp_path / "pugmark" / "learning"
    folder.mkdir(parents=True)
    (folder / "base.py").write_text('raise SystemExit\nPARAMS = {"a": 1, "b": 2}\nMORE = PARAMS | {"c": 3}\n')
    return tmp_path


def written(folder, text):
    path = folder / "method.py"
    path.write_text(text)
    return path


def test_what_a_file_says_itself_counts_over_what_it_extends(package):
    path = written(package, 'from pugmark.learning import base\nPARAMS = base.MORE | {"b": 5, "d": 6}\nTITLE = "x"\n')
    assert literals.read(path, {"PARAMS", "TITLE", "ABSENT"}) == {
        "PARAMS": {"a": 1, "b": 5, "c": 3, "d": 6},
        "TITLE": "x",
    }


def test_parts_name_the_file_that_each_stands_in_base_first(package):
    path = written(package, 'from pugmark.learning import base as family\nPARAMS = family.MORE | {"d": 6}\n')
    found = [(file.stem, ast.literal_eval(node)) for file, node in literals.parts(path, "PARAMS")]
    assert found == [("base", {"a": 1, "b": 2}), ("base", {"c": 3}), ("method", {"d": 6})]


@pytest.mark.parametrize("text", ["PARAMS = base.PARAMS", "PARAMS = dict(a=1)", "PARAMS = {'a': 1} | other(2)"])
def test_what_is_no_literal_is_refused(package, text):
    with pytest.raises(ValueError):
        literals.read(written(package, text), {"PARAMS"})
