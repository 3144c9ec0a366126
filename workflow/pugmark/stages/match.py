"""Match the encounters of a collection by the features of one run: each with those of its own and of earlier batches.

    python -m pugmark.stages.match --split split.parquet --folder results/C/batches --run NAME --kept matches \\
        --out pairs.parquet --settings '{"most": 20}'

Batches come in the order of their names. What was matched before is kept, a file for each batch, and is used again as
long as that batch, all before it, the settings and this code are as they were: a batch whose name sorts last costs its
own matching alone.
"""

import hashlib
import itertools
import logging
from pathlib import Path

import pandas as pd

from pugmark import tables, vectors
from pugmark.identity import matching
from pugmark.planning import fingerprint
from pugmark.planning.versions import canonical
from pugmark.runtime import cli
from pugmark.weights import sha256

DEFAULTS = {"most": 20}
log = logging.getLogger(__name__)


def match(split, folder, run, kept, most):
    """(rows of the pairs table, number of batches that were matched now).

    split: DataFrame of the split table. folder: holds {batch}/encounters.parquet and {batch}/features/{run}.parquet.
    kept: folder of what was matched before. Memory holds the features of two batches, and the pairs.
    """
    kept.mkdir(parents=True, exist_ok=True)
    batches, parts, key, anew = sorted(split["batch"].unique()), [], fingerprint.of("stages.match") + str(most), 0
    crops = dict(iter(split.groupby("batch")["crop_id"]))
    for at, batch in enumerate(batches):
        key = _key(key, crops[batch], folder / batch, run)
        file = kept / f"{batch}.parquet"
        if not _is_of(file, key):
            query = side(folder, batch, run, crops[batch])
            earlier = (side(folder, other, run, crops[other]) for other in batches[:at])
            found = matching.nearest(query, itertools.chain(earlier, [query]), most)
            tables.write(file, "pairs", found, "match", {"key": key})
            anew += 1
        parts.append(tables.read(file, "pairs"))
    for stale in {path.stem for path in kept.glob("*.parquet")} - set(batches):
        (kept / f"{stale}.parquet").unlink()
    found = pd.concat([part for part in parts if len(part)] or [_nothing()], ignore_index=True)
    return found.drop_duplicates(["encounter", "candidate"], ignore_index=True), anew


def side(folder, batch, run, crops):
    """The matching.Side of a batch; of those crops alone that the collection counts there."""
    rows = tables.read(folder / batch / "encounters.parquet", "encounters")
    rows = rows[rows["crop_id"].isin(crops)]
    return matching.Side(rows, vectors.of_collection(rows.assign(batch=batch), folder, run))


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("split", "folder", "run", "kept", "out"):
        parser.add_argument(f"--{option}", required=True)
    arguments = parser.parse_args(argv)
    settings = DEFAULTS | arguments.settings
    split = tables.read(arguments.split, "split", ["crop_id", "batch"])
    rows, anew = match(split, Path(arguments.folder), arguments.run, Path(arguments.kept), settings["most"])
    counts = {"pairs": len(rows), "encounters with a candidate": int(rows["encounter"].nunique())}
    tables.write(arguments.out, "pairs", rows, "match", settings, counts=counts)
    log.info("%d pairs; %d of %d batches were matched anew", len(rows), anew, split["batch"].nunique())


def _key(before, crops, folder, run):
    """What the matches of a batch rest on: everything before it, its crops, and the content of its tables."""
    files = [sha256(folder / "encounters.parquet"), sha256(folder / "features" / f"{run}.parquet")]
    return hashlib.sha256(canonical([before, sorted(crops), files]).encode()).hexdigest()


def _is_of(file, key):
    try:
        return tables.provenance(file)["settings"]["key"] == key
    except FileNotFoundError:
        return False


def _nothing():
    return pd.DataFrame(columns=list(tables.definitions()["pairs"]["columns"]))


if __name__ == "__main__":
    main()
