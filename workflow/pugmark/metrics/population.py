"""How many animals there are, from vetted pairs alone: nested importance sampling, NIS (Perez et al., Human-in-the-loop
visual re-ID for population size estimation, ECCV 2024, arXiv 2312.05287).

An encounter u of an animal with n(u) encounters stands for 1 / n(u) of an animal, so there are

    K = sum over u of 1 / n(u)

animals. A similarity s(u, v) >= 0 guesses n_hat(u) = sum over v of s(u, v). V encounters are drawn, with chances Q(u)
proportional to 1 / n_hat(u), and M neighbours v of each, with chances q(v | u) = s(u, v) / n_hat(u). The first of them
is always u itself. Somebody vets the pairs: same(u, v) is 1 where both are one animal, else 0. Then

    n_bar(u) = mean over the neighbours of same(u, v) / q(v | u)
    K_hat    = mean over the encounters of 1 / (Q(u) n_bar(u)), and K_hat +- 1.96 sd / sqrt(V) is its 95 % interval.

A perfect similarity, 1 within animals and 0 between them, gives K without an error. A poor one gives too much: n_bar is
right on average, but 1 / n_bar is then too large, and the interval does not know. M mends it.
"""

import numpy as np

VERTICES, NEIGHBOURS = 50, 100
"""V and M, as in WildMe's implementation (WildMeOrg/lca)."""


def drawn(similarity, floor, seed, vertices=VERTICES, neighbours=NEIGHBOURS):
    """What to vet: encounters (int, V), their neighbours (int, V x M), Q (V) and q (V x M).

    similarity: scipy sparse array, N x N, with 1 on the diagonal. floor: is added to all entries, so that pairs that it
    does not list are drawn as well; 0 only where those are surely two animals.
    """
    random, number = np.random.default_rng(seed), similarity.shape[0]
    guessed = np.asarray(similarity.sum(1)).ravel() + number * floor
    chances = 1 / guessed / (1 / guessed).sum()
    encounters = random.choice(number, vertices, p=chances)
    near = (similarity[encounters].toarray() + floor) / guessed[encounters, None]
    others = [random.choice(number, neighbours - 1, p=each) for each in near]
    others = np.column_stack([encounters, np.reshape(others, (vertices, neighbours - 1))])
    return encounters, others, chances[encounters], np.take_along_axis(near, others, 1)


def estimated(same, encounter_chances, neighbour_chances):
    """(K_hat, low, high). same: bool, V x M, of the pairs that were drawn; with Q (V) and q (V x M)."""
    sizes = (same / neighbour_chances).mean(1)
    each = 1 / (encounter_chances * sizes)
    half = 1.96 * each.std(ddof=1) / np.sqrt(len(each))
    return each.mean(), each.mean() - half, each.mean() + half


def vetted(encounters, others):
    """How many different pairs were drawn; an encounter and itself are none."""
    pairs = np.sort(np.stack(np.broadcast_arrays(encounters[:, None], others), -1).reshape(-1, 2), 1)
    return len(np.unique(pairs[pairs[:, 0] < pairs[:, 1]], axis=0))
