"""What a batch folder holds: one row per image, video and frame taken from a video, readable or not.

Of a video, one frame is taken every `video.every_seconds`, the first included. Where sidecars speak of single frames,
or the detector brings boxes on some, exactly those, or as many of them as lie `video.frame_gap` seconds apart.
Times come from labels.csv, else a Camtrap DP package, EXIF, the file's name, the video's header; never from the file
system. Stations come from the sidecars, else by the setting `station`: `folder` (the first below the batch), `batch`,
`none`, or `auto`: the folder, unless it names an individual, a split or a camera's own numbering.
"""

import datetime as dt
import hashlib
import logging
import math
import os
import re
from collections import Counter
from pathlib import Path, PurePosixPath

from pugmark import tables, weights
from pugmark.detectors import boxes, megadetector_json
from pugmark.formats import folder, kinds, labels_csv, pixels, sequences, sidecars, text, times
from pugmark.runtime import cli

LOG = logging.getLogger("pugmark.stages.ingest")
DEFAULTS = {
    "timezone": None,
    "station": "auto",
    "sequence_gap": 120,
    "video": {"every_seconds": 1.0, "frame_gap": 0.0},
    "labels": "sidecar",
    "boxes": {"name": "megadetector_json"},  # a detector that brings boxes, with its settings, or null
}
_BRING_BOXES = {"boxes": boxes, "megadetector_json": megadetector_json}
_NOTHING = dict.fromkeys(("station", "sequence", "timestamp", "source"))
_NOT_PLACES = re.compile(rf"DCIM|\d{{3}}[A-Z0-9_]{{5}}|{'|'.join(labels_csv.SPLITS)}")


def ingest(batch, settings):
    """Read the folder `batch`; `settings` are merged over DEFAULTS.

    Returns the rows of the media table (list of dicts, by path and frame number) and a dict of counts. One image is
    held at a time. Raises BatchError and ZoneError, both before any media is read.
    """
    batch, settings, counts = Path(batch), {**DEFAULTS, **settings}, Counter()
    settings |= {"zone": times.zone(settings["timezone"]), "video": {**DEFAULTS["video"], **settings["video"]}}
    said = _by_media(sidecars.read(batch, settings, counts=counts))
    for path, numbers in _frames_with_boxes(batch, settings["boxes"]).items():
        said.setdefault(path, _NOTHING | {"frames": set()})["frames"] |= numbers
    media, _, passed = folder.listing(batch)
    name, rows, first = os.path.basename(os.path.abspath(batch)), [], {}
    for path in media:
        row = _row(path, said.get(path, {}), settings, name)
        rows += _read(batch / path, row, said.get(path, {}), settings, first, counts)
    given = {path: facts["sequence"] for path, facts in said.items() if facts["sequence"]}
    for row, sequence in zip(rows, sequences.assign(rows, given, name, settings["sequence_gap"]), strict=True):
        row.update(sequence=folder.printable(sequence), path=folder.printable(row["path"]))
    counts["hidden"] = passed.pop("hidden", 0)
    by_kind = {"files read": Counter(map(kinds.suffix, media)), "passed over": passed}
    return rows, _counted(rows) | dict(sorted(counts.items())) | {key: dict(by_kind[key]) for key in by_kind}


def _by_media(said):
    """{path: {station, sequence, timestamp, source, frames}}: of each the first that any statement gives."""
    facts = {}
    for row in said.to_dict("records"):
        fact = facts.setdefault(row["path"], _NOTHING | {"frames": set()})
        fact["source"] = fact["source"] if fact["timestamp"] or not row["timestamp"] else row["source"]
        for key in ("station", "sequence", "timestamp"):
            fact[key] = fact[key] or row[key]
        if not math.isnan(row["frame_number"]):
            fact["frames"].add(int(row["frame_number"]))
    return facts


def _frames_with_boxes(batch, detector):
    """{path: frame numbers} of the boxes that the detector of these settings, if any, brings with it."""
    module = detector and _BRING_BOXES[detector["name"]]
    return module.frames(batch, {**module.DEFAULTS, **detector}) if module else {}


def _row(path, facts, settings, batch):
    return {
        "media_id": hashlib.sha256().hexdigest()[:16],
        "path": path,
        "kind": "video" if kinds.is_video(path) else "image",
        **dict.fromkeys(("width", "height", "timestamp", "utc_offset", "frame_number")),
        "time_source": "none",
        "station": _station(path, facts, settings, batch),
        "status": "ok",
    }


def _station(path, facts, settings, batch):
    rule, folders = settings["station"], PurePosixPath(path).parts[:-1]
    if rule == "none" or facts.get("station"):
        return facts.get("station") if rule != "none" else None
    if rule == "batch":
        return batch
    names_places = settings["labels"] in ("sidecar", "none") and folders and not _NOT_PLACES.fullmatch(folders[0])
    return text.word(folders[0]) if folders and (rule == "folder" or names_places) else None


