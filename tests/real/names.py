"""Are the names of cows as right as was promised? `python tests/real/names.py [FOLDER]`

Arranges pictures of cows as links in FOLDER (else the checkout), runs the workflow on them (names.yaml) and prints what
`calibrate` stated beside what was measured on withheld names, for several rates of error; then the same for 20 draws of
the half of the cows that is named.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image
from run import DATA, ROOT, checksum, link, write

from pugmark import tables
from pugmark.formats import times
from pugmark.identity import accuracy, known, naming, strategy
from pugmark.stages import calibrate, crop

ERRORS, DRAWS, RATES = (0.02, 0.05, 0.1, 0.2), 20, ("FNR", "FPR", "asked")
SPELLS = ("2025-03", "2025-04-01", "2025-04-14", "2025-04-16")  # of filming, by their first days


def arrange(folder):
    """Links and labels.csv. Every second event of the cows that are told may teach; an event ends after two minutes."""
    every = [(times.from_name(path.name), path) for path in sorted((DATA / "holstein2025" / "datasets_v2").glob("*/*"))]
    every = sorted((taken.local, path) for taken, path in every if taken)
    cows = sorted({path.parent.name for _, path in every}, key=checksum)
    order = np.argsort(np.argsort([checksum(path.name) for _, path in every]))  # so that no file's name tells the cow
    rows, event, last = {}, 0, every[0][0]
    for place, (moment, path) in zip(order, every, strict=True):
        event, last = event + ((moment - last).total_seconds() > 120), moment
        spell = sum(moment.isoformat() >= first for first in SPELLS) - 1
        dark, told = crop.infrared(np.asarray(Image.open(path).convert("RGB"))), cows.index(path.parent.name) % 2 == 0
        batches = {
            "days": (SPELLS[spell], spell < 2),
            "cows": (f"{max(1, spell)}-{'named' if told else 'unnamed'}", told),
            "night": ("2-infrared" if dark else "1-colour", not dark),
            "day": ("1-infrared" if dark else "2-colour", dark),
        }
        for collection, (batch, taught) in batches.items():
            at, name = folder / collection / batch, f"p{place:04}-{path.name}"
            link(path, at / name)
            word = "train" if taught and event % 2 == 0 else "test"
            rows.setdefault(at, []).append({"path": name, "individual": path.parent.name, "split": word})
    for at, lines in rows.items():
        write(at / "labels.csv", lines)


def read(results, run):
    """(Crops with all true names; pairs; crops that the run has learned from)."""
    every = known.crops(tables.read(results / "split.parquet", "split"), results / "batches")
    files = (results / "models" / run.split("+")[0]).glob("*/trained.parquet")
    trained = pd.concat([tables.read(file, "trained")["crop_id"] for file in files])
    return every, tables.read(results / "runs" / run / "pairs.parquet", "pairs"), trained


def measured(every, pairs, trained, told, error):
    """({quantity: stated row}, {quantity: measured row}). told: whether the name of each row of `every` is, bool."""
    rows = every.assign(individual=every["individual"].where(told, None))
    names, truth = known.named(rows), known.named(every)
    share = len(names) / every["encounter"].nunique()
    learned, _ = calibrate.unjudged(names, rows, trained, error, share)
    stated = calibrate.calibrate(pairs, names, share, {"error": error}, learned)
    identities, questions, _ = naming.decided(rows, pairs, *strategy.of_table(pd.DataFrame(stated)))
    untold = truth.index[~truth.index.isin(names.index) & ~truth.index.isin(known.learned(every, trained))]
    found = accuracy.rows(identities, questions, truth, untold, names.index)
    return [{row["quantity"]: row for row in part if row["quantity"] != "probability"} for part in (stated, found)]


def text(row):
    ends = "" if row["low"] is None else f" [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
    return f"{100 * row['value']:.1f}{ends} of {row['n']}"


def rates(results, run, withhold):
    """Print, for each rate of error asked for, what was stated and what was measured on the batches to withhold."""
    every, *known_of = read(results, run)
    for error in ERRORS:
        parts = measured(every, *known_of, ~every["batch"].isin(withhold), error)
        told = [text(part[rate]) if rate in part else "none" for rate in RATES for part in parts]
        told += [f"{what} {parts[1][what]['value']:.2f}" for what in ("BAKS", "BAUS", "ARI") if what in parts[1]]
        told += [f"{parts[0][what]['value']:.3f}" for what in ("accept", "new", "inspect")]
        print(results.name, run, error, *told, sep=" | ", flush=True)


def halves(results, run):
    """Print the mean rates over draws, and how often the measured one lay in the stated interval, if there was one."""
    every, *known_of = read(results, run)
    cows = every["individual"].unique()
    for error in ERRORS:
        drawn = [np.random.default_rng(seed).permutation(cows)[: len(cows) // 2] for seed in range(DRAWS)]
        found = [measured(every, *known_of, every["individual"].isin(half), error) for half in drawn]
        told = [f"{sum(np.isfinite(stated['new']['value']) for stated, _ in found)} promise FNR"]
        for rate in RATES:
            both = [(stated[rate], row[rate]["value"]) for stated, row in found if rate in stated]
            ends = [(one["low"], value, one["high"]) for one, value in both if one["low"] is not None]
            mean = 100 * np.mean([(one["value"], value) for one, value in both], axis=0)
            held = sum(low <= value <= high for low, value, high in ends)
            told.append(f"{rate} {mean[0]:.1f} stated, {mean[1]:.1f} measured, {held} of {len(ends)} held")
        print("halves", run, error, *told, sep=" | ", flush=True)


def main():
    work = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT).resolve()
    arrange(work / "results" / "real" / "arranged" / "names")
    files = [ROOT / "tests" / "real" / f"{name}.yaml" for name in ("names", "weights")]
    snakemake = [ROOT / ".venv/bin/snakemake", "--snakefile", ROOT / "Snakefile", "--directory", work, "--cores", "2"]
    subprocess.run([*snakemake, "--configfile", *files, "--quiet", "progress"], check=True)
    for name, collection in yaml.safe_load(files[0].read_text())["collections"].items():
        for file in sorted((work / "results" / "real" / "names" / name).glob("runs/*/calibration.parquet")):
            rates(file.parents[2], file.parent.name, collection["identify"]["withhold"])
    for run in ("imagenet-s1", "imagenet-s1+local"):
        halves(work / "results" / "real" / "names" / "days", run)


if __name__ == "__main__":
    main()
