"""Write boxes as MegaDetector's output JSON 1.6, for Timelapse and other programs (`results` reads such files).

Specification: https://lila.science/megadetector-output-format
"""

import json

import av

from pugmark.runtime import disk

VERSION = "1.6"
CATEGORIES = {"animal": "1", "person": "2", "vehicle": "3"}


def write(path, media, detections, batch, detector):
    """Write all media of a batch and their detections (DataFrames of these tables) as format 1.6.

    Media that could not be read become entries with a `failure`; duplicates carry the boxes of the file they repeat.
    Frames are listed under their video, whose frame rate is read from the folder `batch`.
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
        # The format requires the video's fields even here; MegaDetector itself writes -1 for an unknown rate.
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
    # Six decimals resolve a thousandth of a pixel, and hide the rounding of single-precision confidences.
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
