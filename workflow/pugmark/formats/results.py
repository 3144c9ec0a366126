"""What a detector has written about pictures: MegaDetector's JSON, formats 1.0 to 1.6, and SpeciesNet's.

MegaDetector: https://lila.science/megadetector-output-format; SpeciesNet: https://github.com/google/cameratrapai. Files
of their kin that state boxes in pixels are refused by name.
"""

import json
import math
import posixpath
import re
from dataclasses import dataclass, field

from pugmark.formats import folder, kinds, text

# A single frame of a video, as MegaDetector names it: v.mp4/frame000010.jpg, counted from 0.
_FRAME = re.compile(r"frame(\d{1,9})\.(jpg|jpeg|png)", re.I)
_SPECIESNET = {"1": "animal", "2": "human", "3": "vehicle"}


class FormatError(folder.BatchError):
    """A file is not what its format describes."""


@dataclass
class Entry:
    """What a file says of one image, video or frame file.

    failure: why it could not be read, else None. boxes: dicts of frame_number (None where none is stated), category and
    species (class names, species None without a classifier), confidence, x, y, w, h (fractions, top left; NaN where the
    file states no number).
    """

    file: str
    failure: str | None = None
    boxes: list = field(default_factory=list)


@dataclass
class Results:
    """The name of the detector, None where the file states none, and the entries, in the file's order."""

    detector: str | None
    entries: list


def frame_file(file):
    """(video, frame number) where the path `file` is a single frame of a video, else None."""
    video, _, name = file.rpartition("/")
    found = _FRAME.fullmatch(name)
    return (video, int(found[1])) if found and kinds.is_video(video) else None


def load(path):
    """The parsed file at `path`, or None where it is JSON of another kind.

    Raises BatchError where it cannot be read, FormatError where it is no JSON or holds boxes in pixels.
    """
    written = folder.content(path)
    try:
        content = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not valid JSON ({error}): write it again or remove it.") from error
    if _has(content, "file", "detections"):
        raise FormatError(_in_pixels(path, "the list that Microsoft's `megadetector` command writes"))
    if not isinstance(content, dict):
        return None
    if _has(content.get("annotations"), "img_id", "bbox"):
        raise FormatError(_in_pixels(path, "what PyTorch-Wildlife's `save_detection_json` writes"))
    if _has(content.get("predictions"), "filepath"):
        return content
    if _has(content.get("images"), "file") and "detection_categories" not in content:
        raise FormatError(f'{path} lacks `detection_categories`: add what its numbers mean, such as {{"1": "animal"}}.')
    return content if {"images", "detection_categories"} <= content.keys() else None


def read(path):
    """The Results in the file at `path`. Raises FormatError."""
    content = load(path)
    if content is None:
        raise FormatError(f"{path} is not MegaDetector output: it lacks `images` or `detection_categories`.")
    return parsed(content, path)


def parsed(content, path):
    """The Results in what `load` gave for `path`, paths as `text.path` writes them. Raises FormatError."""
    where, entries = "`predictions`", []
    try:
        content = content if "images" in content else _from_speciesnet(content)
        where = "`detection_categories`"
        categories = _names(content["detection_categories"])
        where = "`classification_categories`"
        species = _names(content.get("classification_categories") or {})
        where = "`images`"
        for number, image in enumerate(content["images"]):
            where = f"entry {number} of `images`"
            entries.append(_entry(image, categories, species))
    except KeyError as error:
        raise FormatError(f"{path}: {where} lacks {error}: write the file again, or mend it.") from error
    except (TypeError, AttributeError, ValueError, IndexError) as error:
        raise FormatError(f"{path}: {where} breaks the format ({error}): write the file again, or mend it.") from error
    info = content.get("info")
    detector = info.get("detector") if isinstance(info, dict) else None
    return Results(detector if isinstance(detector, str) else None, entries)


def _has(items, *keys):
    return isinstance(items, list) and bool(items) and isinstance(items[0], dict) and items[0].keys() >= set(keys)


def _in_pixels(path, what):
    return (
        f"{path} is {what}, with boxes in pixels: write MegaDetector's format instead, with fractions "
        "(PyTorch-Wildlife: `save_detection_timelapse_json`)."
    )


def _from_speciesnet(content):
    """`content` as MegaDetector would have written it; the species of a picture is that of its first box."""

    def image(said):
        boxes = [dict(box) for box in said.get("detections") or []]
        if boxes and said.get("prediction"):
            boxes[0]["classifications"] = [[said["prediction"], said.get("prediction_score")]]
        failure = "SpeciesNet's detector failed" if "DETECTOR" in (said.get("failures") or []) else None
        return {"file": said.get("filepath"), "failure": failure, "detections": boxes}

    said = content["predictions"]
    names = {str(item.get("prediction")): str(item.get("prediction")).rpartition(";")[2] for item in said}
    return {
        "info": {"detector": f"SpeciesNet {said[0].get('model_version') or ''}".strip()},
        "detection_categories": _SPECIESNET,
        "classification_categories": names,
        "images": [image(item) for item in said],
    }


def _names(said):
    for number, name in said.items():
        if not isinstance(name, str):
            raise ValueError(f"the name of {number!r} is {name!r}")
    return {str(number): name for number, name in said.items()}


def _entry(image, categories, species):
    path = image["file"]
    if not isinstance(path, str) or not path.strip("/\\. "):
        raise ValueError(f"`file` is {path!r}")
    file = re.sub(r"^(\.\./)+", "", posixpath.normpath(text.path(path)))
    failure = image.get("failure")
    boxes = [_box(box, categories, species) for box in image.get("detections") or []]
    return Entry(file, str(failure) if failure else None, boxes)


def _box(box, categories, species):
    category = str(box["category"])
    if category not in categories:
        raise ValueError(f"category {category} is not among `detection_categories`")
    x, y, w, h = map(_number, box["bbox"])
    best = (box.get("classifications") or [[None]])[0][0]
    return {
        "frame_number": _frame_number(box.get("frame_number")),
        "category": categories[category],
        "species": None if best is None else species.get(str(best)),
        "confidence": _number(box["conf"]),
        **{"x": x, "y": y, "w": w, "h": h},
    }


def _number(value):
    """`value` as a float; numbers come as text where a file went through a spreadsheet."""
    try:
        return math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _frame_number(value):
    number = _number(value)
    if value is not None and not (number >= 0 and number.is_integer()):
        raise ValueError(f"frame_number {value!r} is not a whole number from 0")
    return None if value is None else int(number)
