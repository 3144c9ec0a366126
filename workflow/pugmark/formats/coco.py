"""Boxes with species from a COCO Camera Traps file, as LILA publishes them.

Coordinates there are pixels of the image whose `width` and `height` the file states, which may be another size than the
file on disk.
"""

import json

from pugmark.formats import folder, text
from pugmark.formats.folder import BatchError


def rows(file):
    """What the JSON `file` says, a dict per box: path, species, station, sequence, x, y, w, h (fractions where the size
    of the image is stated, else pixels) and where. Raises BatchError."""
    try:
        said = json.loads(folder.content(file))
        species = {entry["id"]: entry["name"] for entry in said["categories"]}
        images = {entry["id"]: entry for entry in said["images"]}
        boxed = [entry for entry in said["annotations"] if entry.get("bbox")]
        return [
            _row(images[entry["image_id"]], entry["bbox"], species[entry["category_id"]])
            | {"where": f"{file.name}, annotation {entry.get('id')}"}
            for entry in boxed
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"[:120]
        raise BatchError(f"{file} is no COCO Camera Traps file ({reason}): mend it, or name another.") from error


def _row(image, box, species):
    sides = dict(zip("xywh", map(float, box), strict=True))
    if image.get("width") and image.get("height"):
        size = {"x": image["width"], "y": image["height"], "w": image["width"], "h": image["height"]}
        # A box may leave the image by a pixel, and numbers above 1 would be taken for pixels.
        sides = {side: min(value / size[side], 1.0) for side, value in sides.items()}
    station, sequence = (image.get(key) for key in ("location", "seq_id"))
    return {
        "path": text.path(image["file_name"]),
        "species": species,
        "station": None if station is None else str(station),
        "sequence": None if sequence is None else str(sequence),
        "source": "labels",
        **sides,
    }
