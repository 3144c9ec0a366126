"""Local key points as a re-ranker: what counts as evidence, and what it adds."""

import numpy as np
import pytest
from rerankers import known

from pugmark import rerankers
from pugmark.rerankers import local

PARAMS = rerankers.resolve("local", {"most": known.SLOTS})


def test_the_blend_by_hand():
    found = local.blended(np.array([0, 7, 8, 24]), np.array([0.2, 0.2, 0.2, -0.5]), PARAMS)
    # l = n / (n + 8): 1/2 for 8 and 3/4 for 24; s = g + l (1 - g).
    assert found == pytest.approx([0.2, 0.2, 0.6, 0.625])
    assert local.blended(np.array([8]), np.array([0.2]), PARAMS | {"weight": 0.5}) == pytest.approx([0.4])


def test_pictures_of_one_animal_agree_and_others_keep_their_cosine():
    names = np.array(["a", "a", "b"], object)
    seen = known.crops(names, known.unit(np.ones((3, 2))))
    scored = local.prepare(seen, PARAMS)(0, np.array([1, 2]), np.array([0.5, 0.7], np.float32))
    assert scored[0] == pytest.approx(0.5 + 0.5 * known.MOST / (known.MOST + 8)) and scored[1] == np.float32(0.7)


def test_each_pair_is_matched_once(monkeypatch):
    names = np.array(["a", "a", "b"], object)
    seen, asked = known.crops(names, known.unit(np.ones((3, 2)))), []
    work = local.match.agreeing
    monkeypatch.setattr(
        local.match, "agreeing", lambda p, q, others, *more: asked.append(len(others)) or work(p, q, others, *more)
    )
    rescore, cosines = local.prepare(seen, PARAMS), np.zeros(2, np.float32)
    first = rescore(0, np.array([1, 2]), cosines)
    assert rescore(1, np.array([2, 0]), cosines)[1] == first[0] and asked == [2, 1]
