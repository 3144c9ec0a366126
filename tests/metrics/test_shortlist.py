"""Re-ranking of a shortlist: which items are scored anew, and what happens to the rest."""

import numpy as np
import pytest

from pugmark.metrics import ranking, shortlist

IDS = np.array(["a", "b", "c", "d", "e"], object)
SIMILARITIES = np.array([0.1, 0.9, 0.5, 0.7, 0.3], np.float32)


def reordered(size, out=(), rescore=lambda query, places, similarities: -similarities):
    found = SIMILARITIES.copy()
    shortlist.reorder(IDS, size, rescore)(0, found, np.array(out, int))
    return found


def order(found):
    return "".join(IDS[np.argsort(-found)])


def test_the_shortlist_gets_new_scores_and_the_rest_follows_in_its_old_order():
    assert order(reordered(3)) == "cdb" + "ea"
    assert order(reordered(9)) == "aecdb"


def test_junk_takes_no_place_in_the_shortlist():
    found = reordered(2, out=[1])
    assert found[[2, 3]] == pytest.approx([-0.5, -0.7]) and (np.delete(found, [2, 3]) < -1).all()


def test_ties_at_the_border_are_broken_by_the_id_wherever_the_item_stands():
    tied = np.array([0.5, 0.5, 0.5, 0.9], np.float32)
    for ids, expected in ((["c", "a", "b", "z"], [3, 1]), (["a", "c", "b", "z"], [3, 0])):
        assert shortlist.shortlist(tied, np.array(ids, object), 2).tolist() == expected


@pytest.mark.parametrize("wrong", [np.nan, 1.5, -2])
def test_a_score_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="beyond -1 to 1"):
        reordered(2, rescore=lambda query, places, similarities: np.full(len(places), wrong))


def test_ranks_follow_the_new_scores_and_junk_stays_out():
    vectors = np.eye(4, dtype=np.float32)[[0, 0, 1, 2]]
    vectors[1:] += 0.1 * vectors[0]
    items = ranking.Items(vectors, np.array(list("abcd"), object), np.array(["x", "x", "y", "x"], object))
    told = []

    def rescore(query, places, similarities):
        told.append((query, sorted(places.tolist())))
        return np.where(places == 3, 1, 0).astype(np.float32)

    def junk(query, members):
        return members == 1

    found = ranking.rank(items, items, junk, reorder=shortlist.reorder(items.ids, 2, rescore))
    # Of the first: itself and the junk are out, so c and d are asked for, and d is now before c.
    assert told[0] == (0, [2, 3])
    assert (found["first_rank"][0], found["neighbours"][0, 0], found["similarity"][0]) == (
        1,
        3,
        pytest.approx(1, abs=1e-5),
    )
    plain = ranking.rank(items, items, junk)
    assert plain["first_rank"][0] == 2
