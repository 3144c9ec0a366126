"""Differences of two methods on the same queries, by hand."""

import numpy as np
import pandas as pd
import pytest

from pugmark.metrics import paired


def asked(ap, crops=None, individuals="aabbccddee"):
    crops = crops or [f"c{at}" for at in range(len(ap))]
    return pd.DataFrame({"crop_id": crops, "individual": list(individuals)[: len(ap)], "ap": ap})


def test_the_mean_over_common_queries():
    one, other = asked([0.5, 0.9, 0.4, np.nan]), asked([0.2, 0.3, 0.8], ["c0", "c2", "c9"])
    found = paired.difference(one, other)
    assert (found.value, found.queries) == (pytest.approx((0.3 + 0.1) / 2), 2), "c0 and c2"
    assert np.isnan(found.low) and not found.certain, "two individuals: no interval"


def test_seeds_are_averaged_query_by_query():
    seeds = pd.concat([asked([0.2, 0.4]), asked([0.6, np.nan])])
    assert paired.difference(seeds, asked([0.1, 0.1])).value == pytest.approx((0.3 + 0.3) / 2)


def test_hard_animals_are_hard_for_both():
    random = np.random.default_rng(0)
    hard = np.repeat(random.random(5), 2)
    other = 0.8 * hard
    found = paired.difference(asked(other + 0.05 + 0.02 * random.random(10)), asked(other))
    assert 0.04 < found.low < found.value < found.high < 0.08 and found.certain
    back = paired.difference(asked(other), asked(other + 0.05 + 0.02 * random.random(10)))
    assert back.high < 0 and back.certain
    assert not paired.difference(asked(random.random(10)), asked(random.random(10))).certain


def test_no_common_query():
    assert paired.difference(asked([0.1]), asked([0.2], ["other"])) is None
    assert paired.difference(asked([np.nan]), asked([np.nan])) is None