def _read(file, row, facts, settings, first, counts):
    """`row` completed from the content of `file`, and rows of the frames where it is a video."""
    try:
        _acceptable(file, row["path"])
        digest = weights.sha256(file)
        row["media_id"] = digest[:16]
        if digest in first:
            row["status"] = f"duplicate of {folder.printable(first[digest])}"
            return [row]
        rows = (_video if row["kind"] == "video" else _image)(file, row, facts, settings, counts)
    except pixels.UnreadableError as error:
        row["status"] = f"unreadable: {error}"
    except OSError as error:
        row["status"] = f"unreadable: {error.strerror}"
    else:
        first[digest] = row["path"]
        return rows
    return [row]


def _acceptable(file, path):
    if folder.printable(path) != path:
        raise pixels.UnreadableError("the file's name is not UTF-8")
    # Reading a pipe would wait for ever.
    if file.exists() and not file.is_file():
        raise pixels.UnreadableError("not a file")


def _image(file, row, facts, settings, counts):
    row["width"], row["height"], exif = pixels.check_image(file)
    _date(row, facts, {"exif": lambda: times.from_exif(exif)}, settings["zone"], counts)
    return [row]


def _video(file, row, facts, settings, counts):
    row["width"], row["height"], seconds, created, whole = pixels.check_video(file)
    counts["videos that break off"] += not whole
    tz = settings["zone"]
    _date(row, facts, {"video": lambda: times.from_iso(created, tz) if created else None}, tz, counts)
    taken = _chosen(sorted(facts.get("frames", ())), seconds, settings["video"], counts)
    return [row] + [_frame(row, number, seconds[number]) for number in taken]


def _chosen(named, seconds, settings, counts):
    if not named:
        return sampled(seconds, settings["every_seconds"])
    found = [number for number in named if number < len(seconds)]
    kept = apart(found, seconds, settings["frame_gap"])
    counts["frames named that the video does not have (the first is 0)"] += len(named) - len(found)
    counts["frames with boxes left out by frame_gap"] += len(found) - len(kept)
    return kept


def sampled(seconds, every):
    """Numbers of the first frame at or after each multiple of `every` seconds, of frames `seconds` after the first."""
    numbers, due = [], 0.0
    for number, second in enumerate(seconds):
        if second >= due - 1e-6:
            numbers.append(number)
            due = (math.floor(second / every + 1e-6) + 1) * every
    return numbers


def apart(numbers, seconds, gap):
    """Those of the frame `numbers`, ascending, that are at least `gap` after the last that is kept."""
    kept = []
    for number in numbers:
        if not kept or seconds[number] - seconds[kept[-1]] >= gap - 1e-6:
            kept.append(number)
    return kept


def _frame(video, number, second):
    taken = video["timestamp"] and video["timestamp"] + dt.timedelta(seconds=second)
    media_id = f"{video['media_id']}-f{number}"
    return video | {"media_id": media_id, "kind": "frame", "frame_number": number, "timestamp": taken}


def _date(row, facts, own, tz, counts):
    """Fill in the time of `row` by the best source that states a possible one; `own`: {source: how to read it}."""
    said = {facts["source"]: lambda: times.from_iso(facts["timestamp"], tz)} if facts.get("timestamp") else {}
    name = {"filename": lambda: times.from_name(os.path.basename(row["path"]))}
    ranked = said | own | name if "exif" in own else said | name | own
    for source, stated in ranked.items():
        try:
            taken = stated()
            doubt = taken and times.doubt(taken.local)
        except (ValueError, OverflowError):
            taken, doubt = None, "not a date"
        if doubt:
            counts[f"times set aside: {source}, {doubt}"] += 1
        elif taken:
            row["timestamp"], row["utc_offset"] = times.placed(taken, tz)
            row["time_source"] = source
            return


def _counted(rows):
    kinds = Counter(row["kind"] for row in rows if row["status"] == "ok")
    states = Counter(row["status"].split(" ")[0].rstrip(":") for row in rows)
    return {
        "images": kinds["image"],
        "videos": kinds["video"],
        "frames": kinds["frame"],
        "sequences": len({row["sequence"] for row in rows if row["status"] == "ok"}),
        "without time": sum(row["time_source"] == "none" for row in rows if row["status"] == "ok"),
        "unreadable": states["unreadable"],
        "duplicates": states["duplicate"],
    }


def main(argv=None):
    parser = cli.parser(__doc__)
    parser.add_argument("--batch", type=Path, required=True, help="the batch folder")
    parser.add_argument("--out", required=True, help="media table to write")
    args = parser.parse_args(argv)
    try:
        rows, counts = ingest(args.batch, args.settings)
    except (folder.BatchError, times.ZoneError) as error:
        raise SystemExit(f"{args.batch}: {error}") from error
    tables.write(args.out, "media", rows, stage="ingest", settings=args.settings, counts=counts)
    groups = {what: count for what, count in counts.items() if isinstance(count, dict)}
    LOG.info("%s", ", ".join(f"{count} {what}" for what, count in counts.items() if what not in groups))
    for what, found in groups.items():
        LOG.info("%s: %s", what, ", ".join(f"{kind}: {number}" for kind, number in found.items()) or "none")
    if not counts["images"] + counts["videos"]:
        LOG.warning("%s holds no picture or video that can be used.", args.batch)


if __name__ == "__main__":
    main()
