"""Decide who was seen in a collection: take the names of the best run, and tell what has changed.

    python -m pugmark.stages.decide --runs results/C/runs/A results/C/runs/B --trained a.parquet b.parquet \\
        --split split.parquet --folder results/C/batches --kept results/C/names --out results/C \\
        --settings '{"error": 0.05, "withhold": []}'

Each run's folder holds its calibration, pairs, identities, individuals and questions. Those of the run with the lowest
validated error are written into `--out`, with the changes since the names were last other ones, and with the accuracy
on the batches whose names were withheld. What the names were is kept in `--kept`.
"""

import json
import logging
import shutil
from pathlib import Path

import pandas as pd

from pugmark import tables
from pugmark.identity import accuracy, changes, choice, known, ledger, strategy, withheld
from pugmark.runtime import cli, disk

DEFAULTS = {"error": 0.05, "withhold": []}
TAKEN = ("identities", "individuals", "questions", "pairs", "calibration")
log = logging.getLogger(__name__)


def since(kept, now):
    """Rows of the changes table. now: {encounter: name}. kept: folder of what the names were.

    Two states are kept, so that the same names, decided again, have changed in the same way.
    """
    last, before = kept / "last.json", kept / "before.json"
    if last.exists() and (names := json.loads(last.read_text())) != now:
        _write(before, names)
    if not last.exists() or names != now:
        _write(last, now)
    names = json.loads(before.read_text()) if before.exists() else {}
    return changes.between(*(pd.Series(each, dtype=object) for each in (names, now)))


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    parser.add_argument("--runs", required=True, nargs="+", type=Path, help="folders, first choice first")
    parser.add_argument("--trained", required=True, nargs="+", help="what they have learned from")
    for option in ("split", "folder", "kept", "out"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    found = {run: tables.read(run / "calibration.parquet", "calibration") for run in arguments.runs}
    best = choice.best(found, settings["error"])
    learned = pd.concat([tables.read(path, "trained")["crop_id"] for path in arguments.trained])
    identities, out = tables.read(best / "identities.parquet", "identities"), Path(arguments.out)
    right = measured(identities, best, tables.read(arguments.split, "split"), arguments.folder, learned, settings)
    # An encounter that waits has a name of its own until then: that it gets another is no merge.
    named = identities["individual"].notna() & (identities["decision"] != "review")
    names = identities["individual"].astype(object).where(named, None)
    moved = since(Path(arguments.kept), dict(zip(identities["encounter"], names, strict=True)))
    for name in TAKEN:
        with disk.replacing(out / f"{name}.parquet") as partial:
            shutil.copyfile(best / f"{name}.parquet", partial)
    settings |= {"run": best.name}
    tables.write(out / "accuracy.parquet", "accuracy", right, "decide", settings)
    counts = pd.Series([row["change"] for row in moved], dtype=object).value_counts().to_dict()
    tables.write(out / "changes.parquet", "changes", moved, "decide", settings, counts=counts)
    told = [
        f"{row['quantity']} {row['value']:.3f}" for row in right if row["at"] is None and row["value"] == row["value"]
    ]
    log.info("%s decides; %s%s", best.name, counts or "nothing has changed", f"; {', '.join(told)}" if told else "")


def measured(identities, run, split, folder, learned, settings):
    """Rows of the accuracy table: of the batches that were withheld, less what any of the runs has learned from."""
    if not settings["withhold"]:
        return []
    crops = known.crops(split, folder)
    truth, taught = known.named(crops), known.learned(crops, learned)
    # Whatever a label says: a person saw no animal there, so it is neither one that was missed nor one that was found.
    truth = truth.drop(identities["encounter"][identities["decision"] == ledger.OTHER], errors="ignore")
    aside = truth.index.isin(crops["encounter"][crops["batch"].isin(settings["withhold"])])
    untold, told = truth.index[aside & ~truth.index.isin(taught)], truth.index[~aside]
    questions, pairs, calibration = (
        tables.read(run / f"{name}.parquet", name) for name in ("questions", "pairs", "calibration")
    )
    names, (_, probability) = identities.set_index("encounter")["individual"], strategy.of_table(calibration)
    return [
        *accuracy.rows(identities, questions, truth, untold, told),
        *withheld.counts(pairs, probability, names, truth, untold),
        *withheld.reliability(pairs, probability, truth, untold),
    ]


def _write(path, names):
    with disk.replacing(path) as partial, open(partial, "w") as file:
        json.dump(names, file)


if __name__ == "__main__":
    main()
