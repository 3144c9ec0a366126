"""What a batch folder holds: one row per image, video and frame taken from a video, readable or not.

Of a video, one frame is taken every `video.every_seconds`, the first included. Where sidecars speak of single frames,
or the detector brings boxes on some, exactly those, or as many of them as lie `video.frame_gap` seconds apart.
Times come from labels.csv, else a Camtrap DP package, EXIF, the file's name, the video's header; never from the file
system. Stations come from the sidecars, else by the setting `station`: `folder` (the first below the batch), `batch`,
`none`, or `auto`: the first folder that may be a place (see `formats.places`), unless folders name the individuals.
"""

import datetime as dt
import hashlib
import logging
import os
from collections import Counter
from pathlib import Path, PurePosixPath

from pugmark import tables, weights
from pugmark.detectors import boxes, megadetector_json
from pugmark.formats import (
    clocks,
    duplicates,
    folder,
    kinds,
    pixels,
    places,
    sampling,
    sequences,
    sidecars,
    statements,
    text,
    times,
)
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
_NO_ZONE = "videos in UTC beside pictures without a zone"
_NO_STATIONS = (
    "The stations are unknown, as pictures lie directly in the batch. If this folder is a station, set "
    "ingest.station: batch; otherwise put the pictures of each station into a folder of their own."
)


def ingest(batch, settings):
    """Read the folder `batch`; `settings` are merged over DEFAULTS.

    Returns the rows of the media table (list of dicts, by path and frame number) and a dict of counts. One image is
    held at a time. Raises BatchError and ZoneError, both before any media is read.
    """
    batch, settings, counts = Path(batch), {**DEFAULTS, **settings}, Counter()
    settings |= {"zone": times.zone(settings["timezone"]), "video": {**DEFAULTS["video"], **settings["video"]}}
    said = sidecars.read(batch, settings, counts=counts)
    media, _, passed = folder.listing(batch)
    originals = duplicates.originals(batch, media)
    name, first, rows = os.path.basename(os.path.abspath(batch)), {}, []
    stations = _stations(media, said, settings, name)
    facts = statements.by_media(duplicates.moved(said, originals), counts)
    for path, numbers in _frames_with_boxes(batch, settings["boxes"]).items():
        facts.setdefault(originals.get(path, path), statements.nothing())["frames"] |= numbers
    for path, original in originals.items():
        counts["duplicates in folders of two stations (the first counts)"] += (
            None not in (stations[original], stations[path]) and stations[original] != stations[path]
        )
        stations[original] = stations[original] or stations[path]
    for path in media:
        if path in originals:
            rows.append(duplicates.row(path, first[originals[path]], stations[path]))
            continue
        about = facts.get(path, {})
        row = _row(path, about, stations[path], settings)
        rows += _read(batch / path, row, about, settings, counts)
        first[path] = row
    _sequences(rows, facts, originals, name, settings)
    counts["hidden"] = passed.pop("hidden", 0)
    by_kind = {"files read": Counter(map(kinds.suffix, media)), "passed over": passed}
    return rows, _counted(rows) | dict(sorted(counts.items())) | {key: dict(by_kind[key]) for key in by_kind}


def _frames_with_boxes(batch, detector):
    """{path: frame numbers} of the boxes that the detector of these settings, if any, brings with it."""
    module = detector and _BRING_BOXES[detector["name"]]
    return module.frames(batch, {**module.DEFAULTS, **detector}) if module else {}


def _sequences(rows, facts, originals, batch, settings):
    """Fill in the sequences of `rows`, and which times their camera's later pictures put in doubt."""
    for index in clocks.jumps(rows):
        rows[index]["time_doubt"] = clocks.JUMP
    stated = {row["path"]: facts.get(originals.get(row["path"], row["path"]), {}).get("sequence") for row in rows}
    given = {path: sequence for path, sequence in stated.items() if sequence}
    for row, sequence in zip(rows, sequences.assign(rows, given, batch, settings["sequence_gap"]), strict=True):
        row.update(sequence=folder.printable(sequence), path=folder.printable(row["path"]))


def _stations(media, said, settings, batch):
    """{path: the station that the setting tells}, before any statement."""
    rule, named = settings["station"], said.dropna(subset=["individual"])
    if rule == "batch":
        return dict.fromkeys(media, batch)
    if rule == "folder":
        return {path: text.word(next(iter(PurePosixPath(path).parts[:-1]), None)) for path in media}
    animals = settings["labels"] not in ("sidecar", "none") or places.name_animals(
        zip(named["path"], named["individual"], strict=True)
    )
    return {path: None if animals or rule == "none" else places.station(path) for path in media}


