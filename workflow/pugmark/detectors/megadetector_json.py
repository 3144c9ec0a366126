"""Boxes that MegaDetector, SpeciesNet or a person in Timelapse has already made, from their JSON (`formats.results`).

Every such file in the batch folder is read, or the one that `file` names; `formats.matching` finds the media that its
paths mean. Where two entries disagree about a picture, the first one counts, files taken in alphabetical order.
"""

import logging
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from pugmark.formats import classes, duplicates, folder, kinds, matching, results

LOG = logging.getLogger(__name__)
DEFAULTS = {
    "file": None,  # path of the JSON; null: every such file below the batch folder
    "confidence": 0.2,  # boxes below are left out; 0.2 is typical of MegaDetector 5, see its `detector_metadata`
    "classes": {},  # what a class counts as, {"capybara": "animal", "shadow": null}: goes before the built-in table
}
ALLOWED = {
    "classes": ["animal", "person", "vehicle", None],
    "file": "null or word",
    "confidence": ">= 0, <= 1",
}


class _Said(NamedTuple):
    detector: str | None
    failure: str | None
    boxes: list  # rows of the detections table, but for `frame_number` in place of `media_id`


def detect(media, batch, settings, weights, counts):
    """Yield a row per box of at least the wanted confidence on the media's images and sampled frames.

    Raises FormatError where there is no file, or one is damaged.
    """
    usable = media[(media["status"] == "ok") & (media["kind"] != "video")]
    if usable.empty:
        return
    ids = {
        (row.path, None if row.kind == "image" else int(row.frame_number)): row.media_id for row in usable.itertuples()
    }
    paths, gathered = set(usable["path"]), _of_originals(_gathered(batch, settings, counts), duplicates.in_table(media))
    for (path, _), said in gathered.items():
        if path not in paths:
            continue
        counts["failed in the JSON"] += said.failure is not None
        for box in said.boxes:
            media_id = ids.get((path, box["frame_number"]))
            if media_id is None:
                counts["boxes on frames that are not sampled"] += 1
                continue
            row = {key: value for key, value in box.items() if key != "frame_number"}
            yield {"media_id": media_id, "detector": said.detector or "megadetector_json", **row}
    without = paths - {path for path, _ in gathered}
    counts["media without entry"] += len(without)
    if without:
        LOG.warning("%d media have no entry in the JSON, for instance %s.", len(without), min(without))


def frames(batch, settings):
    """{path: frame numbers} of the videos in the folder `batch` whose boxes reach the wanted confidence.

    Raises FormatError where a file is damaged.
    """
    found = defaultdict(set)
    media, _, _ = folder.listing(batch)
    if any(kinds.is_video(path) for path in media):
        for (path, _), said in _gathered(batch, settings, Counter(), needed=False).items():
            found[path] |= {box["frame_number"] for box in said.boxes if kinds.is_video(path)} - {None}
    return found


def _gathered(batch, settings, counts, needed=True):
    """{(path, frame number of a frame file or None): _Said} of all that the batch's files say of its media."""
    media, sidecars, _ = folder.listing(batch)
    gathered, differing = {}, []
    files = _files(batch, sidecars, settings["file"])
    if needed and not files:
        raise results.FormatError(f"{batch} holds no MegaDetector JSON: put it there or name it in detect.file.")
    for source, content in files:
        found = results.parsed(content, source)
        targets = _targets(found.entries, media, batch, source, counts)
        for entry in found.entries:
            if target := targets.get(entry.file):
                said = _Said(found.detector, entry.failure, list(_rows(entry, target[1], settings)))
                earlier = gathered.setdefault(target, said)
                if earlier.failure:
                    gathered[target] = said
                elif not said.failure and _key(said.boxes) != _key(earlier.boxes):
                    differing.append((entry.file, source))
    counts["entries that contradict an earlier one"] += len(differing)
    if differing:
        message = (
            "%d entries contradict an earlier one of the same media, for instance %s in %s: the earlier one counts."
        )
        LOG.warning(message, len(differing), *differing[0])
    return gathered


def _of_originals(gathered, originals):
    """`gathered` with what is said of duplicates as said of their originals, where nothing is said of those."""
    moved = {(originals[path], number): said for (path, number), said in gathered.items() if path in originals}
    return moved | {target: said for target, said in gathered.items() if target[0] not in originals}


def _files(batch, sidecars, named):
    """[(path, parsed content)] of the results to read."""
    if named:
        content = results.load(Path(named))
        if content is None:
            raise results.FormatError(
                f"{named} is not MegaDetector output: it lacks `images` or `detection_categories`."
            )
        return [(Path(named), content)]
    paths = [batch / path for path in sidecars if kinds.suffix(path) == ".json"]
    return [
        (path, content) for path in paths if folder.is_regular(path) and (content := results.load(path)) is not None
    ]


def _targets(entries, media, batch, source, counts):
    """What `matching.matched` finds; what it does not is counted and told."""
    targets, unclear = matching.matched([entry.file for entry in entries], media, batch, source)
    counts["entries without media"] += sum(entry.file not in targets for entry in entries)
    counts["entries left out as unclear"] += len(unclear)
    if unclear:
        LOG.warning(
            "%d paths in %s fit several media or share one, for instance %s, and are left out: give the batch folder "
            "the name that it had when the detector ran, or cut the file to this batch.",
            *(len(unclear), source, unclear[0]),
        )
    elif entries and not targets:
        LOG.warning(
            "%s names no media of the batch %s: its paths, such as %s, lead to other folders. Where they do mean this "
            "batch, give its folder the name that they have, or put the file into it with paths that start there.",
            *(source, batch, entries[0].file),
        )
    return targets


def _rows(entry, number, settings):
    """The boxes of `entry` that count, on frame `number` where the entry is that frame's."""
    for box in entry.boxes:
        label, name = _meaning(box["category"], box["species"], settings["classes"])
        if label is not None and not box["confidence"] < settings["confidence"]:
            facts = {key: box[key] for key in ("confidence", "x", "y", "w", "h")}
            frame = box["frame_number"] if number is None else number
            yield {"frame_number": frame, "label": label, "source_label": name, **facts}


def _meaning(category, species, chosen):
    """(label, class name) of a box: the classifier's, but for what the detector calls no animal."""
    label = classes.label(category, chosen)
    finer = classes.label(species, chosen) if species else None
    if label != "animal" or (finer is None and species not in chosen):
        return label, category
    return finer, species


def _key(boxes):
    """`boxes` for comparison: in any order, and with NaN equal to itself."""
    return sorted(repr(box) for box in boxes)
