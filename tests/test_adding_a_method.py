"""The page on adding a method: its example keeps the contract and reaches the leaderboard of a real run."""

import re
import shutil
import subprocess

import pandas as pd
import pytest
import yaml
from places import ROOT
from project import SMALL, Project, checkout

from pugmark import tables

PAGE = (ROOT / "docs" / "adding_a_method.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A checkout to which the page's example was added."""
    folder = checkout(tmp_path_factory.mktemp("checkout"))
    for name in ("tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    (example,) = blocks("python")
    (folder / "workflow/pugmark/methods/cosine.py").write_text(example)
    return folder


def verdict(checkout, chosen):
    """The contract's tests in a checkout whose names hold the `chosen` words, as a finished process."""
    files = ["tests/methods/test_contract.py", "tests/methods/test_every_setting.py"]
    command = [ROOT / ".venv/bin/python", "-m", "pytest", *files, "-k", chosen]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True)


def test_the_example_keeps_the_contract(copied):
    done = verdict(copied, "cosine")
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 20


def test_the_example_is_formatted_as_the_project_is(copied):
    for action in (["check"], ["format", "--check"]):
        command = [ROOT / ".venv/bin/ruff", *action, copied / "workflow/pugmark/methods/cosine.py"]
        done = subprocess.run(command, cwd=copied, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_broken_promise_says_in_a_sentence_what_to_change(copied):
    (example,) = blocks("python")
    careless = re.sub(r"^.*requires_grad_\(False\).*\n", "", example, flags=re.M)
    careless = careless.replace("[ours: the paper draws crops at random] ", "")
    file = copied / "workflow/pugmark/methods/careless.py"
    file.write_text(careless)
    said = verdict(copied, "careless and (training_changes or whose)").stdout
    file.unlink()
    assert "careless: the training left 1.bias as it was, although it requires a gradient: use it in the loss" in said
    assert 'methods/careless.py: begin the comment behind "images" with [paper], [code] or [ours: WHY]' in said


@pytest.fixture(scope="module")
def ran(copied, tmp_path_factory):
    """A run of the page's configuration, made smaller."""
    made = Project(tmp_path_factory.mktemp("run"), copied)
    (given,) = map(yaml.safe_load, blocks("yaml"))
    del made.config["collections"]["folder"]
    made.config["collections"]["drawn"]["synthetic"] |= {"batches": 1, "individuals": 3, "sequences": 4}
    made.config["collections"]["drawn"]["individuals"] = 3
    made.config["seeds"], made.config["methods"] = [1], given["methods"]
    made.config["methods"]["imagenet"] = {key: SMALL[key] for key in ("backbone", "weights", "height", "width")}
    made.config["methods"]["cosine"] |= SMALL
    made.run()
    return made


def test_the_example_reaches_the_leaderboard(ran):
    assert 0 < ran.metric("drawn", "cosine-s1", "mAP") <= 1
    page = (ran.folder / "results/report/index.html").read_text()
    assert "Cosine classifier" in page and "frozen network, imagenet" in page


def test_vectors_from_a_file_are_embedded_again_when_the_file_changes_and_by_no_touch(ran):
    batches = sorted((ran.folder / "results/drawn/batches").iterdir())
    ids = pd.concat([tables.read(batch / "crops.parquet", "crops")["crop_id"] for batch in batches])
    own = ran.folder / "own.csv"
    ids.to_frame().assign(a=range(1, 1 + len(ids)), b=1).to_csv(own, index=False)
    ran.config["methods"]["own"] = {"method": "file", "file": "own.csv"}
    # Of the one run, and what gathers the runs.
    expected = {"train": 1, "embed": len(batches), "cluster": 1, "evaluate": 1, "report": 1}
    assert ran.planned() == expected
    ran.run()
    assert 0 < ran.metric("drawn", "own-s1", "mAP") <= 1
    own.touch()
    assert ran.planned() == {}
    own.write_text(own.read_text().replace(",1\n", ",2\n"))
    assert ran.planned() == expected
