"""Files for other programs: MegaDetector's JSON with names, wildlife-datasets' metadata, and the tracks of videos."""

import itertools
import json
import operator

import pandas as pd

from pugmark import __version__
from pugmark.exporting.sightings import csv, exact
from pugmark.formats.megadetector import VERSION


def write(folder, export):
    """megadetector.json, wildlife_datasets.csv, and of videos tracks.csv and mot/*.txt."""
    (folder / "megadetector.json").write_text(json.dumps(megadetector(export), indent=1, ensure_ascii=False) + "\n")
    exact(folder / "wildlife_datasets.csv", wildlife_datasets(export))
    frames = tracks(export)
    if len(frames):
        csv(folder / "tracks.csv", frames)
        (folder / "mot").mkdir()
        numbers = {name: number for number, name in enumerate(sorted(frames["individual"].unique()), 1)}
        for number, (_, part) in enumerate(frames.groupby(["batch", "path"]), 1):
            csv_of_mot(folder / "mot" / f"{number}.txt", part, numbers)
        videos = frames[["batch", "path"]].drop_duplicates().sort_values(["batch", "path"])
        csv(folder / "mot" / "videos.csv", videos.assign(file=[f"{at}.txt" for at in range(1, len(videos) + 1)]))
        csv(folder / "mot" / "animals.csv", pd.DataFrame({"number": numbers.values(), "individual": numbers.keys()}))


def megadetector(export):
    """MegaDetector's results: every box an animal, with its individual as a classification."""
    names = sorted(export.certain["individual"].unique())
    numbers = {name: str(number) for number, name in enumerate(names, 1)}
    images = []
    rows = export.crops.sort_values(["batch", "path"], kind="stable").itertuples()
    for (batch, path), boxes in itertools.groupby(rows, key=operator.attrgetter("batch", "path")):
        found = [_box(row, numbers) for row in boxes]
        entry = {"file": f"{batch}/{path}", "detections": found}
        if any("frame_number" in box for box in found):
            # Without a frame rate the format takes a video for a failure only.
            rate, frames = export.videos.get((batch, path), (-1.0, []))
            lost = {} if frames else {"detections": None, "failure": "the video states no frame rate"}
            entry |= lost | {"frame_rate": rate, "frames_processed": frames}
        images.append(entry)
    writer = f"Pugmark {__version__}"
    return {
        "info": {"format_version": VERSION, "detector": writer, "classifier": f"{writer} (individuals)"},
        "detection_categories": {"1": "animal"},
        "classification_categories": {number: name for name, number in numbers.items()},
        "images": images,
    }


def _box(row, numbers):
    found = {
        "category": "1",
        "conf": round(float(row.confidence), 4),
        "bbox": [round(float(value), 5) for value in (row.x, row.y, row.w, row.h)],
    }
    if row.frame_number is not None and row.frame_number == row.frame_number:
        found["frame_number"] = int(row.frame_number)
    if row.certain:
        found["classifications"] = [[numbers[row.individual], round(float(row.probability), 4)]]
    return found


def wildlife_datasets(export):
    """wildlife-datasets' metadata: image_id, identity, path, bbox (x, y, width, height; pixels), orientation, date."""
    rows = export.crops.dropna(subset=["width", "height"])
    box = [
        str([round(float(value), 1) for value in (x * width, y * height, w * width, h * height)])
        for x, y, w, h, width, height in rows[["x", "y", "w", "h", "width", "height"]].to_numpy()
    ]
    return pd.DataFrame(
        {
            "image_id": rows["crop_id"],
            "identity": rows["individual"].where(rows["certain"], "unknown"),
            "path": rows["batch"] + "/" + rows["path"],
            "bbox": box,
            "orientation": rows["flank"],
            "date": rows["timestamp"],
        }
    )


def tracks(export):
    """Of videos, one row per named box and frame, in pixels."""
    rows = export.certain.dropna(subset=["frame_number", "width", "height"])
    table = rows[["batch", "path", "individual", "confidence"]].assign(frame=rows["frame_number"].astype(int))
    for name, size in (("x", "width"), ("y", "height"), ("w", "width"), ("h", "height")):
        table[name] = (rows[name] * rows[size]).round(1)
    return table.sort_values(["batch", "path", "frame", "individual"])[
        ["batch", "path", "frame", "individual", *"xywh", "confidence"]
    ]


def csv_of_mot(path, part, numbers):
    """MOT Challenge: frame from 1, number of the animal, left, top, width, height, confidence, -1, -1, -1."""
    rows = zip(
        part["frame"] + 1,
        part["individual"].map(numbers),
        *(part[name] for name in "xywh"),
        part["confidence"].round(4),
        strict=True,
    )
    path.write_text("".join(",".join(map(str, [*row, -1, -1, -1])) + "\n" for row in rows))
