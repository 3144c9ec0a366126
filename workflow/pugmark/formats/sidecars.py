"""What is said about the media of a batch beside their pixels: names, boxes, stations, times.

Sidecars stand in the batch folder or any folder below, and name media relative to their own folder:

* `labels.csv` and `boxes.csv` (columns in `labels_csv`),
* the published table without a header, `name,x,y,w,h,sceneNNNNN.jpg,W,H`, beside its one video (`boxes`),
* a Camtrap DP package, `datapackage.json` (`camtrap_dp`).

Or the folders name the individuals (`labels: folders`), or a class of the package wildlife-datasets knows what they say
(`labels: {"dataset": ...}`).
"""

import csv
import difflib
import functools
from pathlib import Path, PurePosixPath

import pandas as pd

from pugmark.formats import boxes, camtrap_dp, folder, labels_csv, pixels
from pugmark.formats.folder import BatchError

SHOWN = 5
_TEXT = ["path", "individual", "station", "sequence", "timestamp", "viewpoint", "split", "source", "where"]
_NUMBERS = ["frame_number", "x", "y", "w", "h"]


def read(batch, settings, labels_file=None):
    """Everything that is said about the media of the folder `batch`.

    settings: `labels`, one of sidecar (the default), folders, none, {"dataset": class of wildlife-datasets}; none keeps
    boxes, stations and times, and forgets who the animals are. labels_file: a table kept apart from the batch, with
    paths relative to it, that stands in for its sidecars.

    Returns a DataFrame with one row per statement: path, frame_number (float, NaN for images and for what holds of a
    whole video), individual, station, sequence, timestamp (ISO 8601 text), viewpoint, split, x, y, w, h (fractions of
    the upright media, NaN where no box is given), source (labels or package), where (file and line).
    Units of boxes: four numbers that are all at most 1 are fractions, any other box is in pixels. Raises BatchError.
    """
    batch, labels = Path(batch), settings.get("labels", "sidecar")
    media, sidecars, _ = folder.listing(batch)
    if labels_file is not None:
        return _frame(_table(Path(labels_file), batch, "", media))
    if labels == "folders":
        return _frame(from_folders(media))
    if isinstance(labels, dict):
        return _frame(_from_dataset(batch, labels["dataset"], media))
    found = _frame(_from_sidecars(batch, media, sidecars))
    return found.assign(individual=None, viewpoint=None, split=None) if labels == "none" else found


def from_folders(media):
    """Rows naming each of `media` (paths) after its first folder, which train, val, query or gallery may precede.

    Media outside such a folder, or in one called unknown, are unnamed. Raises BatchError.
    """
    rows = []
    for path in media:
        *folders, _ = PurePosixPath(path).parts
        split = folders.pop(0) if folders and folders[0] in labels_csv.SPLITS else None
        name = folders[0] if folders and folders[0].lower() != "unknown" else None
        if problem := labels_csv.name_problem(name):
            raise BatchError(f"The folder of {path}: {problem}.")
        rows.append({"path": path, "individual": name, "split": split, "source": "labels", "where": "folders"})
    return rows


def _from_sidecars(batch, media, sidecars):
    rows, packages = [], []
    for file in sidecars:
        name, parent = PurePosixPath(file).name.lower(), PurePosixPath(file).parent.as_posix()
        prefix = "" if parent == "." else f"{parent}/"
        if name == "datapackage.json":
            packages += camtrap_dp.rows(batch, file, media)
        elif name in labels_csv.REQUIRED or (name.endswith(".csv") and _is_scenes(batch / file)):
            rows += _table(batch / file, batch, prefix, media)
    # Who has named the animals in labels.csv or boxes.csv has the last word on them; a package adds places and times.
    said = {row["path"] for row in rows if row["individual"] or row["x"] is not None}
    return rows + [camtrap_dp.place_and_time(row) if row["path"] in said else row for row in packages]


def _from_dataset(batch, name, media):
    from pugmark.formats import public  # its libraries take seconds to load

    rows = public.rows(batch, name)
    here = set(media)
    problems = [f"there is no media file {row['path']}" for row in rows if row["path"] not in here]
    problems += [problem for row in rows if (problem := labels_csv.name_problem(row["individual"]))]
    _refuse(problems, f"labels: {name} of wildlife-datasets")
    return _in_fractions(rows, batch)


def _is_scenes(file):
    try:
        return boxes.is_scenes(labels_csv.first_cells(file))
    except (UnicodeDecodeError, OSError, csv.Error):
        return False


def _table(file, batch, prefix, media):
    """Rows of one CSV file, their paths relative to the batch. Raises BatchError."""
    try:
        if _is_scenes(file):
            rows, problems = boxes.scenes(file, _video(file, prefix, media))
        else:
            rows, problems = labels_csv.read(file, labels_csv.REQUIRED.get(file.name.lower(), ["path", "individual"]))
            rows = _in_fractions(_here(rows, prefix, media, problems), batch)
    except UnicodeDecodeError as error:
        raise BatchError(f"{file} is not UTF-8 text: save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise BatchError(f"{file} is no table ({error}): save it as CSV in UTF-8.") from error
    except OSError as error:
        raise BatchError(f"{file} cannot be read ({error.strerror}): check that it is there.") from error
    for row in rows:
        if row["x"] is not None and boxes.outside(_box(row)):
            problems.append(f"line {row['line']}: the box is empty or leaves the image {row['path']}")
    _refuse(problems, file.name)
    return [row | {"source": "labels", "where": f"{file.name}, line {row['line']}"} for row in rows]


def _video(file, prefix, media):
    video = boxes.video_beside(f"{prefix}{file.name}", media)
    if video is None:
        raise BatchError(f"{file.name} holds boxes of a video: put it into a folder with exactly that one video.")
    return video


def _here(rows, prefix, media, problems):
    """The `rows` whose files are there, under the files' own names; the others add to `problems`."""
    known, found = {labels_csv.normal(path): path for path in media}, []
    for row in rows:
        name = labels_csv.normal(prefix + (row["path"] or ""))
        if name in known:
            found.append(row | {"path": known[name]})
        elif row["path"]:
            nearest = difflib.get_close_matches(name, known, 1) if len(problems) < SHOWN else []
            hint = f" (the nearest is {nearest[0]})" if nearest else ""
            problems.append(f"line {row['line']}: there is no media file {name}{hint}")
    return found


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
