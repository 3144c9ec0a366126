"""Find the encounters of a batch, once for all runs: which boxes show one animal in one event.

    python -m pugmark.stages.encounter --crops crops.parquet --labels labels.parquet --out encounters.parquet \\
        --ledger review/C --settings '{"burst": 5, "reach": 1.5}'

Of the ledger it takes where people say that two animals were swapped (identity.swaps). With `"told": false` the names
of the labels are not used: of batches whose names are withheld.
"""

import logging

from pugmark import tables
from pugmark.identity import encounters, ledger, said
from pugmark.runtime import cli

DEFAULTS = {"burst": 5, "reach": 1.5, "told": True}
log = logging.getLogger(__name__)


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option, what in (("crops", "crops table of the batch"), ("labels", "its labels table"), ("out", "to write")):
        parser.add_argument(f"--{option}", required=True, help=what)
    parser.add_argument("--ledger", help="folder of what people said")
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    crops = tables.read(arguments.crops, "crops", list(encounters.COLUMNS))
    labels = tables.read(arguments.labels, "labels")
    labels = labels if settings["told"] else labels.assign(individual=None)
    lines, _ = ledger.read(ledger.files(arguments.ledger) if arguments.ledger else ())
    rows, told = encounters.encounters(crops, labels, settings["burst"], settings["reach"], said.swaps(lines)[0])
    counts = {name: int(rows[name].nunique()) for name in ("encounter", "track", "sequence")}
    counts = {"crops": len(rows)} | {f"{name}s": count for name, count in counts.items()}
    if moved := int((rows["track"] != rows["followed"]).sum()):
        counts["crops of swapped tracks"] = moved
    tables.write(arguments.out, "encounters", rows, "encounter", settings, counts=counts)
    log.info("%s", ", ".join(f"{count} {what}" for what, count in counts.items()))
    for sentence in told:
        log.warning("%s", sentence)


if __name__ == "__main__":
    main()
