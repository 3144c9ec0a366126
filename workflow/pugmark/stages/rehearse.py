"""Rehearse the review: what so many answers, right or wrong, would make of the names.

    python -m pugmark.stages.rehearse --pairs pairs.parquet --calibration calibration.parquet --split split.parquet \\
        --folder results/C/batches --trained trained.parquet --out rehearsal.parquet \\
        --settings '{"withhold": ["batch_04"]}'

The answers come from the true names of the batches that are withheld, which the workflow was not told.
"""

import logging

import pandas as pd

from pugmark import tables
from pugmark.identity import known, reviewers, strategy
from pugmark.runtime import cli

DEFAULTS = {"withhold": [], "wrong": [0.0, 0.03, 0.125], "rounds": 10, "seed": 0}
log = logging.getLogger(__name__)


def rehearse(crops, pairs, calibration, learned, settings):
    """DataFrame of the rehearsal table. crops: as of known.crops, with all names. learned: crops, ids."""
    withheld = crops["batch"].isin(settings["withhold"])
    truth, taught = known.named(crops), known.learned(crops, learned)
    aside = truth.index.isin(crops["encounter"][withheld])
    untold, told = truth.index[aside & ~truth.index.isin(taught)], truth.index[~aside]
    rows = crops.assign(individual=crops["individual"].where(~withheld, None))
    rule, probability = strategy.of_table(calibration)
    facts = [settings[key] for key in ("wrong", "rounds", "seed")]
    return reviewers.curve(rows, pairs, rule, probability, truth, untold, told, *facts)


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("pairs", "calibration", "split", "folder", "out"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--trained", required=True, nargs="+", help="what the model learned from")
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    crops = known.crops(tables.read(arguments.split, "split"), arguments.folder)
    learned = pd.concat([tables.read(path, "trained")["crop_id"] for path in arguments.trained])
    pairs, calibration = tables.read(arguments.pairs, "pairs"), tables.read(arguments.calibration, "calibration")
    table = rehearse(crops, pairs, calibration, learned, settings)
    tables.write(arguments.out, "rehearsal", table, "rehearse", settings)
    if table.empty:
        log.warning("Nothing to rehearse: name batches with known names under identify.withhold.")
        return
    last = table[(table["quantity"] == "ARI") & (table["wrong"] == 0)].groupby("strategy").tail(1)
    told = [f"{row.strategy}: ARI {row.value:.2f} after {row.per_100:.0f} answers per 100" for row in last.itertuples()]
    log.info("%s encounters", "; ".join(told))


if __name__ == "__main__":
    main()
