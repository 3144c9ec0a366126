"""What the report reads of one collection: counts of its media, and the tables on its crops whole but without pictures.

An absent table is an empty one.
"""

import json
from functools import cached_property

import pandas as pd

from pugmark import tables
from pugmark.reporting import tally

BATCH_TABLES = ("media", "detections", "masks", "crops", "labels")
RUN_TABLES = ("clusters", "metrics", "queries")


class Collection:
    """The tables below `folder` (results/{collection}), each read once, as DataFrames.

    settings: {"batches": [name], "folders": {batch: folder of its media}, "runs": [{run, method, name, seed, family,
    train_on, model, settings}], "detector", "protocol", "clustered": [run], "explained": [run]}; model is the folder
    of the run's model, from `folder`'s parent, or None for a re-ranked run, and a run's settings are those that differ
    from its method's; the protocol is the headline of the leaderboard.
    """

    def __init__(self, name, folder, settings):
        self.name, self.folder = name, folder
        self.batches, self.runs = settings["batches"], settings["runs"]
        self.detector, self.protocol = settings.get("detector"), settings.get("protocol", "cross_sequence")
        self.folders, self.explained = settings.get("folders", {}), settings.get("explained", [])
        self.clustered = settings.get("clustered", [run["run"] for run in self.runs])

    @cached_property
    def tallies(self):
        """One Tally per batch."""
        about = ["path", "kind", "status", "station", "timestamp", "time_doubt", "sequence"]
        wanted = {"media": about, "detections": ["label", "detector"], "crops": ["crop_id"]}
        return [
            tally.of_batch(batch, *(_read(self.batch_file(batch, name), name, wanted[name]) for name in wanted))
            for batch in self.batches
        ]

    @cached_property
    def masks(self):
        return self._of_batches("masks", ["detection_id", "area_fraction", "policy", "mask_source"])

    @cached_property
    def crops(self):
        return self._of_batches("crops", ["crop_id", "path", *"xywh"])

    @cached_property
    def encounters(self):
        return self._of_batches("encounters", ["crop_id", "encounter"])

    def decided(self, name):
        """The table `name` (identities, individuals, questions, changes, accuracy or calibration) of the collection."""
        return _read(self.folder / f"{name}.parquet", name)

    @cached_property
    def index(self):
        """The split table with, of each crop, the path of its picture, its box, and the species that was stated."""
        species = self._of_batches("detections", ["detection_id", "source_label"])
        species.columns = ["crop_id", "species"]
        found = self.split.merge(self.crops.drop_duplicates("crop_id"), on="crop_id", how="left")
        return found.merge(species.drop_duplicates("crop_id"), on="crop_id", how="left")

    @cached_property
    def split(self):
        return _read(self.folder / "split.parquet", "split")

    @property
    def film(self):
        """Whether the crops are frames of videos."""
        return bool(self.split["frame_number"].notna().any())

    def queries(self, name, protocol):
        """What the evaluation says of each query of all seeds of the method `name`: crop_id, individual, ap."""
        told = [
            self.of_run(run["run"], "queries", ["protocol", "crop_id", "individual", "ap"])
            for run in self.runs
            if run["name"] == name
        ]
        asked = _stack(told, "queries", [])
        return asked[asked["protocol"] == protocol]

    @cached_property
    def metrics(self):
        """The metrics of all runs, with run, name, method (its file), family and train_on as the settings say."""
        parts = []
        for run in self.runs:
            known = {key: run[key] for key in ("run", "name", "method", "family", "train_on")}
            parts.append(self.of_run(run["run"], "metrics").assign(**known))
        return _stack(parts, "metrics", ["run", "name", "family", "train_on"])

    def of_run(self, run, name, columns=None):
        """The table `name` (clusters, metrics or queries) of a run."""
        return _read(self.folder / "runs" / run / f"{name}.parquet", name, columns)

    def history(self, run):
        """{epoch: figures} of a run's training; an epoch that was run again after a stop counts once, the last time."""
        model = next(known["model"] for known in self.runs if known["run"] == run)
        path = self.folder.parent / model / "history.jsonl" if model else None
        lines = path.read_text().splitlines() if path and path.exists() else []
        figures = [json.loads(line) for line in lines if line.strip()]
        return {row["epoch"]: row for row in figures}

    def batch_file(self, batch, name):
        return self.folder / "batches" / batch / f"{name}.parquet"

    def provenances(self):
        """(place, provenance) of every table found; place is the batch, the run or `collection`."""
        return self._provenances

    @cached_property
    def _provenances(self):
        places = [(batch, self.batch_file(batch, name)) for batch in self.batches for name in BATCH_TABLES]
        places.append(("collection", self.folder / "split.parquet"))
        for run in (run["run"] for run in self.runs):
            places += [(run, self.folder / "batches" / batch / "features" / f"{run}.parquet") for batch in self.batches]
            made = [name for name in RUN_TABLES if name != "clusters" or run in self.clustered]
            places += [(run, self.folder / "runs" / run / f"{name}.parquet") for name in made]
        return [(place, tables.provenance(path)) for place, path in places if path.exists()]

    def images(self, wanted, made):
        """{crop_id: what `made` makes of its JPEG bytes and its mask (RLE or None)} of the crops in `wanted`."""
        found = {}
        for batch in self.batches:
            path = self.batch_file(batch, "crops")
            if path.exists() and not wanted.isdisjoint(tables.read(path, "crops", ["crop_id"])["crop_id"]):
                for crop_id, *picture in tables.stream(path, "crops", ["crop_id", "image", "mask"]):
                    if crop_id in wanted:
                        found.setdefault(crop_id, made(*picture))
        return found

    def _of_batches(self, name, columns):
        found = [batch for batch in self.batches if self.batch_file(batch, name).exists()]
        return tables.of_batches(self.folder / "batches", found, name, columns).drop(columns="batch")


def _read(path, name, columns=None):
    if path.exists():
        return tables.read(path, name, columns)
    return tables.schema(name, 1).empty_table().to_pandas()[columns or list(tables.definitions()[name]["columns"])]


def _stack(parts, name, extra):
    filled = [part for part in parts if len(part)]
    if filled:
        return pd.concat(filled, ignore_index=True)
    empty = tables.schema(name, 1).empty_table().to_pandas()
    return empty.reindex(columns=[*empty.columns, *extra])
