"""Fixtures of the methods' tests."""

import pytest
import torch
from learning import crop_tables

from pugmark.learning import crops


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Compute with one thread and without worker processes, so that equal inputs give equal bits."""
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def seen(tmp_path):
    """Twelve named crops of three individuals."""
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    crop_tables.write(tmp_path, table, labels, split)
    return crops.read_split(tmp_path / "batches", split, 255)
