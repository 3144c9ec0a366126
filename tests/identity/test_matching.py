"""The best candidates of each encounter, against a plain double loop, and what is never compared."""

import numpy as np
import pandas as pd
import pytest

from pugmark.identity import matching


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def side(encounters, seed=0, flanks=None, media=None, tracks=None, vectors=None):
    """A Side of crops with random vectors. encounters: the encounter of each crop."""
    rows = pd.DataFrame({"encounter": encounters}, dtype=object)
    rows["crop_id"], rows["timestamp"] = [f"{at:03}" for at in range(len(rows))], pd.Timestamp("2024-05-01")
    rows["track"] = tracks or encounters
    rows["flank"] = [(flanks or {}).get(name) for name in encounters]
    rows["media_id"] = media or [f"{seed}-{at}" for at in range(len(encounters))]
    found = np.random.default_rng(seed).standard_normal((len(rows), 8)) if vectors is None else np.asarray(vectors)
    made = matching.Side(rows, unit(found))
    made.plain = rows.assign(vector=list(unit(found)))
    return made


def brute(query, gallery, most):
    """{encounter: [(candidate, score)]} by a loop over all crops."""
    found = {}
    for name, mine in query.plain.groupby("encounter"):
        scored = {}
        for other in gallery:
            for candidate, theirs in other.plain.groupby("encounter"):
                before = other is not query or candidate < name
                if before and not apart(mine, theirs):
                    products = np.stack(mine["vector"].to_list()) @ np.stack(theirs["vector"].to_list()).T
                    scored[candidate] = max(scored.get(candidate, -2), products.max())
        found[name] = sorted(scored.items(), key=lambda item: (-item[1], item[0]))[:most]
    return found


def apart(mine, theirs):
    sides = {mine["flank"].iloc[0], theirs["flank"].iloc[0]}
    same = mine["track"].iloc[0] == theirs["track"].iloc[0]
    return sides == {"left", "right"} or same or bool(set(mine["media_id"]) & set(theirs["media_id"]))


def found(query, gallery, most):
    rows = matching.nearest(query, iter(gallery), most)
    assert rows["score"].dtype == np.float32 and rows["rank"].dtype == np.int32
    return {name: list(zip(part["candidate"], part["score"], strict=True)) for name, part in rows.groupby("encounter")}


NAMES = [f"{letter}{at}" for letter in "abcdef" for at in (0, 0, 1)]


@pytest.mark.parametrize("tile", [4096, 4, 1])
@pytest.mark.parametrize("most", [1, 3, 50])
def test_the_best_candidates_are_those_of_a_double_loop_whatever_the_tiles(monkeypatch, tile, most):
    monkeypatch.setattr(matching, "TILE", tile)
    flanks = {name: (None, "left", "right")[at % 3] for at, name in enumerate(sorted(set(NAMES)))}
    media = [f"m{at // 4}" for at in range(len(NAMES))]
    query = side(NAMES, 1, flanks, media)
    gallery = [side([f"o{name}" for name in NAMES], 2, {f"o{k}": v for k, v in flanks.items()}), query]
    ours, plain = found(query, gallery, most), brute(query, gallery, most)
    assert ours.keys() == plain.keys()
    for name in plain:
        assert [candidate for candidate, _ in ours[name]] == [candidate for candidate, _ in plain[name]]
        assert np.allclose([score for _, score in ours[name]], [score for _, score in plain[name]], atol=1e-6)


def test_one_good_picture_decides():
    query = side(["a"], vectors=[[1, 0, 0]])
    other = side(["b", "b", "c"], 1, vectors=[[0, 1, 0], [1, 0, 0], [1, 1, 0]])
    assert found(query, [other], 9)["a"] == [("b", pytest.approx(1)), ("c", pytest.approx(0.5**0.5))]


def test_flanks_are_not_compared_and_an_unknown_one_is_with_both():
    query = side(["a", "b"], flanks={"a": "left"}, vectors=[[1, 0], [1, 0]])
    other = side(["c", "d", "e"], 1, {"c": "left", "d": "right"}, vectors=[[1, 0]] * 3)
    ours = found(query, [other], 9)
    assert [name for name, _ in ours["a"]] == ["c", "e"] and [name for name, _ in ours["b"]] == ["c", "d", "e"]


def test_animals_of_one_picture_and_the_flanks_of_one_track_are_no_candidates():
    tracks = ["t", "t", "c", "d"]
    query = side(["a", "b", "c", "d"], media=["1", "2", "1", "3"], tracks=tracks, vectors=[[1, 0]] * 4)
    ours = {name: [other for other, _ in pairs] for name, pairs in found(query, [query], 9).items()}
    assert ours == {"c": ["b"], "d": ["a", "b", "c"]}


def test_an_event_that_lies_in_two_batches_is_one_candidate_and_none_of_itself():
    first, second = side(["a", "b"], vectors=[[1, 0], [0, 1]]), side(["a", "c"], 1, vectors=[[0.6, 0.8], [1, 0]])
    ours = found(second, [first, second], 9)
    assert [name for name, _ in ours["a"]] == ["b"] and [name for name, _ in ours["c"]] == ["a", "b"]
    assert ours["c"][0][1] == pytest.approx(1)


def test_nothing_to_compare_gives_no_rows():
    empty, one = side([]), side(["a"])
    for query, gallery in ((empty, [one, empty]), (one, [one]), (one, [])):
        assert not len(matching.nearest(query, gallery, 5))


def test_equal_scores_go_by_name_and_the_rank_counts_from_one():
    query, other = side(["q"], vectors=[[1, 0]]), side(["z", "y", "x"], 1, vectors=[[1, 0]] * 3)
    rows = matching.nearest(query, [other], 9)
    assert rows["candidate"].tolist() == ["x", "y", "z"] and rows["rank"].tolist() == [1, 2, 3]
