"""Moments of a video at which two tracks come so near to one another that their animals may have been swapped.

Tracks are those that were followed, before people mended any: so an answer means the same to whoever looks later.
"""

from collections import defaultdict

import numpy as np
import pandas as pd

from pugmark.identity import encounters

NEAR = 1.5
"""Distance of two boxes that are near, as of encounters.distances: touching boxes, and those half a box apart."""
AROUND = 4
"""Frames that are shown before two tracks are near, and after. Tracks apart for less than both are in one moment."""
LONGEST = 16
"""Frames after which a moment is cut: animals may lie side by side for hours."""
PICTURES = 10_000
"""Crops that are shown, those of the most doubtful moments."""


def moments(rows, names, answered=()):
    """(Moments, the most doubtful first and those that were answered last, number of those that are left out).

    rows: DataFrame with batch, path, frame_number, seconds (into the video), crop_id, media_id, encounter, followed, x,
    y, w and h. names: {encounter: its animal, or None}. answered: sets of two crops that answers name. A moment is a
    dict as of `Film.moment`, with batch and video.
    """
    rows, found = rows.dropna(subset=["frame_number"]), []  # pictures are many, and nothing follows on them
    for (batch, path), part in rows.groupby(["batch", "path"]):
        film = Film(part, names)
        for tracks, places in film.meetings().items():
            shown = [film.moment(tracks, *ends) for ends in parts(places)]
            found += [{"batch": batch, "video": path} | one for one in shown if one]
    found.sort(key=lambda one: (-one["doubt"], one["batch"], one["video"], one["frames"][one["near"]]))
    found.sort(key=lambda one: any(pair <= {*crops(one)} for pair in answered))
    number = int(np.searchsorted(np.cumsum([len(crops(one)) for one in found]), PICTURES, side="right"))
    return found[:number], len(found) - number


class Film:
    """The tracks of one video. rows, names: as of `moments`. Frames go by their places among those that show boxes."""

    def __init__(self, rows, names):
        rows = rows.sort_values(["frame_number", "crop_id"], kind="stable")
        self.frames, self.boxes = pd.factorize(rows["frame_number"])[0], encounters.boxes(rows)
        self.tracks, self.names = rows["followed"].to_numpy(object), names
        self.facts = rows[["frame_number", "seconds", "media_id", "crop_id", "encounter"]].to_dict("records")
        self.of = defaultdict(dict)  # {track: {frame: its box}}
        for at, (track, frame) in enumerate(zip(self.tracks, self.frames, strict=True)):
            self.of[track][int(frame)] = at

    def meetings(self):
        """{(track, track): frames, ascending, on which they are near}."""
        found = defaultdict(list)
        for frame, rows in pd.Series(self.frames).groupby(self.frames).indices.items():
            far = encounters.distances(self.boxes[rows], self.boxes[rows])
            for pair in np.argwhere(np.triu(far <= NEAR, 1)):
                found[tuple(sorted(self.tracks[rows[pair]]))].append(frame)
        return found

    def moment(self, tracks, first, last):
        """The moment of two tracks that are near on frame `first`, and shown up to `last`; None where no box follows.

        names: of both, at its beginning. frames: [number, seconds, media_id, crop, crop] of each, None for a box that
        is not there. near, doubtful: places in `frames`, of `first` and of the step that may be a swap most likely.
        doubt: of that, as of `doubts`.
        """
        own = [self.of[track] for track in tracks]
        shown = [at for at in range(first - AROUND, last + 1) if any(at in track for track in own)]
        if shown[-1] == first:
            return None
        near, pairs = shown.index(first), [[track.get(at) for track in own] for at in shown]
        doubts = self.doubts(pairs) or {near + 1: 0.5}
        starts = [next(at for at in track if at is not None) for track in zip(*pairs, strict=True)]
        return {
            "names": [self.names.get(self.facts[at]["encounter"]) for at in starts],
            "frames": [self.told(pair) for pair in pairs],
            "near": near,
            "doubtful": max(doubts, key=doubts.get),
            "doubt": round(max(doubts.values()), 3),
        }

    def told(self, pair):
        """A frame as `moment` tells of it. pair: its boxes of both tracks, or None."""
        facts = self.facts[next(at for at in pair if at is not None)]
        seconds = None if pd.isna(facts["seconds"]) else round(float(facts["seconds"]), 2)
        own = [None if at is None else self.facts[at]["crop_id"] for at in pair]
        return [int(facts["frame_number"]), seconds, facts["media_id"], *own]

    def doubts(self, pairs):
        """{place in `pairs`: how far both boxes lie from where the animals would be had they gone on as they went, as a
        share of that and of the same if they were swapped}: above 0.5 a swap fits better."""
        whole, found = [(place, pair) for place, pair in enumerate(pairs) if None not in pair], {}
        centres = [self.boxes[pair, :2] for _, pair in whole]
        for number, (place, pair) in enumerate(whole[1:], 1):
            awaited = self.boxes[whole[number - 1][1]]
            awaited[:, :2] += centres[number - 1] - centres[max(number - 2, 0)]
            far = encounters.distances(awaited, self.boxes[pair])
            found[place] = float(np.trace(far) / far.sum()) if far.any() else 0.5
        return found


def parts(frames):
    """[(first, last to be shown)]: ascending frames on which two are near, cut into moments that share none of them."""
    cut = [[frames[0], frames[0]]]
    for frame in frames[1:]:
        if frame - cut[-1][1] > 2 * AROUND or frame - cut[-1][0] >= LONGEST:
            cut.append([frame, frame])
        cut[-1][1] = frame
    following = [first for first, _ in cut[1:]] + [np.inf]
    return [(first, min(last + AROUND, end - 1)) for (first, last), end in zip(cut, following, strict=True)]


def crops(one):
    """The crops that a moment shows."""
    return [crop for frame in one["frames"] for crop in frame[3:] if crop]
