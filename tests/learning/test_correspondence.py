"""Places that look alike, on maps whose match is known."""

import torch

from pugmark.learning import correspondence

MAPS = torch.randn(8, 5, 6, generator=torch.Generator().manual_seed(0))


def test_a_picture_matches_itself_at_the_very_place():
    place, cosines = correspondence.match(MAPS, MAPS, (3, 4))
    assert place == (3, 4) and cosines.shape == (5, 6)
    torch.testing.assert_close(cosines[3, 4], torch.tensor(1.0))


def test_a_shift_moves_the_match_along():
    shifted = 3 * MAPS.roll((1, -2), (1, 2))  # longer vectors, the same directions
    assert correspondence.match(MAPS, shifted, (2, 3))[0] == (3, 1)


def test_only_the_animal_is_searched():
    inside = torch.ones(5, 6, dtype=torch.bool)
    inside[3, 4] = False
    place, cosines = correspondence.match(MAPS, MAPS, (3, 4), inside)
    assert place != (3, 4) and cosines[place] == cosines[inside].max()
    assert correspondence.match(MAPS, MAPS, (3, 4), torch.zeros_like(inside))[0] == (3, 4)


def test_the_hottest_place_lies_on_the_animal():
    heat = torch.tensor([[0.9, 0.2], [0.0, 0.5]])
    inside = torch.tensor([[False, True], [True, True]])
    assert correspondence.hottest(heat, inside) == (1, 1)
    assert correspondence.hottest(heat, torch.zeros(2, 2, dtype=torch.bool)) == (0, 0)
