"""The contract that every re-ranker keeps; they are found by name. A broken promise says what to change."""

import numpy as np
import pytest
from rerankers import known

from pugmark import rerankers
from pugmark.metrics import ranking, shortlist

NAMES = np.repeat([f"i{at}" for at in range(8)], 5).astype(object)
CASES = [(name, {}) for name in rerankers.catalogue()]
CASES += [("local", {"model": "fundamental"})]
CASES += [("fusion", {"scorer": "mean", "calibration": "logistic"}), ("fusion", {"scorer": "logistic"})]
CASES += [("fusion", {"scorer": "boosting"})]
every_case = pytest.mark.parametrize(
    "case", CASES, ids=["-".join([name, *map(str, variant.values())]) for name, variant in CASES]
)


def params(case):
    """Small enough for 40 crops."""
    name, variant = case
    fits = {"most": known.SLOTS} if "most" in rerankers.catalogue()[name]["PARAMS"] else {}
    return rerankers.resolve(name, fits | variant)


def rescore(case, seen):
    module, facts = rerankers.load(case[0]), rerankers.catalogue()[case[0]]
    if facts["WEIGHTS"]:
        return module.prepare(seen, params(case), known.weights())
    if not facts["LEARNS"]:
        return module.prepare(seen, params(case))
    return module.prepare(seen, params(case), module.fit(known.teachers(), params(case))[0])


def scores(case, seen):
    """New scores of all pairs, N x N."""
    scored, everyone = rescore(case, seen), np.arange(len(seen.ids))
    return np.stack([scored(query, everyone, seen.vectors[query] @ seen.vectors.T) for query in everyone])


def ranked(case, seen, names, size=10):
    items = ranking.Items(seen.vectors, seen.ids, names)
    return ranking.rank(items, items, None, reorder=shortlist.reorder(seen.ids, size, rescore(case, seen)))


def crops(case, *args, **options):
    """Crops whose key points are such as the re-ranker reads."""
    made = known.crops(NAMES, *args, **options)
    return known.halved(made) if rerankers.catalogue()[case[0]]["POINTS"] == "lightglue" else made


@pytest.fixture
def seen(case):
    return crops(case, noise(5))


def noise(seed, size=16):
    return known.unit(np.random.default_rng(seed).standard_normal((len(NAMES), size)))


@every_case
def test_scores_are_finite_and_in_range_and_equal_twice(case, seen):
    found = scores(case, seen)
    assert found.dtype == np.float32 and np.isfinite(found).all() and (np.abs(found) <= 1 + 1e-5).all()
    assert np.array_equal(found, scores(case, seen))
    assert np.ptp(found) > 0


@every_case
def test_the_order_of_the_crops_changes_nothing(case, seen):
    order = np.random.default_rng(3).permutation(len(NAMES))
    found, moved = scores(case, seen), scores(case, known.taken(seen, order))
    assert np.allclose(found[np.ix_(order, order)], moved, atol=1e-5)
    one, other = ranked(case, seen, NAMES), ranked(case, known.taken(seen, order), NAMES[order])
    assert np.allclose(one["ap"][order], other["ap"], atol=1e-9)


@every_case
def test_the_order_in_which_pairs_are_asked_for_changes_nothing(case, seen):
    forward, backward = rescore(case, seen), rescore(case, seen)
    everyone = np.arange(len(NAMES))
    cosines = seen.vectors @ seen.vectors.T
    one = {query: forward(query, everyone, cosines[query]) for query in everyone}
    other = {query: backward(query, everyone[::-1], cosines[query, ::-1])[::-1] for query in everyone[::-1]}
    assert all(np.allclose(one[query], other[query], atol=1e-6) for query in everyone)


@every_case
def test_a_re_ranked_oracle_stays_perfect(case):
    vectors = np.eye(8, dtype=np.float32)[np.repeat(np.arange(8), 5)]
    for coats in (True, False):
        found = ranked(case, crops(case, vectors, coats=coats), NAMES)
        assert (found["ap"] == 1).all(), f"{case[0]} with coats={coats}"


@every_case
def test_random_stays_at_chance(case):
    aps, first = [], []
    for seed in range(8):
        found = ranked(case, crops(case, noise(seed), seed, coats=False), NAMES)
        aps.append(found["ap"].mean())
        first.append((found["first_rank"] == 1).mean())
    # 4 of 39 are right; the mean precision of a random order of 39 with 4 positives is .169.
    assert abs(np.mean(first) - 4 / 39) < 0.06 and abs(np.mean(aps) - 0.169) < 0.04


@pytest.mark.parametrize("case", [("local", {}), ("lightglue", {})], ids=["local", "lightglue"])
def test_scores_of_key_points_depend_on_the_pair_alone(case, seen):
    whole = scores(case, seen)
    part = np.array([0, 3, 17, 39])
    assert np.array_equal(whole[np.ix_(part, part)], scores(case, known.taken(seen, part)))
    assert np.allclose(whole, whole.T, atol=1e-6)
