"""Animal boxes in pixels, and the media that hold them, one image at a time."""

import logging
import math

from pugmark.formats import pixels

log = logging.getLogger(__name__)


def with_animals(media, detections):
    """The usable rows of `media` that hold an animal, and {media_id: its animal rows of `detections`, as tuples}."""
    by_media = {}
    for row in detections[detections["label"] == "animal"].itertuples():
        by_media.setdefault(row.media_id, []).append(row)
    return media[(media["status"] == "ok") & media["media_id"].isin(list(by_media))], by_media


def images(media, batch):
    """Yield (row, uint8 H x W x 3) for each usable row of a media table, rows of one file together; None for the pixels
    of what can no longer be read."""
    files = {}
    for row in media.itertuples():
        files.setdefault(row.path, []).append(row)
    for path, rows in files.items():
        left = {row.media_id: row for row in rows}
        try:
            for row, image in pixels.frames_of(rows, batch / path):
                yield left.pop(row.media_id), image
        except pixels.UnreadableError as error:
            log.warning("%s: %s", path, error)
        for row in left.values():
            yield row, None


def padded(box, width, height, padding):
    """(left, top, right, bottom) in whole pixels of a detection grown on each side by `padding` of its size.

    box: a row of the detections table. The edges are rounded outwards and clipped to the media; what lies wholly
    outside of it gives a box without pixels.
    """
    left, right = _edges(box.x, box.w, padding, width)
    top, bottom = _edges(box.y, box.h, padding, height)
    return left, top, right, bottom


def _edges(start, size, padding, length):
    # Rounded first: a box that was given in pixels comes back as 30.000000000000004 of them.
    low = math.floor(round((start - padding * size) * length, 6))
    high = math.ceil(round((start + size + padding * size) * length, 6))
    low = min(max(low, 0), length)
    return low, max(min(high, length), low)


def window(array, box):
    """The view of `array` (H x W or H x W x C) inside (left, top, right, bottom)."""
    left, top, right, bottom = box
    return array[top:bottom, left:right]
