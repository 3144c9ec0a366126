"""Bring one weight file to its place: a link to where it lies in a folder of weights, else a download.

Runs on a machine with network. A file is accepted only with the checksum that the manifest states.
"""

import logging
import os
from pathlib import Path

import pooch
import requests

from pugmark import weights
from pugmark.runtime import cli, disk

logger = logging.getLogger("fetch")
# Its advice is for programmers.
pooch.get_logger().setLevel(logging.WARNING)


def fetch(entry, out, folders=()):
    """Link or download `entry` (dict with name, file, url, sha256, licence) to `out`.

    folders: where it is looked for first, by its name. Raises WeightsError where it cannot be had, or is another file.
    """
    found = next((path for path in (Path(folder, entry["file"]) for folder in folders) if path.is_file()), None)
    if found:
        logger.info("linking %s (licence: %s)", found, entry["licence"])
        weights.verified([f"{entry['name']}={found}"], {entry["name"]: entry})
        _link(found.resolve(), out)
        return
    logger.info("downloading %s (licence: %s)", entry["url"], entry["licence"])
    with disk.replacing(out) as partial:
        _download(entry, Path(partial))


def _download(entry, to):
    refusal = _refusal(entry["url"], to)
    # Not while the network's error is handled: a disk's refusal is looked for among what an error came from.
    if refusal:
        raise weights.WeightsError(
            f"Cannot fetch {entry['file']} from {entry['url']}: {refusal}. Bring the file with the sha256 "
            f"{entry['sha256']} into the folder that weights.folder or PUGMARK_WEIGHTS names, or try again later."
        )
    digest = weights.sha256(to)
    if not weights.agrees(digest, entry["sha256"]):
        raise weights.WeightsError(
            f"{entry['url']} gave another file than {entry['name']}: its sha256 is {digest}, not {entry['sha256']}. "
            f"Try again; if it stays so, ask the publisher, and correct weights.files.{entry['name']}.sha256."
        )


def _refusal(url, to):
    """Download `url` to the path `to`; why that failed, or None."""
    beside = to.with_name(f"{to.name}.download")
    try:
        pooch.retrieve(url, None, fname=beside.name, path=beside.parent)
    except requests.HTTPError as error:
        return f"the server answers {error.response.status_code} {error.response.reason}".strip()
    except requests.Timeout:
        return "the server does not answer in time"
    except requests.ConnectionError:
        return "there is no connection to the server, or it broke off (compute nodes often have no network)"
    except requests.RequestException as error:
        return str(error)
    os.replace(beside, to)
    return None


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
