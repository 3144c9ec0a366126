"""What all formats are written from: one row per crop, with who it was, how sure that is, where and when."""

import functools
import glob
import json
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pugmark import tables
from pugmark.exporting import occasions
from pugmark.identity import known, ledger
from pugmark.planning import batches

DECIDED = ("known", "new")
OF_CROPS = ["crop_id", "media_id", "path", "frame_number", "x", "y", "w", "h", "confidence"]
OF_MEDIA = ["media_id", "kind", "width", "height", "utc_offset"]


@dataclass
class Export:
    """What a format is given, and where it says what it left out.

    name: of the collection. crops: DataFrame as of `of_collection`. individuals: DataFrame of the table. pairs:
    DataFrame as of opinions.table. stations: DataFrame as of stations.read, empty where nothing is known. occasions: as
    of occasions.Occasions. told: sentences for README.txt. videos: {(batch, path): (frames a second, frames seen)}.
    """

    name: str
    crops: pd.DataFrame
    individuals: pd.DataFrame
    pairs: pd.DataFrame
    stations: pd.DataFrame
    occasions: occasions.Occasions
    told: list = field(default_factory=list)
    videos: dict = field(default_factory=dict)

    @property
    def certain(self):
        """The crops that have a name."""
        return self.crops[self.crops["certain"]]

    @property
    def encounters(self):
        """One row per encounter: that of its first crop."""
        return self.crops.drop_duplicates("encounter")

    @property
    def nameless(self):
        """One row per animal and event that has no certain name from either flank: that of its first crop."""
        named = self.crops["track"].isin(self.certain["track"])
        return self.crops[~named].drop_duplicates("track")

    @property
    def sides(self):
        """{individual: set of the flanks from which it is certainly known}."""
        return self.certain.groupby("individual")["flank"].agg(lambda flanks: set(flanks.dropna())).to_dict()

    @functools.cached_property
    def effort(self):
        """Share of each occasion that each station ran, as of occasions.effort."""
        return occasions.effort(self.stations, self.occasions)

    def captured(self, rows):
        """`rows` that have a station and lie in an occasion, with `occasion` and `ran`, the station's effort then; NaN
        where that is not known."""
        rows = rows.dropna(subset=["station"])
        rows = rows.assign(occasion=self.occasions.of(rows["timestamp"]))
        rows = rows[rows["occasion"] > 0]
        at = self.effort.index.get_indexer(rows["station"])
        ran = np.full(len(rows), np.nan)
        ran[at >= 0] = self.effort.to_numpy()[at[at >= 0], rows["occasion"].to_numpy()[at >= 0] - 1]
        return rows.assign(ran=ran)


def of_collection(split, folder, identities, certainty):
    """One row per crop, in the order of the catalogue.

    Columns: encounter, track, batch, sequence, station, timestamp, utc_offset, media_id, path, kind, frame_number,
    width and height of the picture, box, confidence; individual, decision, probability, by, flank; and `certain`,
    whether it is decided and at least as probable as `certainty`.
    """
    rows = known.crops(split, folder).drop(columns=["individual", "flank"])
    parts = [_of_batch(folder, batch) for batch in rows["batch"].unique()]
    facts = pa.concat_tables(parts).to_pandas() if parts else pd.DataFrame(columns=[*OF_CROPS, *OF_MEDIA, "batch"])
    rows = rows.merge(facts.drop(columns="media_id"), on=["crop_id", "batch"], how="left", validate="one_to_one")
    rows = rows.merge(identities.drop(columns="candidate"), on="encounter", how="left")
    certain = rows["decision"].isin(DECIDED) & (rows["probability"] >= certainty) & rows["individual"].notna()
    # Without any crop, pandas knows no types.
    rows = rows.astype({"timestamp": "datetime64[us]", "probability": float})
    return rows.assign(certain=certain.astype(bool), batch=rows["batch"].map(batches.whole))


def of_animals(crops, pairs):
    """(crops, pairs, sentences for README.txt) without what shows no animal of this collection, as people said.

    crops: as of `of_collection`. pairs: as of opinions.table.
    """
    others = set(crops["encounter"][crops["decision"] == ledger.OTHER])
    told = [f"{len(others)} encounters show no animal of this collection, as people said: no file holds them."]
    kept = ~(pairs["a"].isin(others) | pairs["b"].isin(others))
    return crops[~crops["encounter"].isin(others)], pairs[kept], told if others else []


def videos(crops, folder):
    """{(batch, path): (frames a second, numbers of the frames looked at)} of the videos that show animals.

    folder: holds {batch}/detections.json of batches and of their shards.
    """
    found = {}
    for batch in crops["batch"][crops["frame_number"].notna()].unique():
        for part in sorted([folder / batch, *folder.glob(f"{glob.escape(batch)}.*of*")]):
            if (part / "detections.json").exists():
                for image in json.loads((part / "detections.json").read_text())["images"]:
                    if image.get("frame_rate", 0) > 0:
                        rate, frames = found.get((batch, image["file"]), (image["frame_rate"], []))
                        found[batch, image["file"]] = rate, sorted({*frames, *image["frames_processed"]})
    return found


def _of_batch(folder, batch):
    """OF_CROPS and OF_MEDIA of the crops of a batch, an Arrow table: media without a crop are not kept."""
    crops = tables.read_arrow(folder / batch / "crops.parquet", "crops", OF_CROPS)
    media = tables.read_arrow(folder / batch / "media.parquet", "media", OF_MEDIA)
    media = media.take(pc.index_in(crops["media_id"], value_set=media["media_id"].combine_chunks()))
    for name in OF_MEDIA[1:]:
        crops = crops.append_column(name, media[name])
    return crops.append_column("batch", pa.repeat(batch, len(crops)))


def plain(names, blank="_", forbidden=r"[^A-Za-z0-9.-]"):
    """{name: how it is written} for formats that take neither blanks nor signs; all are different, and none is NA."""
    written, taken = {}, {"NA", "na", "NaN", "nan", ""}
    for name in sorted(map(str, names)):
        base = re.sub(forbidden, blank, name)
        short = base = f"x{base}" if base.startswith("-") else base  # no spreadsheet takes it for a formula
        number = 2
        while short in taken:
            short, number = f"{base}.{number}", number + 1
        taken.add(short)
        written[name] = short
    return written


def csv(path, table):
    """Write a DataFrame as CSV that people open in spreadsheets: what would be a formula there gets an apostrophe."""
    texts = table.select_dtypes(["object", "string"]).columns
    exact(path, table.assign(**{column: table[column].map(_no_formula) for column in texts}))


def exact(path, table):
    """Write a DataFrame as CSV: UTF-8, no index, empty cells for what is not known, and every name as it is.

    For tables that a program reads by the rules of a standard: to it an apostrophe would be a part of the name.
    """
    table.to_csv(path, index=False, lineterminator="\n", date_format="%Y-%m-%d %H:%M:%S")


def text(path, rows, comment):
    """Write rows of words with blanks between, under a comment: what R's read.table reads."""
    lines = [" ".join(map(str, row)) for row in rows]
    path.write_text("\n".join([f"# {comment}", *lines]) + "\n", encoding="utf-8")


def share(value):
    """A share with four digits, or nothing."""
    return "" if value is None or np.isnan(value) else f"{value:.4g}"


def _no_formula(cell):
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in tuple("=+-@\t\r") else cell
