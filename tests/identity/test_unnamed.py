"""What can be said without names: a fit of two kinds of scores, and what is certain."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from pugmark import tables
from pugmark.identity import unnamed

NEW, SEEN = (0.2, 0.04), (0.8, 0.08)
FIT = unnamed.Fit(NEW, SEEN, 0.6)
NONE = np.zeros(0)


def scores(share=0.6, number=2000, new=NEW, seen=SEEN):
    random = np.random.default_rng(0)
    return np.where(random.random(number) < share, random.normal(*seen, number), random.normal(*new, number))


def test_two_kinds_are_found_again():
    fit = unnamed.fitted(scores())
    assert fit.new == pytest.approx(NEW, abs=0.01) and fit.seen == pytest.approx(SEEN, abs=0.01)
    assert fit.share == pytest.approx(0.6, abs=0.03)
    assert FIT.apart == pytest.approx(2**0.5 * 0.6 / (0.04**2 + 0.08**2) ** 0.5)


@pytest.mark.parametrize(
    "found",
    [scores(number=49), scores(new=SEEN), scores(seen=(0.3, 0.08)), scores(share=0.01), np.full(90, 0.5)],
    ids=["few", "of one kind", "hardly apart", "one kind rare", "all alike"],
)
def test_what_is_not_clearly_of_two_kinds_is_refused(found):
    assert unnamed.fitted(found) is None


def test_thresholds_are_quantiles_of_the_two_kinds():
    rule, rates = unnamed.strategy(FIT, 0.05, NONE, NONE)
    assert rule.accept == pytest.approx(0.2 + 1.645 * 0.04, abs=1e-3)
    assert rule.new == pytest.approx(0.2 + 0.6745 * 0.04, abs=1e-3) and rule.inspect == 10
    assert rates["estimated FPR"] == pytest.approx(0.4 * 0.05)
    assert rates["estimated FNR"] == pytest.approx(norm.cdf(rule.new, *SEEN))
    close = unnamed.Fit(NEW, (0.4, 0.16), 0.6)  # the lowest of those seen before reach below the new ones
    rule, rates = unnamed.strategy(close, 0.05, NONE, NONE)
    assert rule.new == pytest.approx(0.4 - 1.645 * 0.16, abs=1e-3) and rates["estimated FNR"] == pytest.approx(0.05)


def test_nobody_is_new_whose_score_would_be_accepted():
    rule, _ = unnamed.strategy(FIT, 0.4, NONE, NONE)  # fewer than a quarter of the new ones would be asked about
    assert rule.new == rule.accept == pytest.approx(norm.isf(0.4, *NEW))


def test_what_is_certain_holds_the_thresholds_back():
    different, same = np.linspace(0, 0.99, 100), np.linspace(0.1, 0.595, 100)
    rule, _ = unnamed.strategy(FIT, 0.05, different, same)
    assert (different >= rule.accept).mean() <= 0.05 < (different >= rule.accept - 0.02).mean()
    assert rule.new == pytest.approx(0.12, abs=0.01) and (same < rule.new).mean() <= 0.05
    low = unnamed.strategy(FIT, 0.05, different / 10, same + 0.4)[0]
    assert low == unnamed.strategy(FIT, 0.05, NONE, NONE)[0]  # less than the fit says


def test_a_probability_never_falls_with_the_score():
    at = np.linspace(-0.2, 1.2, 200)
    found = unnamed.Fit((0.2, 0.2), (0.8, 0.08), 0.6).probability(at)  # the wide one would win again at the top
    assert (np.diff(found) >= 0).all() and found[0] < 0.01 and found[-1] > 0.99
    assert FIT.probability(np.array([0.8, 0.2])) == pytest.approx([1, 0], abs=1e-6)


def crops(*rows):
    found = pd.DataFrame(rows, columns=["crop_id", "encounter", "media_id", "flank"])
    return found.assign(batch="b", sequence=found["encounter"])


def test_animals_on_screen_together_and_halves_of_a_track_are_certain():
    rows = crops(
        ("1", "a", "m1", None), ("2", "a", "m2", None), ("3", "b", "m2", None), ("4", "b", "m3", None),
        ("5", "c", "m9", None), ("6", "d", "m3", "left"), ("7", "e", "m3", "right"),
    )  # fmt: skip
    angles = np.radians([0, 10, 90, 40, 200, 45, 300])
    different, same = unnamed.certain(rows, np.stack([np.cos(angles), np.sin(angles)], 1))
    # a and b meet in m2 (10 and 40 degrees are the closest), b with d and e in m3; d and e are of two flanks.
    assert different == pytest.approx(np.cos(np.radians([30, 5, 100])), abs=1e-6)
    assert same == pytest.approx(np.cos(np.radians([10, 50])))


def test_an_estimate_is_of_the_best_candidates_of_other_sequences():
    found = scores(number=400)
    pairs = pd.DataFrame({"encounter": [f"e{at}" for at in range(400)], "candidate": "first", "score": found})
    beside = pairs.assign(candidate="e0", score=0.99)
    rows = crops(("f", "first", "m", None), *((f"{at}", f"e{at}", f"m{at}", None) for at in range(400)))
    rows["sequence"] = rows["sequence"].where(rows["sequence"] == "first", "one")
    rule, rates, fit, used = unnamed.estimate(pd.concat([pairs, beside[1:]]), rows, 0.05, NONE, NONE)
    assert sorted(used) == sorted(found) and fit == unnamed.fitted(used)
    assert rates["asked"] == ((found >= rule.new) & (found < rule.accept)).sum() / 401


def test_what_is_certain_is_sought_in_every_batch(tmp_path):
    rows = crops(
        ("1", "a", "m1", None), ("2", "b", "m1", None), ("3", "c", "m3", None), ("4", "d", "m4", None),
        ("5", "d", "m5", None), ("6", "e", "m6", None),
    )  # fmt: skip
    rows["batch"] = ["b1"] * 2 + ["b2"] * 3 + ["b3"]
    angles = np.radians([0, 60, 5, 0, 30, 0])
    for batch, part in rows.groupby("batch"):
        vectors = np.stack([np.cos(angles), np.sin(angles)], 1)[part.index].astype(np.float32)
        (tmp_path / batch / "features").mkdir(parents=True)
        made = {"crop_id": part["crop_id"], "feature": list(vectors)}
        tables.write(tmp_path / batch / "features/run.parquet", "features", made, "embed")
    different, same = unnamed.all_certain(rows, tmp_path, "run")
    assert different == pytest.approx([0.5]) and same == pytest.approx([np.cos(np.radians(30))])
    assert [len(kind) for kind in unnamed.all_certain(rows[5:], tmp_path, "run")] == [0, 0]
