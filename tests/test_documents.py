"""What the documents say is what the code says."""

import re
import runpy

import pytest
from places import ROOT

from pugmark.identity import ledger

PAGES = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")]
GENERATE = runpy.run_path(str(ROOT / "docs" / "generate.py"))


LINK = re.compile(r"\]\(([^)#:]+)\)")


@pytest.mark.parametrize("page", ["README.md", "profiles/README.md", "envs/README.md", *sorted(PAGES)])
def test_links_lead_to_files(page):
    missing = [
        link for link in LINK.findall((ROOT / page).read_text()) if not (ROOT / page).parent.joinpath(link).exists()
    ]
    assert not missing, f"{page} links to what is not there"


def test_the_index_lists_every_page():
    listed = set(LINK.findall((ROOT / "docs" / "index.md").read_text()))
    assert {page.removeprefix("docs/") for page in PAGES} - {"index.md"} <= listed


def test_the_lines_of_the_ledger_that_are_shown_are_read_as_they_are_explained(tmp_path):
    (block,) = re.findall(r"```csv\n(.*?)```", (ROOT / "docs" / "review.md").read_text(), re.DOTALL)
    (tmp_path / "Ana.csv").write_text(block)
    lines, told = ledger.read(ledger.files(tmp_path))
    assert block.splitlines()[0] == ",".join(ledger.COLUMNS) and not told
    assert [(line.answer, line.value) for line in lines] == [("same", ""), ("name", "Ada")]


def test_the_page_of_settings_is_current():
    assert GENERATE["configuration_page"]() == (ROOT / "docs" / "configuration.md").read_text(), "run `make docs`"


def test_the_page_of_methods_is_current_and_explains_every_setting():
    page = GENERATE["methods_page"]()
    assert page == (ROOT / "docs" / "methods.md").read_text(), "run `make docs`"
    settings = page.partition("## Settings")[2]
    rows = [line.strip("| ").split(" | ") for line in settings.splitlines() if line.startswith("| `")]
    temperature = ["`temperature`", "`0.05`", "a number, above 0", "code", "of the similarities in the loss"]
    assert temperature in rows
    assert [row for row in rows if len(row) != 5 or not all(row)] == []


def test_the_page_of_re_rankers_is_current():
    page = GENERATE["reranking_page"]()
    assert page == (ROOT / "docs" / "reranking.md").read_text(), "run `make docs`"
    assert (
        "| `k2` | `6` | a whole number, at least 1 | paper | nearest crops over which the weights are averaged |"
        in page
    )
