"""The encounters of a collection, in the order of the catalogue."""

import pandas as pd

from pugmark.identity import known


def test_encounters_stand_by_batch_and_start_and_their_crops_by_time():
    """z is the earliest crop of its encounter, so the encounter's place and day are those of z, not of a."""
    times = {"a": 5, "z": 1, "m": 3, "n": None, "b": 0}
    rows = pd.DataFrame({"crop_id": list(times), "encounter": ["e", "e", "f", "g", "h"], "batch": [*"1111", "2"]})
    rows["timestamp"] = [pd.NaT if at is None else pd.Timestamp(f"2024-05-0{at + 1}") for at in times.values()]
    assert known.in_order(rows)["crop_id"].tolist() == ["z", "a", "m", "n", "b"]
