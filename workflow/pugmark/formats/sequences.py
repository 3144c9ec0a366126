"""Which media are of one trigger event, so that near-duplicates never end up on both sides of an evaluation.

Media belong to one sequence when any chain of these links joins them:

* they are the frames of one video;
* at one camera (the station, else the folder) one was taken at most `gap` seconds after the other, midnight or not;
* their station is unknown, nothing but the file's name tells a time, and their names share a clip: what is left before
  the tags of a detector (`_obj0_cls0`) and one counter (`_0035`, `(4)`), if that still holds two numbers.

A sequence that labels.csv gives goes before all of them.
"""

import datetime as dt
import os
import re
from itertools import pairwise
from pathlib import PurePosixPath

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pugmark.formats import labels_csv, times

_TAGS = re.compile(r"([-_ ](obj|cls|det|box|crop)\d+)+$", re.IGNORECASE)
_COUNTER = re.compile(r"[-_ ]*\(\d+\)$|[-_ ]+\d{1,6}$")


def assign(rows, given, batch, gap):
    """The sequence of each of `rows` (dicts of the media table), as a list of names that begin with the batch's name.

    given: {path: sequence} of labels.csv. gap: seconds. A name tells camera and start, or clip or file where no time is
    known, and does not change when media of other events are added.
    """
    free = [i for i, row in enumerate(rows) if row["status"] == "ok" and row["path"] not in given]
    clips = _clips([rows[i] for i in free])
    names = [f"{batch}/{given.get(row['path'], row['path'])}" for row in rows]
    for members in _joined(len(free), _links([rows[i] for i in free], clips, gap)):
        first = min(members, key=lambda k: _order(rows[free[k]]))
        name = _name(rows[free[first]], clips[first])
        for k in members:
            names[free[k]] = f"{batch}/{name}"
    return names


def clip(path):
    """The name of the clip that the file at `path` was cut from, or None where its name does not tell."""
    stem = _bare(path)
    counter = _COUNTER.search(stem)
    if counter is None or any(time.end() > counter.start() for time in times.NAMED.finditer(stem)):
        return None
    name = stem[: counter.start()]
    return name if len(re.findall(r"\d+", name)) >= 2 else None


def camera(row):
    """The station of a row of the media table or, where it is unknown, the folder, whatever split it lies in."""
    if row["station"]:
        return row["station"]
    folders = PurePosixPath(row["path"]).parts[:-1]
    return "/".join(folders[1:] if folders and folders[0] in labels_csv.SPLITS else folders)


def _bare(path):
    return _TAGS.sub("", os.path.splitext(os.path.basename(path))[0])


def _clips(rows):
    named = [
        clip(row["path"]) if not row["station"] and row["time_source"] in ("none", "filename") else None for row in rows
    ]
    # `4-2(2).jpg` may have a sibling without a counter, `4-2.jpg`.
    counted = set(named)
    return [
        _bare(row["path"]) if _bare(row["path"]) in counted else name for row, name in zip(rows, named, strict=True)
    ]


def _links(rows, clips, gap):
    videos = [row["path"] if row["kind"] != "image" else None for row in rows]
    cameras, order = [camera(row) for row in rows], sorted(range(len(rows)), key=lambda k: _order(rows[k]))
    for keys in (videos, clips):
        yield from ((a, b) for group in _groups(order, keys) for a, b in pairwise(group))
    timed = [k for k in order if rows[k]["timestamp"] is not None]
    for group in _groups(timed, cameras):
        for a, b in pairwise(group):
            if (rows[b]["timestamp"] - rows[a]["timestamp"]).total_seconds() <= gap:
                yield a, b


def _groups(order, keys):
    groups = {}
    for k in order:
        if keys[k] is not None:
            groups.setdefault(keys[k], []).append(k)
    return groups.values()


def _joined(count, links):
    ends = np.array(list(links), int).reshape(-1, 2).T
    graph = coo_array((np.ones(ends.shape[1]), (ends[0], ends[1])), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    return _groups(range(count), component.tolist())


def _order(row):
    return row["timestamp"] is None, row["timestamp"] or dt.datetime.min, row["path"], row["frame_number"] or 0


def _name(row, clip_name):
    if row["timestamp"] is None:
        return clip_name or row["path"]
    return "/".join(part for part in (camera(row), row["timestamp"].isoformat(timespec="seconds")) if part)
