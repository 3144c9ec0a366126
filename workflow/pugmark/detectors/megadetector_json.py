"""Boxes that MegaDetector, or a person in Timelapse, has already made: its output JSON, formats 1.0 to 1.6.

Every such file below the batch folder is read, or the one that `file` names. Its paths may start above the batch folder
or below it: one shift per file, the one that matches most media, is applied to all of its paths, so equal file names in
two folders are never confused.
"""

import logging
from collections import Counter, defaultdict
from pathlib import Path

from pugmark.formats import folder, megadetector

LOG = logging.getLogger(__name__)
DEFAULTS = {
    "file": None,  # path of the JSON; null: every such file below the batch folder
    "confidence": 0.2,  # boxes below are left out; 0.2 is typical of MegaDetector 5, see its `detector_metadata`
}


def detect(media, batch, settings, weights, counts):
    """Yield a row per box of at least the wanted confidence on the media's images and sampled frames.

    Raises FormatError where there is no file, one is damaged, or its paths fit the batch in two ways.
    """
    usable = media[(media["status"] == "ok") & (media["kind"] != "video")]
    if usable.empty:
        return
    frames = {(row.path, None if row.kind == "image" else int(row.frame_number)): row for row in usable.itertuples()}
    without = set(usable["path"])
    for path in [Path(settings["file"])] if settings["file"] else _sidecars(batch):
        results = megadetector.read(path)
        renamed = _renamed(results.files, set(usable["path"]), path, batch)
        counts["entries without media"] += len(set(results.files) - renamed.keys())
        counts["failed in the JSON"] += sum(file in renamed for file in results.failures)
        without -= set(renamed.values())
        yield from _rows(results, renamed, frames, settings["confidence"], counts)
    counts["media without entry"] += len(without)
    if without or counts["entries without media"]:
        LOG.warning(
            "%d media have no entry in the JSON, for instance %s; %d entries name no usable media of this batch.",
            len(without),
            min(without, default="-"),
            counts["entries without media"],
        )


def _sidecars(batch):
    paths = [batch / path for path in folder.listing(batch)[1] if path.lower().endswith(".json")]
    paths = [path for path in paths if folder.is_regular(path) and megadetector.load(path)]
    if not paths:
        raise megadetector.FormatError(f"{batch} holds no MegaDetector JSON: put it there or name it in detect.file.")
    return paths


def _rows(results, renamed, frames, threshold, counts):
    for box in results.boxes:
        label = megadetector.label(box["source_label"])
        if box["file"] not in renamed or label is None or box["confidence"] < threshold:
            continue
        media = frames.get((renamed[box["file"]], box["frame_number"]))
        if media is None:
            counts["boxes on frames that are not sampled"] += 1
            continue
        kept = {key: box[key] for key in ("source_label", "confidence", "x", "y", "w", "h")}
        detector = results.detector or "megadetector_json"
        yield {"media_id": media.media_id, "label": label, "detector": detector, **kept}


def _renamed(files, paths, source, batch):
    """{file: path} of the files in the JSON that are among the media `paths`, under the shift that fits best.

    A shift takes a prefix away (paths that start above the batch) or sets one before (below). First come those that the
    names of the folders confirm, then those that match most files, then the shortest.
    """
    shifts = _shifts(files, paths)
    if not shifts:
        return {}
    folder = source.parent.relative_to(batch).as_posix() if source.is_relative_to(batch) else "."
    above, below = f"/{batch.resolve().as_posix()}/", {"", "" if folder == "." else f"{folder}/"}

    def merit(shift):
        taken, added = shift
        return above.endswith(f"/{taken}") and added in below, shifts[shift], -len(taken) - len(added)

    best = sorted(shifts, key=merit, reverse=True)[:2]
    if len(best) == 2 and merit(best[0]) == merit(best[1]):
        raise megadetector.FormatError(
            f"{source} fits {batch} equally well under {best[0][0] or best[0][1]} and {best[1][0] or best[1][1]}: "
            "give the batch folder one of these names, or cut the file to this batch."
        )
    taken, added = best[0]
    renamed = {file: added + file.removeprefix(taken) for file in files if file.startswith(taken)}
    return {file: path for file, path in renamed.items() if path in paths}


def _shifts(files, paths):
    """How many files each (prefix to take away, prefix to set before) turns into one of `paths`."""
    by_name = defaultdict(list)
    for path in paths:
        by_name[path.rsplit("/", 1)[-1]].append(path)
    shifts = Counter()
    for file in files:
        for path in by_name[file.rsplit("/", 1)[-1]]:
            if f"/{file}".endswith(f"/{path}"):
                shifts[file.removesuffix(path), ""] += 1
            elif path.endswith(f"/{file}"):
                shifts["", path.removesuffix(file)] += 1
    return shifts
