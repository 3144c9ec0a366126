"""Distance and time as evidence: by hand, on drawn animals with a home, and never from an animal's own pairs."""

import json

import numpy as np
import pandas as pd
import pytest

from pugmark import tables
from pugmark.identity import priors
from pugmark.stages import match

PLACES = pd.DataFrame({"station": ["s0", "s1", "s2", "s3"], "x": [0.0, 900.0, 4000.0, 90000.0], "y": 0.0})


def survey(animals=24, visits=6, named=1.0, seed=0):
    """(pairs, rows as of known.crops): each animal stays near its station, and scores tell little."""
    random = np.random.default_rng(seed)
    rows = []
    for visit in range(visits):
        for animal in range(animals):
            place = animal % 4 if random.random() < 0.9 else random.integers(4)
            day = pd.Timestamp("2024-05-01") + pd.Timedelta(days=20 * visit + int(random.integers(5)))
            name = f"n{animal:02}" if animal < named * animals else None
            rows.append({"station": f"s{place}", "timestamp": day, "individual": name, "animal": animal})
    rows = pd.DataFrame(rows)
    rows["encounter"] = [f"e{at:03}" for at in range(len(rows))]
    rows = rows.assign(sequence=rows["encounter"], flank=None, batch="b")
    pairs = []
    for at in range(animals, len(rows)):
        own = np.flatnonzero(rows["animal"][:at] == rows["animal"][at])
        others = np.unique(np.r_[own, random.integers(0, at, 12)])
        same = rows["animal"][others].to_numpy() == rows["animal"][at]
        scores = np.clip(0.5 + 0.1 * same + 0.1 * random.standard_normal(len(others)), 0, 1)
        order = np.argsort(-scores)
        for rank, one in enumerate(order, 1):
            pair = {"encounter": f"e{at:03}", "candidate": f"e{others[one]:03}", "score": scores[one], "rank": rank}
            pairs.append(pair | {"same": same[one]})
    pairs = pd.DataFrame(pairs).astype({"rank": np.int32, "score": np.float32})
    return pairs, rows


def first_right(pairs):
    """The share of encounters whose best candidate is the animal."""
    return pairs["same"][pairs["rank"] == 1].mean()


def test_where_animals_stay_the_place_helps_and_the_factors_say_so():
    pairs, rows = survey()
    found, factors = priors.weighed(pairs, rows, PLACES)
    assert first_right(found) > first_right(pairs) + 0.1
    assert factors["same station"] > 5 * factors["over 20 km"] and len(factors) == 12
    assert found["score"].between(0, 1).all() and sorted(found.columns) == sorted(pairs.columns)
    ranked = found.groupby("encounter", sort=False)
    assert (ranked["rank"].agg(list) == ranked.size().map(lambda number: list(range(1, number + 1)))).all()
    assert all(part.is_monotonic_decreasing for _, part in ranked["score"])


def test_a_new_score_is_a_probability():
    found, _ = priors.weighed(*survey(animals=48), PLACES)
    sure = found["score"] > 0.5
    assert found["same"][sure].mean() == pytest.approx(found["score"][sure].mean(), abs=0.06)


def test_without_places_and_times_the_order_of_the_scores_stays():
    pairs, rows = survey()
    rows = rows.assign(station=None, timestamp=pd.NaT)
    found, factors = priors.weighed(pairs, rows, PLACES[:0])
    assert found["candidate"].tolist() == pairs["candidate"].tolist() and factors["same station"] == 1


def test_too_few_names_change_nothing():
    pairs, rows = survey(named=0.1)
    found, factors = priors.weighed(pairs, rows, PLACES)
    assert found is pairs and factors == {}


