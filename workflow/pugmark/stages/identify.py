"""Name the animals of a collection by the matches of one run: known, new, or left to a person.

    python -m pugmark.stages.identify --pairs pairs.parquet --calibration calibration.parquet --split split.parquet \\
        --folder results/C/batches --ledger review/C/*.csv --out identities.parquet --individuals individuals.parquet \\
        --questions questions.parquet --settings '{"withhold": []}'

`withhold` names batches whose names are not told: the workflow is then measured on them.
"""

import logging

from pugmark import tables
from pugmark.identity import individuals, known, ledger, naming, said, strategy
from pugmark.runtime import cli

DEFAULTS = {"withhold": []}
TOLD = 20
"""Sentences that the log tells; the metadata of the identities hold them all, and the report tells some of them."""
log = logging.getLogger(__name__)


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("pairs", "calibration", "split", "folder", "out", "individuals", "questions"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--ledger", nargs="*", default=[], help="what people said")
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    rows = known.crops(tables.read(arguments.split, "split"), arguments.folder, settings["withhold"])
    lines, cut = ledger.read(arguments.ledger)
    people = said.of(lines, rows)
    rule, probability = strategy.of_table(tables.read(arguments.calibration, "calibration"))
    pairs = tables.read(arguments.pairs, "pairs")
    table, asked, conflicts = naming.decided(rows, pairs, rule, probability, people)
    animals = individuals.of(table, naming.encounters(rows, people), people)

    counts = {"encounters": len(table), "individuals": len(animals), "questions": len(asked)}
    counts |= {one: int((table["decision"] == one).sum()) for one in (*reversed(naming.DECISIONS), *ledger.OF_NOBODY)}
    tables.write(arguments.individuals, "individuals", animals, "identify", settings, counts=counts)
    tables.write(arguments.questions, "questions", asked, "identify", settings, counts=counts)
    told = {"ledger": [*cut, *people.told], "conflicts": conflicts}
    tables.write(arguments.out, "identities", table, "identify", settings, counts=counts | told)
    log.info("%d answers; %s", len(lines), ", ".join(f"{count} {what}" for what, count in counts.items()))
    sentences = [*told["ledger"], *told["conflicts"]]
    for sentence in sentences[:TOLD]:
        log.warning("%s", sentence)
    if len(sentences) > TOLD:
        log.warning("and %d more; the report shows some of them", len(sentences) - TOLD)


if __name__ == "__main__":
    main()
