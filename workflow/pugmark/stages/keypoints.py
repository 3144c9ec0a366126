"""Find the local key points of every crop of a batch, once for all runs that are re-ranked by them.

    python -m pugmark.stages.keypoints --crops crops.parquet --out keypoints.parquet \\
        --settings '{"features": "sift", "side": 512, "most": 256}'

Learned key points need `--weights NAME=PATH`, and the setting `manifest`.
"""

import logging

from pugmark import tables
from pugmark.keypoints import extract, table
from pugmark.runtime import cli, usage
from pugmark.weights import verified

log = logging.getLogger(__name__)


def keypoints(crops, out, settings, files=None):
    """Write the keypoints table `out` of the crops table at path `crops`.

    settings: as of `extract.of_crop` and `extract.finder`. files: {name: Weights}.
    """
    finder = extract.finder(settings, files)
    rows = [
        table.row(crop_id, *extract.of_crop(jpeg, mask, settings, finder), settings["most"])
        for crop_id, jpeg, mask in tables.stream(crops, "crops", ["crop_id", "image", "mask"])
    ]
    counts = {"crops": len(rows), "key points": sum(row["number"] for row in rows)}
    counts["crops without key points"] = sum(row["number"] == 0 for row in rows)
    models = [file.provenance() for file in (files or {}).values()]
    tables.write(out, "keypoints", rows, "keypoints", settings, models, counts)
    log.info("%s", ", ".join(f"{count} {what}" for what, count in counts.items()))


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    parser.add_argument("--crops", required=True, help="crops table of the batch")
    parser.add_argument("--out", required=True, help="keypoints table to write")
    arguments = parser.parse_args(argv)
    settings = arguments.settings
    keypoints(arguments.crops, arguments.out, settings, verified(arguments.weights, settings.pop("manifest", {})))


if __name__ == "__main__":
    with usage.recorded():
        main()
