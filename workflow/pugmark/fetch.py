"""Fetch one weight file on a machine with network, and accept it only with the checksum that the manifest states."""

import logging
import os
from pathlib import Path

import pooch

from pugmark import cli, tables, weights

logger = logging.getLogger("fetch")


def fetch(entry, out):
    """Download `entry` (dict with name, file, url, sha256, licence) to `out`. Raises WeightsError on a bad checksum."""
    logger.info("fetching %s (licence: %s)", entry["url"], entry["licence"])
    with tables.replacing(out) as partial:
        partial = Path(partial)
        pooch.retrieve(entry["url"], None, fname=partial.name + ".download", path=partial.parent)
        os.replace(partial.with_name(partial.name + ".download"), partial)
        weights.verified([f"{entry['name']}={partial}"], {entry["name"]: entry})


def main(argv=None):
    """Command line of the rule `fetch`."""
    parser = cli.parser(__doc__)
    parser.add_argument("--out", required=True, type=Path)
    args = parser.parse_args(argv)
    fetch(args.settings, args.out)


if __name__ == "__main__":
    main()
