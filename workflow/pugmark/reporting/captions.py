"""What stands below a crop: whose it is, where and when it was taken, and its file with a link to the picture."""

import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Caption:
    """`name` may be None; `lines` are station and time; `file` is BATCH/PATH; `href` leads there from the report's
    folder, or is None where the picture is not found."""

    name: str | None
    lines: tuple
    file: str
    href: str | None


def of(crop, links):
    """The Caption of a crop: a row (Series or dict) of `Collection.index`. links: what `Links.to` answers."""
    frame, time = crop["frame_number"], crop["timestamp"]
    when = f"frame {int(frame)}" if pd.notna(frame) else f"{time:%Y-%m-%d %H:%M}" if pd.notna(time) else None
    name, station = (None if pd.isna(crop[key]) else crop[key] for key in ("individual", "station"))
    file = f"{crop['batch']}/{crop['path']}"
    return Caption(name, tuple(line for line in (station, when) if line), file, links.to(crop["batch"], crop["path"]))


class Links:
    """Ways from the report's folder to the pictures in the batches' folders.

    folders: {batch: folder of its media}. The pictures are not copied, so the links lead back to where they lay.
    """

    def __init__(self, folders, out):
        self.folders, self.out = folders, Path(out).resolve()

    def to(self, batch, path):
        """The relative path of a picture, or None where there is none."""
        if batch not in self.folders:
            return None
        there = Path(self.folders[batch], path)
        return os.path.relpath(there.absolute(), self.out) if there.exists() else None