def _row(path, facts, station, settings):
    return {
        "media_id": hashlib.sha256().hexdigest()[:16],
        "path": path,
        "kind": "video" if kinds.is_video(path) else "image",
        **dict.fromkeys(("width", "height", "timestamp", "utc_offset", "time_doubt", "frame_number", "look")),
        "time_source": "none",
        "station": facts.get("station") or station if settings["station"] != "none" else None,
        "status": "ok",
    }


def _read(file, row, facts, settings, counts):
    """`row` completed from the content of `file`, and rows of the frames where it is a video."""
    try:
        _acceptable(file, row["path"])
        row["media_id"] = weights.sha256(file)[:16]
        return (_video if row["kind"] == "video" else _image)(file, row, facts, settings, counts)
    except pixels.UnreadableError as error:
        row["status"] = f"unreadable: {error}"
    except OSError as error:
        row["status"] = f"unreadable: {error.strerror}"
    return [row]


def _acceptable(file, path):
    if folder.printable(path) != path:
        raise pixels.UnreadableError("the file's name is not UTF-8")
    # Reading a pipe would wait for ever.
    if file.exists() and not file.is_file():
        raise pixels.UnreadableError("not a file")


def _image(file, row, facts, settings, counts):
    row["width"], row["height"], exif, row["look"] = pixels.check_image(file)
    _date(row, facts, {"exif": lambda: times.from_exif(exif, settings["zone"])}, settings["zone"], counts)
    return [row]


def _video(file, row, facts, settings, counts):
    row["width"], row["height"], seconds, created, whole = pixels.check_video(file)
    counts["videos that break off"] += not whole
    tz = settings["zone"]
    _date(row, facts, {"video": lambda: times.from_iso(created, tz) if created else None}, tz, counts)
    taken = sampling.chosen(sorted(facts.get("frames", ())), seconds, settings["video"], counts)
    return [row] + [_frame(row, number, seconds[number]) for number in taken]


def _frame(video, number, second):
    taken = video["timestamp"] and video["timestamp"] + dt.timedelta(seconds=second)
    media_id = f"{video['media_id']}-f{number}"
    return video | {"media_id": media_id, "kind": "frame", "frame_number": number, "timestamp": taken}


def _date(row, facts, own, tz, counts):
    """Fill in the time of `row` by the best source that states a possible one; `own`: {source: how to read it}.

    What is wrong with a better source's stays as the row's doubt.
    """
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
            counts[f"times set aside ({source}: {doubt})"] += 1
            row["time_doubt"] = row["time_doubt"] or doubt
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
        "times in doubt": sum(row["time_doubt"] is not None for row in rows if row["kind"] != "frame"),
        _NO_ZONE: _without_zone(rows),
        "unreadable": states["unreadable"],
        "duplicates": states["duplicate"],
    }


def _without_zone(rows):
    """How many videos state their time in UTC where photographs do not state their zone."""
    silent = any(row["kind"] == "image" and row["timestamp"] and not row["utc_offset"] for row in rows)
    return silent * sum(
        row["time_source"] == "video" and row["utc_offset"] == "+00:00" for row in rows if row["kind"] == "video"
    )


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
    if args.settings.get("station", "auto") == "auto" and any(_nowhere(row) for row in rows):
        LOG.warning(_NO_STATIONS)
    if counts[_NO_ZONE]:
        LOG.warning("There are %d %s: set ingest.timezone, so that they can be compared.", counts[_NO_ZONE], _NO_ZONE)
    groups = {what: count for what, count in counts.items() if isinstance(count, dict)}
    for what, found in groups.items():
        LOG.info("%s: %s", what, ", ".join(f"{kind}: {number}" for kind, number in found.items()) or "none")
    # Last, since the line of a finished job shows the last one of its log.
    LOG.info("%s", ", ".join(f"{count} {what}" for what, count in counts.items() if what not in groups))
    if not counts["images"] + counts["videos"]:
        LOG.warning("%s holds no picture or video that can be used.", args.batch)


def _nowhere(row):
    """Whether nothing tells where the picture of a row was taken, neither a statement nor a folder."""
    return row["status"] == "ok" and not places.camera(row)


if __name__ == "__main__":
    main()
