"""Animal boxes in pixels, and the images that contain them, one at a time."""

import logging
import math

from pugmark.formats import pixels

log = logging.getLogger(__name__)


def with_animals(media, detections):
    """The usable rows of `media` that show an animal, and {media_id: its animal rows of `detections`, as tuples}."""
    by_media = {}
    for row in detections[detections["label"] == "animal"].itertuples():
        by_media.setdefault(row.media_id, []).append(row)
    return media[(media["status"] == "ok") & media["media_id"].isin(list(by_media))], by_media


def images(media, batch):
    """Yield (row, uint8 H x W x 3) for each usable row of a media table, file by file.

    The pixels are None for what can no longer be read.
    """
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
    """(left, top, right, bottom) in whole pixels of a detection, each side moved outwards by `padding` of its size.

    box: a row of the detections table. Edges are rounded outwards and clipped to the media. A box entirely outside the
    media becomes empty.
    """
    left, right = _edges(box.x, box.w, padding, width)
    top, bottom = _edges(box.y, box.h, padding, height)
    return left, top, right, bottom


def grown(box, width, height, share):
    """The box (left, top, right, bottom), each side moved outwards by `share` of its size, within the picture."""
    left, top, right, bottom = box
    across, down = round(share * (right - left)), round(share * (bottom - top))
    return max(left - across, 0), max(top - down, 0), min(right + across, width), min(bottom + down, height)


def _edges(start, size, padding, length):
    # Round first: 30 pixels stored as a fraction come back as 30.000000000000004.
    low = math.floor(round((start - padding * size) * length, 6))
    high = math.ceil(round((start + size + padding * size) * length, 6))
    low = min(max(low, 0), length)
    return low, max(min(high, length), low)


def window(array, box):
    """The view of `array` (H x W or H x W x C) inside (left, top, right, bottom)."""
    left, top, right, bottom = box
    return array[top:bottom, left:right]
