"""Name the animals of a collection by the matches of one run: known, new, or left to a person.

    python -m pugmark.stages.identify --pairs pairs.parquet --calibration calibration.parquet --split split.parquet \\
        --folder results/C/batches --out identities.parquet --individuals individuals.parquet
"""

import logging

import numpy as np

from pugmark import tables
from pugmark.identity import known, naming
from pugmark.identity.strategy import Strategy
from pugmark.runtime import cli

TOLD = 20
"""Conflicts that the log tells; the table's metadata hold them all."""
log = logging.getLogger(__name__)


def strategy_in(calibration):
    """The Strategy, and the function from scores to probabilities, of a calibration table (DataFrame).

    Without a named pair nobody knows what a score is worth: its probability is then the score itself.
    """
    value = calibration.set_index("quantity")["value"]
    rule = Strategy(value["accept"], value["new"], int(value["inspect"]))
    knots = calibration[calibration["quantity"] == "probability"].sort_values("at")
    if knots.empty:
        return rule, lambda scores: np.clip(scores, 0, 1)
    return rule, lambda scores: np.interp(scores, knots["at"], knots["value"])


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("pairs", "calibration", "split", "folder", "out", "individuals"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args(argv)
    rows = known.crops(tables.read(arguments.split, "split"), arguments.folder)
    rule, probability = strategy_in(tables.read(arguments.calibration, "calibration"))
    table, conflicts = naming.decided(rows, tables.read(arguments.pairs, "pairs"), rule, probability)
    animals = naming.individuals(table, naming.encounters(rows))
    counts = {"encounters": len(table), "individuals": len(animals)}
    counts |= {decision: int((table["decision"] == decision).sum()) for decision in reversed(naming.DECISIONS)}
    settings = arguments.settings
    tables.write(arguments.individuals, "individuals", animals, "identify", settings, counts=counts)
    tables.write(arguments.out, "identities", table, "identify", settings, counts=counts | {"conflicts": conflicts})
    log.info("%s", ", ".join(f"{count} {what}" for what, count in counts.items()))
    for sentence in conflicts[:TOLD]:
        log.warning("%s", sentence)
    if len(conflicts) > TOLD:
        log.warning("and %d more conflicts", len(conflicts) - TOLD)


if __name__ == "__main__":
    main()