def test_no_animal_weighs_itself():
    pairs, rows = survey()
    half = {name for at, name in enumerate(sorted(rows["individual"].unique())) if at % 2 == 0}
    mixed = rows.assign(individual=rows["individual"].where(~rows["individual"].isin(half)))
    moved = rows["individual"][rows["individual"].isin(half)].sample(frac=1, random_state=0)
    mixed.loc[mixed["individual"].isna(), "individual"] = moved.to_numpy()
    before, after = (priors.weighed(pairs, each, PLACES)[0] for each in (rows, mixed))
    own = rows["encounter"][rows["individual"].isin(half)]
    pick = lambda table: table[table["encounter"].isin(own)].set_index(["encounter", "candidate"])["score"].sort_index()  # noqa: E731
    assert np.allclose(pick(before), pick(after)) and not np.allclose(
        before.set_index(["encounter", "candidate"])["score"].sort_index(),
        after.set_index(["encounter", "candidate"])["score"].sort_index(),
    )


def test_classes_by_hand():
    rows = pd.DataFrame(
        {
            "station": ["s0", "s0", "s1", "s2", "s3", None, "lost", "lost"],
            "timestamp": pd.to_datetime(
                ["2024-05-01"] * 2 + ["2024-05-03", "2024-05-31", "2025-06-01", None] + ["2024-05-01"] * 2
            ),
        }
    )
    first = np.zeros(7, int)
    far, long = priors._classes(rows, first, np.arange(1, 8), PLACES)
    assert far.tolist() == [0, 1, 2, 4, 5, 5, 5] and long.tolist() == [0, 1, 2, 4, 5, 0, 0]
    assert priors._classes(rows, np.array([6]), np.array([7]), PLACES)[0].tolist() == [0]  # one station, wherever it is


def test_the_stage_reads_the_places_and_tells_the_factors(tmp_path, capsys):
    rows = survey()[1]
    facts = {name: rows["encounter"] for name in ("crop_id", "track", "followed", "media_id")}
    rows = rows.assign(**facts, timestamp=rows["timestamp"].astype("M8[us]"), viewpoint=None, split="test")
    rows = rows.assign(frame_number=None, infrared=False)
    random = np.random.default_rng(0)
    centres = random.standard_normal((24, 8))
    vectors = centres[rows["animal"]] + 2 * random.standard_normal((len(rows), 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    (tmp_path / "b/features").mkdir(parents=True)
    for name, where in (("encounters", "b/encounters"), ("split", "split")):
        tables.write(tmp_path / f"{where}.parquet", name, rows[list(tables.definitions()[name]["columns"])], name)
    made = {"crop_id": rows["crop_id"], "feature": list(vectors)}
    tables.write(tmp_path / "b/features/run.parquet", "features", made, "embed")
    PLACES.to_csv(tmp_path / "stations.csv", index=False)
    options = [f"--split={tmp_path}/split.parquet", f"--folder={tmp_path}", "--run=run", f"--kept={tmp_path}/kept"]
    scores = {}
    for weighed in (False, True):
        settings = {"priors": weighed, "stations": f"{tmp_path}/stations.csv"}
        match.main([*options, f"--out={tmp_path}/pairs.parquet", "--settings", json.dumps(settings)])
        scores[weighed] = tables.read(tmp_path / "pairs.parquet", "pairs")["score"].to_numpy()
    assert not np.allclose(scores[False], scores[True])
    told = tables.provenance(tmp_path / "pairs.parquet")["counts"]["priors"]
    assert told["same station"] > told["over 20 km"] and "same station" in capsys.readouterr().err


def test_pairs_of_one_event_teach_nothing():
    pairs, rows = survey()
    again = rows[rows.index >= 120].assign(encounter=lambda part: "x" + part["encounter"])  # the same events once more
    beside = {"encounter": again["encounter"], "candidate": again["encounter"].str[1:], "score": 0.99, "same": True}
    beside = pd.DataFrame(beside).assign(rank=np.int32(1))
    factors = priors.weighed(pairs, rows, PLACES)[1]
    assert priors.weighed(pd.concat([pairs, beside]), pd.concat([rows, again]), PLACES)[1] == pytest.approx(factors)
