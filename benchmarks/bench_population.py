"""How near nested importance sampling (metrics.population) comes to the number of animals, and how often its interval
holds it.

    PYTHONPATH=workflow python benchmarks/bench_population.py [--trials 300]

Each trial draws animals with 1 or more encounters (geometric, 3.3 on average). Scores of one animal lie `clear` sd
above those of two. Probabilities are right, and the 20 best earlier candidates of each encounter have one.
"""

import argparse

import numpy as np
from scipy.sparse import csr_array

from pugmark.metrics import population

MOST = 20


def survey(random, number, clear):
    """The animal of each encounter (int, N), and the similarity that is known (N x N)."""
    animals = np.repeat(np.arange(number), random.geometric(0.3, number))
    same = animals[:, None] == animals
    scores = np.tril(clear * same + random.standard_normal(same.shape), -1)
    odds = np.exp(clear * scores - clear**2 / 2) * (same.mean() / (1 - same.mean()))
    found = np.tril(odds / (1 + odds), -1)
    least = np.sort(found, 1)[:, -min(MOST, len(found))]
    found[found < least[:, None]] = 0
    return animals, csr_array(found + found.T + np.eye(len(animals)))


def trial(seed, number, clear, neighbours):
    """(K_hat / K, width of the interval / K, whether it holds K, pairs vetted, pairs)."""
    animals, similarity = survey(np.random.default_rng(seed), number, clear)
    drawn = population.drawn(similarity, 1 / len(animals), seed, neighbours=neighbours)
    encounters, others, *chances = drawn
    value, low, high = population.estimated(animals[encounters][:, None] == animals[others], *chances)
    pairs = len(animals) * (len(animals) - 1) / 2
    return value / number, (high - low) / number, low <= number <= high, population.vetted(encounters, others), pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=300)
    trials = parser.parse_args().trials
    print("| animals | clear | neighbours | K_hat / K | width / K | held, % | vetted | of pairs |")
    for number in (15, 60, 150):
        for clear in (1, 2, 3, 4):
            for neighbours in (population.NEIGHBOURS, 4 * population.NEIGHBOURS):
                found = np.mean([trial(seed, number, clear, neighbours) for seed in range(trials)], 0)
                value, width, held, *pairs = found
                told = [f"{value:.2f}", f"{width:.2f}", f"{100 * held:.0f}", *(f"{one:.0f}" for one in pairs)]
                print("|", " | ".join(map(str, [number, clear, neighbours, *told])), "|", flush=True)


if __name__ == "__main__":
    main()
