"""Is the promised rate of error kept on animals that calibration never saw? Drawn surveys of which the truth is known.

    PYTHONPATH=workflow python benchmarks/bench_promise.py --seeds 20

Each survey has animals of two flanks that look unlike each other, four batches with new animals in each, and one or two
visits of an animal in a batch. A share of the animals is named. Printed, over the seeds: the mean rates of false
negatives and of false positives on the others, the encounters left to a person, the share of the names given by scores
that are wrong, how often the interval that calibration states holds the rate of false negatives, of that survey and of
all seeds in the mean, and how often the interval of the measured rate holds the stated one.
"""

import argparse
import sys

import numpy as np
import pandas as pd

from pugmark.identity import accuracy, known, matching, naming, strategy, unnamed
from pugmark.metrics import intervals
from pugmark.stages import calibrate

WIDTH, BATCHES, ERROR = 64, 4, 0.05
CASES = [(30, 0.9, 0.5), (60, 0.9, 0.5), (100, 0.9, 0.5), (300, 0.9, 0.5), (300, 0.9, 0.2), (300, 0.4, 0.5)]
CASES += [
    (100, 1.15, 0.5),
    (300, 1.15, 0.5),
    (100, 1.4, 0.5),
    (30, 0.9, 0),
    (100, 0.9, 0),
    (300, 0.9, 0),
    (300, 0.4, 0),
]
"""Animals, noise, share of them that is named; where none is, the rates are estimated."""


def survey(animals, noise, named, seed):
    """(crops as of known.crops, with all true names; features; the animals that are named)."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((animals, 2, WIDTH)).astype(np.float32)
    rows, found = [], []
    for at in range(BATCHES):
        for animal in range(animals * (at + 1) // BATCHES):
            for visit in range(random.integers(1, 3)):
                flank, name = int(random.integers(2)), f"b{at}/{animal:03}/{visit}"
                rows.append(
                    {"crop_id": name, "batch": f"b{at}", "individual": f"N{animal}", "flank": ("left", "right")[flank]}
                )
                found.append(centres[animal, flank] + noise * random.standard_normal(WIDTH))
    crops, features = pd.DataFrame(rows), np.array(found, np.float32)
    for column in ("encounter", "track", "media_id", "sequence"):
        crops[column] = crops["crop_id"]
    crops = crops.assign(station="s", timestamp=pd.Timestamp("2024-05-01"))
    told = {f"N{animal}" for animal in random.permutation(animals)[: int(named * animals)]}
    return crops, features / np.linalg.norm(features, axis=1, keepdims=True), told


def rates(animals, noise, named, seed):
    """({rate: measured on the unnamed}, the stated false negatives with their interval and that of the measured ones,
    whether a promise was made) of one survey.
    """
    crops, features, told = survey(animals, noise, named, seed)
    sides = [matching.Side(part, features[part.index]) for _, part in crops.groupby("batch")]
    pairs = pd.concat(
        [matching.nearest(side, [*sides[:at], side], 20) for at, side in enumerate(sides)], ignore_index=True
    )
    crops = known.in_order(crops)
    truth = known.named(crops)
    rows = crops.assign(individual=crops["individual"].where(crops["individual"].isin(told), None))
    stated = {"low": None, "value": None, "high": None}
    if told:
        seen_names = known.named(rows)
        table = pd.DataFrame(calibrate.calibrate(pairs, seen_names, len(seen_names) / len(truth), {"error": ERROR}))
        rule, probability = strategy.of_table(table)
        stated = table.drop_duplicates("quantity").set_index("quantity").loc["FNR", list(stated)].to_dict()
    elif found := unnamed.estimate(pairs, rows, ERROR, np.zeros(0), np.zeros(0)):
        rule, probability = found[0], found[2].probability
    else:
        rule, probability = strategy.Strategy(np.inf, -np.inf, strategy.UNKNOWN), lambda scores: scores
    identities, questions, _ = naming.decided(rows, pairs, rule, probability)
    every = identities.rename(columns={"individual": "name"}).set_index("encounter").join(truth["individual"])
    named_ = every["individual"].isin(told)
    judged, owners = every[~named_], accuracy.owners(every, every[named_])
    seen = pd.Series(strategy.seen(truth), truth.index)[judged.index]
    found = accuracy.errors(judged, owners, questions, truth, seen)
    measured = {"FNR": found["missed"].sum() / seen.sum(), "FPR": found["wrong"].mean(), "asked": found["asked"].mean()}
    measured |= {"wrong names": found["misnamed"].sum() / max(1, accuracy.by_score(judged).sum())}
    ends = intervals.of_rates(found["missed"].to_numpy(float), seen.to_numpy(float), judged["individual"].to_numpy(str))
    both = stated | {"least": ends[0], "most": ends[1]}
    return measured, both, np.isfinite([rule.accept, rule.new]).all()


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    sys.stdout.write(
        f"{ERROR:.0%} asked for. In the stated interval: the measured rate, the mean of all seeds; in the "
    )
    sys.stdout.write(
        "measured one: the stated rate\n"
        "animals noise named   FNR   FPR  asked wrong names  measured  mean  stated  promised\n"
    )
    for case in CASES:
        measured, ends, promised = zip(*(rates(*case, seed) for seed in range(seeds)), strict=True)
        measured, ends = pd.DataFrame(measured), pd.DataFrame(ends).dropna()
        mean, found = measured.mean(), measured["FNR"].loc[ends.index]
        held = [
            found.between(ends["low"], ends["high"]).mean(),
            ((ends["low"] <= mean["FNR"]) & (mean["FNR"] <= ends["high"])).mean(),
            ends["value"].between(ends["least"], ends["most"]).mean(),
        ]
        shown = "".join(f"{100 * mean[name]:6.1f}" for name in ("FNR", "FPR", "asked", "wrong names"))
        told = "  ".join(f"{share:6.0%}" if pd.notna(share) else 6 * " " for share in held)
        sys.stdout.write(f"{case[0]:7} {case[1]:5} {case[2]:5.0%} {shown}  {told}   {sum(promised):3} of {seeds}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
