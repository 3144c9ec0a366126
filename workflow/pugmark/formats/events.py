"""Links between media of one trigger event.

Two media are linked when

* they are frames of one video, or files of equal content;
* at one camera (`places.camera`) one was taken at most `gap` seconds after the other, midnight or not. Times are
  compared in UTC; a clock that states no offset may have any that others state;
* one is a video whose header states UTC and the other a photograph without a zone, of the same camera: the shift by
  quarter hours that brings most of its videos beside photographs is taken for the zone;
* their station is unknown, nothing but the file's name tells a time, and their names share a clip: what is left before
  the tags of a detector (`_obj0_cls0`) and one counter (`_0035`, `(4)`), if that still holds two numbers;
* they look alike (`looks`), and were taken in the same second or one of them has no time: copies saved anew.
"""

import os
import re

import numpy as np
import pandas as pd

from pugmark.formats import looks, places, times

COLUMNS = ["media_id", "path", "kind", "timestamp", "utc_offset", "time_source", "station", "look"]
_TAGS = re.compile(r"([-_ ](obj|cls|det|box|crop)\d+)+$", re.IGNORECASE)
_COUNTER = re.compile(r"[-_ ]*\(\d+\)$|[-_ ]+\d{1,6}$")
_SHIFTS = np.arange(-12 * 4, 14 * 4 + 1) * 900.0  # seconds; every zone lies a number of quarter hours from UTC


def links(media, gap):
    """Yield arrays (a, b) of rows of `media`, numbered from 0, that are of one event."""
    cameras = pd.factorize(np.array([places.camera(row) for row in dicts(media, "station", "path")], object))[0]
    clock = _seconds(media["timestamp"])
    offset = media["utc_offset"].map(times.seconds, na_action="ignore").to_numpy(float)
    yield _neighbours(media["media_id"].str.replace(r"-f\d+$", "", regex=True))
    yield _neighbours(pd.Series(clips(media), dtype=object))
    yield _close(cameras, clock - offset, gap)
    unknown = np.isnan(offset)
    # A clock without a zone may be in any of those that others state. If nobody states one, all clocks are alike.
    zones = np.unique(offset[~unknown]) if not unknown.all() else [0]
    for zone in zones if unknown.any() else []:
        yield _close(cameras, clock - np.where(unknown, zone, offset), gap)
    yield _close(cameras, _in_zone(media, cameras, clock, offset, gap), gap)
    yield from _alike(media, cameras)


def clip(path):
    """The name of the clip that the file at `path` was cut from, or None where its name does not tell."""
    stem = _bare(path)
    counter = _COUNTER.search(stem)
    if counter is None or any(time.end() > counter.start() for time in times.NAMED.finditer(stem)):
        return None
    name = stem[: counter.start()]
    return name if len(re.findall(r"\d+", name)) >= 2 else None


def clips(media):
    """The clip of each row, None where it has a station or a better time than its file's name gives."""
    asked = media["station"].isna() & media["time_source"].isin(["none", "filename"])
    named = [clip(path) if ask else None for path, ask in zip(media["path"], asked, strict=True)]
    # `4-2(2).jpg` may have a sibling without a counter, `4-2.jpg`.
    counted = set(named) - {None}
    bare = [_bare(path) if counted and ask else None for path, ask in zip(media["path"], asked, strict=True)]
    return [stem if stem in counted else name for stem, name in zip(bare, named, strict=True)]


def _bare(path):
    return _TAGS.sub("", os.path.splitext(os.path.basename(path))[0])


def dicts(media, *columns):
    """Each row of `media` as a dict of these columns, None where a value is missing."""
    values = (media[column].astype(object).where(media[column].notna(), None) for column in columns)
    return (dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True))


def _seconds(timestamps):
    """Seconds since 1970, NaN where there is no time."""
    moments = pd.to_datetime(timestamps)
    return ((moments - pd.Timestamp(0)) / pd.Timedelta(seconds=1)).to_numpy(float)


def _neighbours(keys):
    """Every two rows next to each other among those of one key; a missing key is none."""
    codes = pd.factorize(keys)[0]
    order = np.argsort(codes, kind="stable")
    same = (np.diff(codes[order]) == 0) & (codes[order][1:] >= 0)
    return order[:-1][same], order[1:][same]


def _close(cameras, clock, gap):
    """Every two rows next to each other in time at one camera that are at most `gap` seconds apart."""
    order = np.lexsort((clock, cameras))
    with np.errstate(invalid="ignore"):
        near = (np.diff(cameras[order]) == 0) & (np.diff(clock[order]) <= gap)
    return order[:-1][near], order[1:][near]


def _in_zone(media, cameras, clock, offset, gap):
    """The `clock` of photographs that state no zone and, moved into their zone, of the videos whose headers state UTC;
    NaN for all else."""
    timed = ~np.isnan(clock)
    headers = (media["kind"] == "video").to_numpy() & (media["time_source"] == "video").to_numpy() & (offset == 0)
    silent, moved = timed & np.isnan(offset), np.where(timed & np.isnan(offset), clock, np.nan)
    pairs = {}
    for camera in np.unique(cameras[headers & timed]):
        taken, videos = np.sort(clock[silent & (cameras == camera)]), np.flatnonzero(headers & (cameras == camera))
        if len(taken):
            pairs[camera] = videos, _away(taken, clock[videos] + _SHIFTS[:, None])
    votes = sum((away <= gap).sum(1) for _, away in pairs.values())
    for videos, away in pairs.values():
        near, left = away <= gap, np.ones(len(videos), bool)
        while near[:, left].any():
            hits, distance = near[:, left].sum(1), np.where(near & left, away, 0).sum(1)
            # Where two shifts fit as many videos of this camera, the other cameras decide.
            best = np.lexsort((distance, -votes, -hits))[0]
            moved[videos[near[best] & left]] = clock[videos[near[best] & left]] + _SHIFTS[best]
            left &= ~near[best]
    return moved


def _away(ordered, wanted):
    """How far each of `wanted` is from the nearest value in `ordered` (ascending)."""
    after = np.searchsorted(ordered, wanted).clip(max=len(ordered) - 1)
    return np.minimum(np.abs(ordered[after] - wanted), np.abs(ordered[np.maximum(after - 1, 0)] - wanted))


def _alike(media, cameras):
    """Pictures that look alike, of the same second at two cameras or with one that has no time."""
    seen = np.flatnonzero(media["look"].notna())
    values, second = looks.bits(media["look"].iloc[seen]), media["timestamp"].iloc[seen].reset_index(drop=True)
    second = pd.to_datetime(second).dt.floor("s")
    timeless = second.isna().to_numpy()
    for i, j in looks.near(values, timeless):
        yield seen[i], seen[j]
    apart = pd.Series(cameras[seen]).groupby(second).transform("nunique") > 1
    for rows in second[apart.to_numpy() & ~timeless].groupby(second).indices.values() if apart.any() else ():
        rows = np.flatnonzero(apart.to_numpy() & ~timeless)[rows]
        for i, j in looks.near(values[rows], np.ones(len(rows), bool)):
            yield seen[rows[i]], seen[rows[j]]
