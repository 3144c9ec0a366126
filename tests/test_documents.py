"""What the documents say is what the code says."""

import runpy

from places import ROOT

GENERATE = runpy.run_path(str(ROOT / "docs" / "generate.py"))


def test_the_readmes_table_of_methods_is_current():
    text = (ROOT / "README.md").read_text()
    assert GENERATE["START"] in text
    assert GENERATE["readme"](text) == text, "run `make docs`"


def test_the_page_of_settings_is_current():
    assert GENERATE["configuration_page"]() == (ROOT / "docs" / "configuration.md").read_text(), "run `make docs`"


def test_the_page_of_methods_is_current_and_explains_every_setting():
    page = GENERATE["methods_page"]()
    assert page == (ROOT / "docs" / "methods.md").read_text(), "run `make docs`"
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    temperature = ["`temperature`", "`0.05`", "a number, above 0", "code", "of the similarities in the loss"]
    assert temperature in rows
    assert [row for row in rows if len(row) != 5 or not all(row)] == []
