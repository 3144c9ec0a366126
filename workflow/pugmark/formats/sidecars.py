"""What is said about the media of a batch beside their pixels: names, boxes, stations, times.

Sidecars stand in the batch folder or any folder below, and name media relative to their own folder:

* `labels.csv` and `boxes.csv` (columns in `labels_csv`),
* the published table without a header, `name,x,y,w,h,sceneNNNNN.jpg,W,H`, beside its one video (`boxes`),
* a Camtrap DP package, `datapackage.json` (`camtrap_dp`).

A file kept apart from the batch may also be one of COCO Camera Traps (`coco`).

Or the folders name the individuals (`labels: folders`), or a class of the package wildlife-datasets knows what they say
(`labels: {"dataset": ...}`).
"""

import difflib
import functools
import logging
from collections import Counter
from pathlib import Path, PurePosixPath

import pandas as pd

from pugmark.formats import boxes, camtrap_dp, coco, folder, labels_csv, pixels, text
from pugmark.formats.folder import BatchError

LOG = logging.getLogger(__name__)
SHOWN = 5
SEARCHED = 5000
_TEXT = ["path", "individual", "station", "sequence", "timestamp", "viewpoint", "split", "species", "source", "where"]
_NUMBERS = ["frame_number", "x", "y", "w", "h"]


def read(batch, settings, labels_file=None, counts=None):
    """Everything that is said about the media of the folder `batch`.

    settings: `labels`, one of sidecar (the default), folders, none, {"dataset": class of wildlife-datasets}; none keeps
    boxes, stations and times, and forgets who the animals are. labels_file: a table kept apart from the batch, with
    paths relative to it, that stands in for its sidecars. counts: a Counter of what matched nothing.

    Returns a DataFrame with one row per statement: path, frame_number (float, NaN for images and for what holds of a
    whole video), individual, station, sequence, timestamp (ISO 8601 text), viewpoint, split, species (of a box), x, y,
    w, h (fractions of the upright media, NaN where no box is given), source (labels or package), where (file and line).
    Units of boxes: four numbers that are all at most 1 are fractions, any other box is in pixels. Raises BatchError.
    """
    batch, labels = Path(batch), settings.get("labels", "sidecar")
    counts = Counter() if counts is None else counts
    media, sidecars, _ = folder.listing(batch)
    if labels_file is not None:
        return _frame(_table(Path(labels_file), batch, "", media, counts))
    if labels == "folders":
        return _frame(from_folders(media))
    if isinstance(labels, dict):
        return _frame(_from_dataset(batch, labels["dataset"], media, counts))
    found = _frame(_from_sidecars(batch, media, sidecars, counts))
    return found.assign(individual=None, viewpoint=None, split=None) if labels == "none" else found


def from_folders(media):
    """Rows naming each of `media` (paths) after its first folder, which may follow train, val, query, gallery or test.

    Media outside such a folder, or in one called unknown, are unnamed. Raises BatchError.
    """
    rows = []
    for path in media:
        *folders, _ = PurePosixPath(path).parts
        split = folders.pop(0) if folders and folders[0] in labels_csv.SPLITS else None
        name = text.word(folders[0]) if folders and folders[0].lower() != "unknown" else None
        if folders and folders[0] in text.MISSING:
            # In the tables that come out, readers would take the name for a missing value.
            raise BatchError(f"The folder of {path}: {folders[0]!r} means a missing value in most tables: rename it.")
        rows.append({"path": path, "individual": name, "split": split, "source": "labels", "where": "folders"})
    return rows


def _from_sidecars(batch, media, sidecars, counts):
    rows, packages = [], []
    for file in sidecars:
        name, parent = PurePosixPath(file).name.lower(), PurePosixPath(file).parent.as_posix()
        prefix = "" if parent == "." else f"{parent}/"
        if name == "datapackage.json":
            packages += camtrap_dp.rows(batch, file, media, counts)
        elif name in labels_csv.REQUIRED or (name.endswith(".csv") and _is_scenes(batch / file)):
            rows += _table(batch / file, batch, prefix, media, counts)
    # Who has named the animals in labels.csv or boxes.csv has the last word on them; a package adds places and times.
    said = {row["path"] for row in rows if row["individual"] or row["x"] is not None}
    return rows + [camtrap_dp.place_and_time(row) if row["path"] in said else row for row in packages]


