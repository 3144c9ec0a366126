"""Match the encounters of a collection by one run: each with those of its own and of earlier batches.

    python -m pugmark.stages.match --split split.parquet --folder results/C/batches --run NAME --kept matches \\
        --out pairs.parquet --settings '{"most": 20}'

A re-ranked run is told its re-ranker, which scores the best candidates by cosine anew:

        --settings '{"most": 20, "rerank": {"name": "local", "shortlist": 50, "params": {...}}}'

With `"priors": true` the distance between stations and the time between encounters weigh in (identity.priors). Places
of stations come from `stations`, a CSV, or from packages in `folders`.

Batches come in the order of their names. What was matched before is kept, a file for each batch, and is used again as
long as that batch, all before it, the settings and this code are as they were: a batch whose name sorts last costs its
own matching alone. A re-ranker that learns from names matches all of them anew when its training part has changed.
"""

import functools
import hashlib
import itertools
import logging
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from pugmark import rerankers, reranking, tables, vectors
from pugmark.formats import stations
from pugmark.identity import known, matching, priors, rescoring
from pugmark.planning import fingerprint
from pugmark.planning.versions import canonical
from pugmark.runtime import cli
from pugmark.weights import sha256, verified

DEFAULTS = {
    "most": 20,
    "rerank": None,
    "withhold": [],
    "manifest": {},
    "priors": False,
    "stations": None,
    "folders": {},
}
log = logging.getLogger(__name__)


@dataclass
class Source:
    """What is matched. split: DataFrame of the split table. folder: holds {batch}/encounters.parquet and
    {batch}/features/{run}.parquet. run: whose features are compared. most: candidates kept of each encounter.
    """

    split: pd.DataFrame
    folder: Path
    run: str
    most: int

    def __post_init__(self):
        self.batches = sorted(self.split["batch"].unique())
        self.crops = dict(iter(self.split.groupby("batch")["crop_id"]))
        self.code = fingerprint.of("stages.match")

    def found(self, at):
        """The candidates of the encounters of batch number `at`. Memory holds the features of two batches."""
        query = self.side(self.batches[at])
        earlier = (self.side(other) for other in self.batches[:at])
        return matching.nearest(query, itertools.chain(earlier, [query]), self.most)

    def side(self, batch):
        """The matching.Side of a batch; of those crops alone that the collection counts there."""
        rows = tables.read(self.folder / batch / "encounters.parquet", "encounters")
        rows = rows[tables.places(self.crops[batch], rows["crop_id"]) >= 0]
        return matching.Side(rows, vectors.of_collection(rows.assign(batch=batch), self.folder, self.run))

    def start(self):
        """The key before that of the first batch: what all matches rest on."""
        return f"{self.code}{self.most}"

    def key(self, before, batch):
        """What the matches of a batch rest on: all before it, its crops, and the content of its tables."""
        files = [sha256(file) for file in self.files(batch)]
        return hashlib.sha256(canonical([before, sorted(self.crops[batch]), files]).encode()).hexdigest()

    def files(self, batch):
        """The tables of a batch on which its matches rest."""
        return [self.folder / batch / "encounters.parquet", self.folder / batch / "features" / f"{self.run}.parquet"]


