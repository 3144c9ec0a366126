"""Find the encounters of a batch, once for all runs: which boxes show one animal in one event.

    python -m pugmark.stages.encounter --crops crops.parquet --labels labels.parquet --out encounters.parquet \\
        --settings '{"burst": 5, "reach": 1.5}'

With `"told": false` the names of the labels are not used: of batches whose names are withheld.
"""

import logging

from pugmark import tables
from pugmark.identity import encounters
from pugmark.runtime import cli

DEFAULTS = {"burst": 5, "reach": 1.5, "told": True}
log = logging.getLogger(__name__)


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option, what in (("crops", "crops table of the batch"), ("labels", "its labels table"), ("out", "to write")):
        parser.add_argument(f"--{option}", required=True, help=what)
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    crops = tables.read(arguments.crops, "crops", list(encounters.COLUMNS))
    labels = tables.read(arguments.labels, "labels")
    labels = labels if settings["told"] else labels.assign(individual=None)
    rows = encounters.encounters(crops, labels, settings["burst"], settings["reach"])
    counts = {name: int(rows[name].nunique()) for name in ("encounter", "track", "sequence")}
    counts = {"crops": len(rows)} | {f"{name}s": count for name, count in counts.items()}
    tables.write(arguments.out, "encounters", rows, "encounter", settings, counts=counts)
    log.info("%s", ", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    main()
