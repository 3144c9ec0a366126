"""Write the pages on which a person answers what the workflow left open, and on which each animal is shown.

    python -m pugmark.stages.review --results results/C --split split.parquet --out results/C/review \\
        --settings '{"ledger": "review/C"}'

The pages open from disk. `python -m pugmark.reviewing.serve` serves them where answers should be saved at once.
"""

import logging
from pathlib import Path

import pandas as pd

from pugmark import tables
from pugmark.identity import known
from pugmark.reviewing import material, pages
from pugmark.runtime import cli

DEFAULTS = {"ledger": "review"}
log = logging.getLogger(__name__)


def crops_of(split, folder):
    """One row per crop, as material.material takes them."""
    rows = known.crops(split, folder)
    parts = [
        tables.read(folder / batch / "crops.parquet", "crops", ["crop_id", "sharpness"]).assign(batch=batch)
        for batch in rows["batch"].unique()
    ]
    sharp = pd.concat(parts) if parts else pd.DataFrame(columns=["crop_id", "sharpness", "batch"])
    return rows.merge(sharp, on=["crop_id", "batch"], how="left")


def images_of(wanted, crops, folder):
    """{crop_id: data URL} of the wanted crops, from one pass over the batches that have any."""
    wanted, found = set(wanted), {}
    for batch in sorted(crops["batch"][crops["crop_id"].isin(wanted)].unique()):
        for crop, jpeg in tables.stream(folder / batch / "crops.parquet", "crops", ["crop_id", "image"]):
            if crop in wanted and crop not in found:
                found[crop] = material.picture(jpeg)
    return found


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("results", "split", "out"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args(argv)
    settings, results = DEFAULTS | arguments.settings, Path(arguments.results)
    found = {
        name: tables.read(results / f"{name}.parquet", name) for name in ("identities", "individuals", "questions")
    }
    crops = crops_of(tables.read(arguments.split, "split"), results / "batches")
    shown, wanted = material.material(*found.values(), crops)
    images = images_of(wanted, crops, results / "batches")
    pages.write(Path(arguments.out), results.name, shown, wanted, images, settings["ledger"])
    log.info(
        "%d questions on %d encounters, %d animals, %d pictures",
        len(shown["questions"]), found["questions"]["encounter"].nunique(), len(shown["animals"]), len(wanted),
    )  # fmt: skip


if __name__ == "__main__":
    main()