class Closer(Source):
    """The same, where a re-ranker scores the best candidates anew.

    asked: as of `reranking`. teachers: (split, folder) of the collection whose training part fits it. weights: of a
    network that matches, or None.
    """

    def __init__(self, split, folder, run, most, asked, teachers, weights):
        super().__init__(split, folder, run, max(most, asked["shortlist"]))
        self.kept, self.asked, self.teachers, self.weights = most, asked, teachers, weights
        facts = rerankers.catalogue()[asked["name"]]
        taught = reranking.taught(teachers[0])[["crop_id", "individual"]].to_numpy().tolist() if facts["LEARNS"] else []
        code = fingerprint.of("stages.match", f"rerankers.{asked['name']}")
        self.code = canonical([code, asked, most, sorted(taught), weights.sha256 if weights else None])
        self.read = [f"features/{other}" for other in asked.get("with", ())]
        self.read += [f"keypoints/{facts['POINTS']}"] if facts["KEYPOINTS"] else []

    def found(self, at):
        """The candidates of the encounters of batch number `at`; memory also holds what is read of their crops."""
        found = super().found(at)
        if self.prepare is None:
            return found[found["rank"] <= self.kept]
        rows = self.every[self.every["encounter"].isin({*found["encounter"], *found["candidate"]})]
        seen = vectors.of_collection(rows, self.folder, self.run)
        rescore = self.prepare(reranking.crops(rows, seen, self.asked, self.folder))
        return rescoring.rescored(found, rows, seen, rescore, self.kept)

    @functools.cached_property
    def every(self):
        """Every crop of the collection, with its encounter."""
        rows = known.crops(self.split, self.folder)
        return rows.assign(viewpoint=rows["flank"])

    @functools.cached_property
    def prepare(self):
        """What compares crops, as of `reranking.prepared`; None where too few crops are named to learn from."""
        try:
            return reranking.prepared(self.asked, *self.teachers, self.run, self.weights)[0]
        except rerankers.NothingToFitError as error:
            log.warning("The candidates keep their cosines. %s", error)
            return None

    def files(self, batch):
        """The tables of a batch on which its matches rest."""
        return super().files(batch) + [self.folder / batch / f"{name}.parquet" for name in self.read]


def match(source, kept):
    """(Arrow table of the pairs, number of batches that were matched now). kept: folder of what was matched before."""
    kept.mkdir(parents=True, exist_ok=True)
    parts, key, anew = [], source.start(), 0
    for at, batch in enumerate(source.batches):
        key, file = source.key(key, batch), kept / f"{batch}.parquet"
        if not _is_of(file, key):
            tables.write(file, "pairs", source.found(at), "match", {"key": key})
            anew += 1
        parts.append(tables.read_arrow(file, "pairs"))
    for stale in {path.stem for path in kept.glob("*.parquet")} - set(source.batches):
        (kept / f"{stale}.parquet").unlink()
    found = pa.concat_tables(
        [tables.schema("pairs").empty_table(), *(part.replace_schema_metadata() for part in parts)]
    )
    return found.filter(tables.first_of_each(found, ["encounter", "candidate"])), anew


def main(argv=None):
    """The command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("split", "folder", "run", "kept", "out"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--teachers", help="folder of another collection, whose training part fits the re-ranker")
    arguments = parser.parse_args(argv)
    settings, folder = DEFAULTS | arguments.settings, Path(arguments.folder)
    split, given = tables.read(arguments.split, "split"), verified(arguments.weights, settings["manifest"])
    source = Source(split, folder, arguments.run, settings["most"])
    if settings["rerank"]:
        told = split[~split["batch"].isin(settings["withhold"])], folder
        if arguments.teachers:
            other = Path(arguments.teachers)
            told = tables.read(other / "split.parquet", "split"), other / "batches"
        weights = next(iter(given.values()), None)
        source = Closer(split, folder, arguments.run, settings["most"], settings["rerank"], told, weights)
    rows, anew = match(source, Path(arguments.kept))
    factors = {}
    if settings["priors"]:
        rows, factors = weighed(rows.to_pandas(), split, folder, settings)
    counts = {"pairs": len(rows), "encounters with a candidate": len(rows["encounter"].unique())}
    models = [file.provenance() for file in given.values()]
    counts |= {"priors": factors} if factors else {}
    tables.write(arguments.out, "pairs", rows, "match", settings, models, counts)
    log.info("%d pairs; %d of %d batches were matched anew", len(rows), anew, len(source.batches))


def weighed(pairs, split, folder, settings):
    """As of `priors.weighed`, told in the log."""
    packages = sorted(Path(one) / "datapackage.json" for one in settings["folders"].values())
    places = stations.read(settings["stations"], [path for path in packages if path.is_file()])
    pairs, factors = priors.weighed(pairs, known.crops(split, folder, settings["withhold"]), places)
    if factors:
        told = ", ".join(f"{name} {factor:.2g}" for name, factor in factors.items())
        log.info("Where and when multiply the odds that a pair is one animal: %s", told)
    else:
        log.warning("Too few encounters are named to learn what distance and time say: scores stay as they are.")
    return pairs, factors


def _is_of(file, key):
    try:
        return tables.provenance(file)["settings"]["key"] == key
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    main()
