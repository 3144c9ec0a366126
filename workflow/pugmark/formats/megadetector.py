"""MegaDetector's output JSON, read in versions 1.0 to 1.6 and written as 1.6.

Specification: https://lila.science/megadetector-output-format
"""

import json
import math
from dataclasses import dataclass, field

import av

from pugmark.runtime import disk

VERSION = "1.6"
CATEGORIES = {"animal": "1", "person": "2", "vehicle": "3"}
_PEOPLE = {"person", "human", "people"}
_VEHICLES = {"vehicle", "bicycle", "car", "motorcycle", "bus", "train", "truck", "boat"}
_NOTHING = {"empty", "blank"}


class FormatError(ValueError):
    """A file is not what MegaDetector's format describes."""


@dataclass
class Results:
    """What a file says. `failures` maps files to reasons; each box has file, frame_number, source_label, confidence,
    x, y, w, h (fractions, top left; NaN where the file gives no number)."""

    detector: str | None = None
    files: list = field(default_factory=list)
    failures: dict = field(default_factory=dict)
    boxes: list = field(default_factory=list)


def label(name):
    """`animal`, `person`, `vehicle` or None (nothing there) for the class name `name`; an unknown name is an animal."""
    name = name.strip().lower()
    if name in _NOTHING:
        return None
    return "person" if name in _PEOPLE else "vehicle" if name in _VEHICLES else "animal"


def load(path):
    """The parsed file, or None where it is JSON of another kind. Raises FormatError where it is no JSON."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not valid JSON ({error}): write it again or remove it.") from error
    keys = {"images", "detection_categories"}
    return content if isinstance(content, dict) and keys <= content.keys() else None


def read(path):
    """The Results in the file at `path`, file names with forward slashes. Raises FormatError."""
    content = load(path)
    if content is None:
        raise FormatError(f"{path} is not MegaDetector output: it lacks `images` or `detection_categories`.")
    found = Results(detector=content.get("info", {}).get("detector"))
    try:
        names = {str(number): name for number, name in content["detection_categories"].items()}
        for image in content["images"]:
            _read_image(image, names, found)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        where = f"entry {len(found.files)} of `images`"
        raise FormatError(f"{path}: {where} breaks the format ({type(error).__name__}: {error}).") from error
    return found


def _read_image(image, names, found):
    file = "/".join(part for part in image["file"].replace("\\", "/").split("/") if part != ".")
    found.files.append(file)
    if image.get("failure"):
        found.failures[file] = str(image["failure"])
    for box in image.get("detections") or []:
        x, y, w, h = map(_number, box["bbox"])
        found.boxes.append(
            {
                "file": file,
                "frame_number": box.get("frame_number"),
                "source_label": names[str(box["category"])],
                "confidence": _number(box["conf"]),
                **{"x": x, "y": y, "w": w, "h": h},
            }
        )


def _number(value):
    return float(value) if isinstance(value, int | float) else math.nan


def write(path, media, detections, batch, detector):
    """Write all media of a batch and their detections (DataFrames of these tables) as format 1.6.

    Media that could not be read are entries with a `failure`; duplicates carry the boxes of the file they repeat.
    Frames are told under their video, whose frame rate is read from `batch`.
    """
    boxes = {media_id: rows.to_dict("records") for media_id, rows in detections.groupby("media_id", sort=False)}
    frames = _frames_by_video(media)
    files = media[media["kind"] != "frame"]
    content = {
        "info": {"format_version": VERSION, "detector": detector},
        "detection_categories": {number: name for name, number in CATEGORIES.items()},
        "images": [_entry(row, frames, boxes, batch) for row in files.itertuples()],
    }
    with disk.replacing(path) as partial, open(partial, "w") as file:
        json.dump(content, file, indent=1, allow_nan=False)


def _frames_by_video(media):
    videos = {}
    for row in media[media["kind"] == "frame"].itertuples():
        videos.setdefault(row.media_id.rsplit("-f", 1)[0], {})[int(row.frame_number)] = row.media_id
    return videos


def _entry(row, frames, boxes, batch):
    failure = None if row.status == "ok" or row.status.startswith("duplicate") else row.status
    if row.kind == "image":
        return _outcome(row.path, failure, [_box(box) for box in boxes.get(row.media_id, [])])
    rate = None if failure else _frame_rate(batch / row.path)
    if rate is None:
        # The format wants the video's fields even here; MegaDetector itself writes -1 for a rate that nobody knows.
        failed = _outcome(row.path, failure or "the video states no frame rate", [])
        return {**failed, "frame_rate": -1.0, "frames_processed": []}
    numbers = sorted(frames.get(row.media_id, {}).items())
    found = [{**_box(box), "frame_number": number} for number, frame in numbers for box in boxes.get(frame, [])]
    return {
        **_outcome(row.path, None, found),
        "frame_rate": rate,
        "frames_processed": [number for number, _ in numbers],
    }


def _outcome(file, failure, detections):
    return (
        {"file": file, "failure": failure, "detections": None} if failure else {"file": file, "detections": detections}
    )


def _box(box):
    # Six decimals are a thousandth of a pixel, and hide that confidences are stored in single precision.
    bbox = [round(float(box[side]), 6) for side in "xywh"]
    return {"category": CATEGORIES[box["label"]], "conf": round(float(box["confidence"]), 6), "bbox": bbox}


def _frame_rate(path):
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate = stream.average_rate or stream.guessed_rate
    except (av.FFmpegError, IndexError, OSError):
        return None
    return float(rate) if rate else None
