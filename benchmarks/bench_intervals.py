"""How often a 95 % interval over individuals holds the truth: ours beside the percentile bootstrap.

    PYTHONPATH=workflow python benchmarks/bench_intervals.py [--trials 1000]

Each trial draws individuals with a mean average precision of their own (beta distributed), each with 2 or more queries
(geometric, 11 on average) around it. The truth is the mean of the distribution. A row prints as soon as it is measured.
"""

import argparse

import numpy as np

from pugmark.metrics import intervals

LEVELS = {"half right": (0.5, 4), "mostly wrong": (0.2, 8), "mostly right": (0.85, 3), "nearly perfect": (0.95, 3)}
INDIVIDUALS = (3, 4, 6, 9, 20, 50)


def survey(random, number, mean, concentration):
    """Values and the individual of each."""
    means = random.beta(mean * concentration, (1 - mean) * concentration, number).clip(1e-6, 1 - 1e-6)
    individuals = np.repeat(np.arange(number), 1 + random.geometric(0.1, number))
    return random.beta(3 * means[individuals], 3 * (1 - means[individuals])), individuals


def percentiles(values, individuals, resamples, seed):
    """Percentile bootstrap interval of the mean."""
    above, below = np.bincount(individuals, values), np.bincount(individuals)
    number = len(below)
    drawn = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), resamples)
    return np.percentile((drawn @ above) / (drawn @ below), [2.5, 97.5])


def coverage(interval, trials, number, mean, concentration):
    """(share of trials whose interval holds `mean`, mean width), or None where the method gives no interval."""
    random, ends = np.random.default_rng(number), []
    for seed in range(trials):
        ends.append(interval(*survey(random, number, mean, concentration), 1000, seed))
    found = np.array([pair for pair in ends if pair[0] is not None])
    return (
        (np.mean((found[:, 0] <= mean) & (mean <= found[:, 1])), np.ptp(found, axis=1).mean()) if len(found) else None
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    trials = parser.parse_args().trials
    print(f"{'mAP':<16}{'individuals':>12}{'studentised':>22}{'percentile':>22}   (coverage, mean width)")
    for name, level in LEVELS.items():
        for number in INDIVIDUALS:
            both = [coverage(interval, trials, number, *level) for interval in (intervals.of_means, percentiles)]
            told = [f"{100 * one[0]:.0f} %, {one[1]:.2f}" if one else "none" for one in both]
            print(f"{name:<16}{number:>12}{told[0]:>22}{told[1]:>22}", flush=True)


if __name__ == "__main__":
    main()
