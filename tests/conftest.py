"""Fixtures that several test modules use."""

import shutil

import pytest
from places import SHARED


@pytest.fixture
def shared():
    """The folder of real data and weights beside the project; skips where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"real data absent: {SHARED}/data (set PUGMARK_SHARED)")
    return SHARED


@pytest.fixture
def one_thread(monkeypatch):
    """Compute with one thread and without worker processes, so that equal inputs give equal bits."""
    import torch

    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def chromium():
    """The path of a Chromium on this machine; skips where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on this machine: install Debian's packages chromium and chromium-driver")
    return found


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A finished run over a drawn survey and over a folder of photographs with labels.csv, from a copy of the checkout.

    Tests that change it put it back.
    """
    from project import Project, checkout

    made = Project(tmp_path_factory.mktemp("project"), checkout(tmp_path_factory.mktemp("checkout")))
    made.config["collections"]["folder"]["identify"] = {"run": ["supervised-s1"]}
    made.photographs("day 1")
    made.run()
    return made


@pytest.fixture
def gpu():
    """Skips where torch finds no CUDA device."""
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
