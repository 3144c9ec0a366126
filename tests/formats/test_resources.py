"""The tables of a data package in every spelling that its descriptor may state, and damaged ones."""

import gzip

import pytest
from formats.packages import DEPLOYMENTS, MEDIA, OBSERVATIONS, package, read

from pugmark.formats.folder import BatchError


def changed(name, resource=None, **content):
    """A package in which the table `name` is spelled otherwise."""
    return {"resources": {name: {"name": name, "path": f"{name}.csv", **(resource or {})}}, **content}


SPELLINGS = {
    "gz by its name": lambda: changed("deployments", {"path": "d.csv.gz"}),
    "gz as stated": lambda: changed(
        "deployments", {"compression": "gz"}, deployments=gzip.compress(DEPLOYMENTS.encode())
    ),
    "encoding": lambda: changed("deployments", {"encoding": "ISO-8859-1"}, deployments=DEPLOYMENTS.encode("latin-1")),
    "byte order mark": lambda: {"deployments": DEPLOYMENTS.encode("utf-16")},
    "delimiter and quotes": lambda: changed(
        "deployments",
        {"dialect": {"delimiter": "|", "quoteChar": "'"}},
        deployments=DEPLOYMENTS.replace(",", "|").replace("Brücke", "'Brücke'"),
    ),
    "dialect of frictionless 5": lambda: changed(
        "deployments", {"dialect": {"csv": {"delimiter": "|"}}}, deployments=DEPLOYMENTS.replace(",", "|")
    ),
    "no header": lambda: changed(
        "deployments",
        {
            "dialect": {"header": False},
            "schema": {"fields": [{"name": n} for n in ("deploymentID", "locationName", "timestampIssues")]},
        },
        deployments=DEPLOYMENTS.split("\n", 1)[1],
    ),
    "several files": lambda: changed("deployments", {"path": ["deployments.csv", "more.csv"]}),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_a_table(tmp_path, spelling):
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(DEPLOYMENTS.encode()))
    (tmp_path / "more.csv").write_text("deploymentID,locationName\nd9,Lake\n")
    package(tmp_path, **SPELLINGS[spelling]())
    stations, named, _ = read(tmp_path)
    assert set(stations.values()) == {"Brücke", "Hill"} and named == {"media/1.jpg": ["Ada"]}


BROKEN = {
    "cannot be unpacked": changed("media", {"compression": "gz"}),
    r"is compressed \(zip\): unpack it": changed("media", {"compression": "zip"}),
    "no line of column names": changed("media", {"dialect": {"header": False}}),
    "dialect cannot be read": changed("media", {"dialect": {"delimiter": "::"}}),
    "put the table of media beside it": changed("media", {"path": ["media.csv", "../x.csv"]}),
    "put the table of media beside it and name it there.": changed("media", {"path": []}),
    "put the table of media beside": changed("media", {"path": "m\0.csv"}),
    "not UTF-8 text: save": {"media": MEDIA.replace("m0", "é").encode("latin-1")},
    "lacks the column filePath": {"media": MEDIA.replace("filePath", "file")},
    "line 2: a quotation mark is not closed": {"observations": OBSERVATIONS.replace("Ada", '"Ada')},
    "line 2: a cell goes on in the next line": {
        "observations": OBSERVATIONS.replace("o1,m1", 'o1,"m1\no2,m2"'),
    },
    "line 2: a quotation mark is not closed, or closed too early .field larger": {
        "media": MEDIA.replace("m0", '"' + "x" * 200_000)
    },
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_damaged_package_is_one_sentence(tmp_path, message):
    package(tmp_path, **BROKEN[message])
    with pytest.raises(BatchError, match=message) as error:
        read(tmp_path)
    assert "\n" not in str(error.value)


def test_comments_may_have_several_lines(tmp_path):
    package(tmp_path, observations=OBSERVATIONS.replace("shy", '"shy,\nand quick"'))
    assert read(tmp_path)[1] == {"media/1.jpg": ["Ada"]}
