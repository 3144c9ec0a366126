"""Shards of a large batch: every row once, sequences whole, as even as they allow."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pugmark.stages.shard import shard


def media(sizes):
    """A media table of sequences of these sizes, of the columns that matter here."""
    sequence = [f"s{i}" for i, size in enumerate(sizes) for _ in range(size)]
    return pd.DataFrame({"sequence": sequence, "path": range(len(sequence))})


def test_even_sequences_make_even_shards():
    assert [len(shard(media([5] * 12), number, 4)) for number in (1, 2, 3, 4)] == [15, 15, 15, 15]


def test_a_long_video_stays_in_one_shard():
    parts = [shard(media([2, 100, 2]), number, 3) for number in (1, 2, 3)]
    assert [sorted(set(part["sequence"])) for part in parts] == [["s0"], ["s1"], ["s2"]]


@pytest.mark.parametrize("sizes", [[], [3]])
def test_shards_may_be_empty(sizes):
    assert sum(len(shard(media(sizes), number, 4)) for number in (1, 2, 3, 4)) == sum(sizes)


@given(st.lists(st.integers(1, 20), max_size=30), st.integers(2, 9))
def test_every_row_is_in_one_shard_and_no_sequence_in_two(sizes, shards):
    table = media(sizes)
    parts = [shard(table, number, shards) for number in range(1, shards + 1)]
    assert pd.concat(parts)["path"].tolist() == table["path"].tolist()
    seen = [sequence for part in parts for sequence in set(part["sequence"])]
    assert len(seen) == len(set(seen))