def _from_dataset(batch, name, media, counts):
    from pugmark.formats import public  # its libraries take seconds to load

    for path, entry in folder.walk(batch):
        # The package opens files by itself.
        if not entry.is_file() and not entry.is_symlink():
            raise BatchError(f"{path} is no file but a pipe, a socket or a device: move it out of the batch.")
    rows = _at_hand(public.rows(batch, name), media, f"labels: {name} of wildlife-datasets", counts)
    return _in_fractions(rows, batch)


def _is_scenes(file):
    return folder.is_regular(file) and boxes.is_scenes(file)


def _table(file, batch, prefix, media, counts):
    """Rows of one CSV file, or of a COCO Camera Traps file, their paths relative to the batch. Raises BatchError."""
    if file.suffix.lower() == ".json":
        return _in_fractions(_at_hand(coco.rows(file), media, file.name, counts), batch)
    try:
        if _is_scenes(file):
            rows, problems = boxes.scenes(file, _video(file, prefix, media))
        else:
            rows, problems = labels_csv.read(file, labels_csv.REQUIRED.get(file.name.lower(), ["path", "individual"]))
            rows = [row | {"path": prefix + row["path"]} for row in rows if row["path"]]
    except text.CsvError as error:
        raise BatchError(f"{file} is no table: {error}.") from error
    rows = [row | {"source": "labels", "where": f"{file.name}, line {row['line']}"} for row in rows]
    rows = _in_fractions(_at_hand(rows, media, file.name, counts), batch)
    for row in rows:
        if row["x"] is not None and boxes.outside(_box(row)):
            problems.append(f"line {row['line']}: the box is empty or leaves the image {row['path']}")
    _refuse(problems, file.name)
    return rows


def _video(file, prefix, media):
    video = boxes.video_beside(f"{prefix}{file.name}", media)
    if video is None:
        raise BatchError(f"{file.name} holds boxes of a video: put it into a folder with exactly that one video.")
    return video


def _at_hand(rows, media, source, counts):
    """The `rows` whose files are there, under the files' own names; the others are counted, and the first of them told.

    Raises BatchError where rows name files, files are there, and none fits: then it is the paths that are wrong.
    """
    known, found, gone = {text.path(path): path for path in media}, [], []
    for row in rows:
        path = known.get(text.path(row["path"]))
        (found if path else gone).append(row | {"path": path or row["path"]})
    if gone:
        examples = [_no_file(row, list(known)[:SEARCHED]) for row in gone[:SHOWN]]
        if media and not found:
            _refuse([*examples, *gone[SHOWN:]], source)
        counts["rows of tables that name no media file"] += len(gone)
        told = "; ".join(examples) + (f"; and {len(gone) - SHOWN} more" if len(gone) > SHOWN else "")
        LOG.warning("%s: %d of %d rows name no media file. %s", source, len(gone), len(rows), told)
    return found


def _no_file(row, known):
    nearest = difflib.get_close_matches(row["path"], known, 1)
    hint = f" (the nearest is {nearest[0]})" if nearest else ""
    return f"{row['where']}: there is no media file {row['path']}{hint}"


def _in_fractions(rows, batch):
    """`rows` with boxes as fractions; a box in pixels of a file that cannot be read is none."""
    size = functools.cache(lambda path: pixels.size(batch / path))
    for row in rows:
        if row.get("x") is not None and max(_box(row)) > 1:
            try:
                row.update(zip("xywh", boxes.as_fractions(_box(row), *size(row["path"])), strict=True))
            except pixels.UnreadableError:
                row.update(dict.fromkeys("xywh"))
    return rows


def _box(row):
    return [row[side] for side in "xywh"]


def _refuse(problems, source):
    if problems:
        more = f"\n  ... and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        shown = "\n  ".join(problems[:SHOWN])
        raise BatchError(f"{source} must be corrected; media are named relative to its folder.\n  {shown}{more}")


def _frame(rows):
    """`rows` as the DataFrame of `read`; boxes are cut at the edges of the image and dropped where nothing is left."""
    full = [{column: row.get(column) for column in _TEXT + _NUMBERS} for row in rows]
    table = pd.DataFrame(full, columns=_TEXT + _NUMBERS, dtype=object)
    table = table.astype(dict.fromkeys(_NUMBERS, float))
    cut = [boxes.clipped(box) for box in table[["x", "y", "w", "h"]].to_numpy()]
    table[["x", "y", "w", "h"]] = pd.DataFrame(cut, table.index, ["x", "y", "w", "h"], float)
    left = table["x"].isna() | ((table["w"] > 0) & (table["h"] > 0))
    return table[left].drop_duplicates([*_TEXT[:-1], *_NUMBERS]).reset_index(drop=True)
