"""Fixtures of the methods' tests."""

import pytest
from learning import crop_tables

from pugmark.learning import crops


@pytest.fixture(autouse=True)
def exact(one_thread):
    """Equal inputs give equal bits in all of these tests."""


@pytest.fixture
def seen(tmp_path):
    """Twelve named crops of three individuals."""
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    crop_tables.write(tmp_path, table, labels, split)
    return crops.read_split(tmp_path / "batches", split, 255)
