"""Cut each usable animal box out of its media: media, detections and masks in, crops out.

Settings: padding, the share of the box added on each side (0.05); min_side, the shortest side of an unpadded box in
pixels (32); min_confidence, of the detection (0); jpeg_quality (95).
"""

import io
import logging
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pugmark import tables
from pugmark.masking import boxes, rle
from pugmark.runtime import cli

log = logging.getLogger("pugmark.stages.crop")
DEFAULTS = {"padding": 0.05, "min_side": 32, "min_confidence": 0.0, "jpeg_quality": 95}
SHARPNESS_SIDE = 256
GREY_LEVELS = 4


def crop_boxes(batch, media, detections, masks, **settings):
    """Rows of the crops table, and counts of the boxes kept and, by reason, dropped.

    batch: folder of the media. media, detections, masks: DataFrames of these tables. settings: override DEFAULTS.
    """
    settings = DEFAULTS | settings
    confident = detections["confidence"] >= settings["min_confidence"]
    animal = detections["label"] == "animal"
    dropped = Counter({"not an animal": int((~animal).sum()), "low confidence": int((animal & ~confident).sum())})
    media, by_media = boxes.with_animals(media, detections[confident])
    masks = {row.detection_id: row for row in masks.itertuples()}
    rows = []
    for row, image in boxes.images(media, batch):
        for box in by_media[row.media_id]:
            reason = _unusable(box, image, settings["min_side"])
            if reason:
                dropped[reason] += 1
            else:
                rows.append(_crop(row, image, box, masks[box.detection_id], settings))
    return rows, {"crops": len(rows), "dropped": {reason: n for reason, n in sorted(dropped.items()) if n}}


def sharpness(crop):
    """Variance of the Laplacian of a uint8 RGB crop, converted to grey and scaled to 256 pixels on its long side."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    scale = SHARPNESS_SIDE / max(grey.shape)
    size = [max(1, round(side * scale)) for side in grey.shape[::-1]]
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return cv2.Laplacian(grey, cv2.CV_64F).var()


def infrared(crop):
    """Whether a uint8 RGB crop has no colour: its channels differ by less than 4 grey levels on average."""
    red, green, blue = np.moveaxis(crop, 2, 0)  # many times as fast as np.ptp over an axis of three
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    return bool((most - least).mean() < GREY_LEVELS)


def jpeg(pixels, quality):
    """The JPEG bytes of uint8 RGB pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _unusable(box, image, min_side):
    """Why a box gives no crop, or None if it gives one."""
    if image is None:
        return "unreadable media"
    left, top, right, bottom = boxes.padded(box, image.shape[1], image.shape[0], 0)
    return "too small" if min(right - left, bottom - top) < max(min_side, 1) else None


def _crop(row, image, box, mask, settings):
    height, width = image.shape[:2]
    left, top, right, bottom = boxes.padded(box, width, height, 0)
    edges = boxes.padded(box, width, height, settings["padding"])
    pixels = boxes.window(image, edges)
    return {
        "crop_id": box.detection_id,
        "image": jpeg(pixels, settings["jpeg_quality"]),
        "mask": rle.crop(mask.rle, mask.height, mask.width, edges) if isinstance(mask.rle, str) else None,
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "sharpness": sharpness(pixels),
        "area": (right - left) * (bottom - top),
        "touches_border": left <= 1 or top <= 1 or right >= width - 1 or bottom >= height - 1,
        "infrared": infrared(pixels),
        **{
            name: getattr(row, name)
            for name in ("media_id", "path", "frame_number", "station", "timestamp", "sequence")
        },
        **{name: getattr(box, name) for name in ("x", "y", "w", "h", "confidence")},
    }


def main(argv=None):
    """Crop one batch."""
    parser = cli.parser(__doc__)
    parser.add_argument("--batch", type=Path, required=True, help="folder of the media")
    for table in ("media", "detections", "masks"):
        parser.add_argument(f"--{table}", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args(argv)
    inputs = [tables.read(getattr(args, table), table) for table in ("media", "detections", "masks")]
    rows, counts = crop_boxes(args.batch, *inputs, **args.settings)
    tables.write(args.out, "crops", rows, "crop", DEFAULTS | args.settings, counts=counts)
    dropped = "".join(f", {n} dropped: {reason}" for reason, n in counts["dropped"].items())
    log.info("%d crops%s", counts["crops"], dropped)


if __name__ == "__main__":
    main()
