"""Write the pages on which a person answers what the workflow left open, and on which each animal is shown.

    python -m pugmark.stages.review --results results/C --split split.parquet --out results/C/review \\
        --ledger review/C/*.csv --settings '{"ledger": "review/C"}'

The pages open from disk. `python -m pugmark.reviewing.serve` serves them where answers should be saved at once.
"""

import logging
from pathlib import Path

from pugmark import tables
from pugmark.identity import known, ledger
from pugmark.reviewing import lines, material, moments, pages
from pugmark.runtime import cli

DEFAULTS = {"ledger": "review"}
BOXES = ["crop_id", "sharpness", "path", "frame_number", *"xywh"]
log = logging.getLogger(__name__)


def crops_of(split, folder):
    """One row per crop, as material.material and moments.moments take them."""
    rows = known.crops(split, folder)
    boxes = tables.of_batches(folder, rows["batch"].unique(), "crops", BOXES)
    rows = rows.merge(boxes, on=["crop_id", "batch"], how="left")
    filmed = rows["batch"][rows["frame_number"].notna()].unique()
    media = tables.of_batches(folder, filmed, "media", ["path", "kind", "timestamp"])
    starts = media[media["kind"] == "video"].drop_duplicates(["batch", "path"]).rename(columns={"timestamp": "starts"})
    rows = rows.merge(starts.drop(columns="kind"), on=["batch", "path"], how="left")
    seconds = (rows["timestamp"] - rows["starts"]).dt.total_seconds()
    return rows.drop(columns="starts").assign(seconds=seconds)


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
    parser.add_argument("--ledger", nargs="*", default=[], help="what people said")
    arguments = parser.parse_args(argv)
    settings, results = DEFAULTS | arguments.settings, Path(arguments.results)
    found = {
        name: tables.read(results / f"{name}.parquet", name) for name in ("identities", "individuals", "questions")
    }
    crops = crops_of(tables.read(arguments.split, "split"), results / "batches")
    shown, wanted = material.material(*found.values(), crops)
    names = {one: facts["animal"] for one, facts in shown["encounters"].items()}
    said = ledger.standing(ledger.read(arguments.ledger)[0])
    answered = [{line.encounter, line.candidate} for line in said if line.answer in ledger.OF_SWAPS]
    shown["moments"], shown["left_out"] = moments.moments(crops, names, answered)
    wanted = list(dict.fromkeys([*wanted, *(crop for one in shown["moments"] for crop in moments.crops(one))]))
    shown["lines"] = lines.between(lines.wanted(shown["questions"], shown["encounters"]), crops, results / "batches")
    images = images_of(wanted, crops, results / "batches")
    pages.write(Path(arguments.out), results.name, shown, wanted, images, settings["ledger"])
    log.info(
        "%d questions on %d encounters, %d animals, %d moments of videos, %d pictures",
        len(shown["questions"]), found["questions"]["encounter"].nunique(), len(shown["animals"]),
        len(shown["moments"]), len(wanted),
    )  # fmt: skip


if __name__ == "__main__":
    main()
