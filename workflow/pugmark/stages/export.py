"""Write who was seen in the formats of the field's other tools, into one folder.

    python -m pugmark.stages.export --results results/C --split split.parquet --out results/C/export \\
        --ledger review/C/*.csv --settings '{"certainty": 0, "days": 1, "starts": "12:00", "stations": "stations.csv"}'

What each file is, and what was left out of it, stands in README.txt there.
"""

import glob
import logging
from pathlib import Path

from pugmark import tables
from pugmark.exporting import (
    camtrap_dp,
    camtrapr,
    capture_recapture,
    machines,
    occasions,
    opinions,
    overlay,
    plain_tables,
    secr,
    sightings,
)
from pugmark.formats import stations
from pugmark.identity import ledger, strategy
from pugmark.runtime import cli, disk

DEFAULTS = {"certainty": 0.0, "days": 1, "starts": "00:00", "generalise": None, "stations": None}
DEFAULTS |= {"overlay": False, "folders": {}}
DECIDED = ("identities", "individuals", "pairs", "calibration")
FILES = {
    "encounters.csv, individuals.csv, sightings.csv, unidentified.csv, pairs.csv": "plain tables",
    "camtrapR_records.csv, camtrapR_stations.csv": "camtrapR: recordTableIndividual and CTtable",
    "secr_captures*.txt, secr_traps.txt, secr_Tm.txt, names.csv": "secr: read.capthist, addSightings(nonID = )",
    "oscr_*.csv, spim_*.csv, pairwise_*.csv, load.R": "oSCR, 2-flank SPIM, SCR-Classify-Pairwise: source('load.R')",
    "camtrap_dp/, dwc_occurrences.csv": "Camtrap DP 1.0.2 and Darwin Core",
    "megadetector.json, wildlife_datasets.csv": "MegaDetector's results with names, wildlife-datasets' metadata",
    "tracks.csv, mot/": "of videos: boxes and names frame by frame, also as MOT text",
    "overlay/": "of videos, where export.overlay is true: names on boxes, numbered as in mot/videos.csv",
}
log = logging.getLogger(__name__)


def collected(results, split, answers, settings):
    """The sightings.Export of a collection. answers: files of the ledger."""
    found = {name: tables.read(results / f"{name}.parquet", name) for name in DECIDED}
    crops = sightings.of_collection(split, results / "batches", found["identities"], settings["certainty"])
    packages = sorted({Path(folder) / "datapackage.json" for folder in settings["folders"].values()})
    places = stations.read(settings["stations"], [path for path in packages if path.is_file()])
    lines, told = ledger.read(answers)
    said = opinions.table(found["pairs"], *strategy.of_table(found["calibration"]), lines, crops)
    crops, said, left_out = sightings.of_animals(crops, said)
    over = occasions.over(crops["timestamp"], places, settings["days"], settings["starts"])
    films = sightings.videos(crops, results / "batches")
    return sightings.Export(results.name, crops, found["individuals"], said, places, over, told + left_out, films)


def people(folder, export):
    """(batch, path, frame number) of the frames with people or vehicles, of the videos that show named animals."""
    found = set()
    for batch in {batch for batch, _ in export.videos}:
        for part in sorted([folder / batch, *folder.glob(f"{glob.escape(batch)}.*of*")]):
            if (part / "detections.parquet").exists():
                boxes = tables.read(part / "detections.parquet", "detections", ["media_id", "label"])
                media = tables.read(part / "media.parquet", "media", ["media_id", "path", "frame_number"]).dropna()
                media = media[media["media_id"].isin(boxes["media_id"][boxes["label"] != "animal"])]
                found |= {(batch, row.path, int(row.frame_number)) for row in media.itertuples()}
    return found


def write(folder, export, settings):
    """Write all formats into `folder`."""
    plain_tables.write(folder, export)
    camtrapr.write(folder, export)
    secr.write(folder, export)
    capture_recapture.write(folder, export)
    seen = export.crops["timestamp"].dropna()
    packed = f"{seen.max():%Y-%m-%dT%H:%M:%SZ}" if len(seen) else "1970-01-01T00:00:00Z"
    camtrap_dp.write(folder, export, settings["generalise"], packed)
    machines.write(folder, export)
    certain, days = export.certain["encounter"].nunique(), export.occasions
    lines = [f"{export.name}: {certain} of {export.crops['encounter'].nunique()} encounters have a certain name."]
    length = f"{days.days} days" if days.days > 1 else "a day"
    lines += [f"Occasions of {length}: {days.number}, from {days.first}." if days.number else "No time is known."]
    lines += ["Below is what each file is for; those that could not be written are told at the end.", ""]
    for patterns, what in FILES.items():
        found = [name for name in patterns.split(", ") if any(folder.glob(name.rstrip("/")))]
        lines += [f"{', '.join(found)}\n    {what}"] if found else []
    lines += ["", *export.told]
    (folder / "README.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("results", "split", "out"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--ledger", nargs="*", default=[], help="what people said")
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    split = tables.read(arguments.split, "split")
    export = collected(Path(arguments.results), split, arguments.ledger, settings)
    with disk.replacing_folder(arguments.out) as partial:
        if settings["overlay"]:
            hidden = people(Path(arguments.results) / "batches", export)
            overlay.write(Path(partial), export, settings["folders"], hidden)
        write(Path(partial), export, settings)
    log.info("%d encounters, %d of them certain", len(export.encounters), export.certain["encounter"].nunique())
    for sentence in export.told:
        log.info("%s", sentence)


if __name__ == "__main__":
    main()
