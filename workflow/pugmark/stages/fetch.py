"""Bring one weight file to its place: a link to where it lies in a folder of weights, else a download.

Runs on a machine with network. A file is accepted only with the checksum that the manifest states.
"""

import logging
import os
from pathlib import Path

import pooch

from pugmark import weights
from pugmark.runtime import cli, disk

logger = logging.getLogger("fetch")


def fetch(entry, out, folders=()):
    """Link or download `entry` (dict with name, file, url, sha256, licence) to `out`.

    folders: where it is looked for first, by its name. Raises WeightsError on a bad checksum.
    """
    found = next((path for path in (Path(folder, entry["file"]) for folder in folders) if path.is_file()), None)
    if found:
        logger.info("linking %s (licence: %s)", found, entry["licence"])
        _verify(found, entry)
        _link(found.resolve(), out)
        return
    logger.info("downloading %s (licence: %s)", entry["url"], entry["licence"])
    with disk.replacing(out) as partial:
        partial = Path(partial)
        pooch.retrieve(entry["url"], None, fname=partial.name + ".download", path=partial.parent)
        os.replace(partial.with_name(partial.name + ".download"), partial)
        _verify(partial, entry)


def _verify(path, entry):
    weights.verified([f"{entry['name']}={path}"], {entry["name"]: entry})


def _link(target, out):
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    partial.symlink_to(target)
    os.replace(partial, out)


def main(argv=None):
    """Command line of the rule `fetch`; folders are those of the environment variable PUGMARK_WEIGHTS."""
    parser = cli.parser(__doc__)
    parser.add_argument("--out", required=True, type=Path)
    args = parser.parse_args(argv)
    folders = os.environ.get("PUGMARK_WEIGHTS", "").split(os.pathsep)
    fetch(args.settings, args.out, list(filter(None, folders)))


if __name__ == "__main__":
    main()
