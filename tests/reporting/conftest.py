"""One report on the whole results tree, which the tests of its pages read."""

import json

import pytest
from reporting.results_tree import Page, make

from pugmark.stages import report


@pytest.fixture(scope="package")
def written(tmp_path_factory):
    """The folder that holds results/ and the report out/, and the settings."""
    folder = tmp_path_factory.mktemp("report")
    settings = make(folder)
    report.main(
        ["--results", str(folder / "results"), "--out", str(folder / "out"), "--settings", json.dumps(settings)]
    )
    return folder, settings


@pytest.fixture(scope="package")
def page(written):
    """The report's first page, read."""
    return Page((written[0] / "out/index.html").read_text(encoding="utf-8"))
