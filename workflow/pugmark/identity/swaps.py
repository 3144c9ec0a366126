"""Swaps: from a frame of a video on, the tracks of two animals are each other's, as people said.

Two animals that cross between two frames may each be followed as the other. A person says from which frame on, and
names the tracks by a crop of each. Both then exchange whatever follows, also in later files of the event. So an
encounter shows one animal again, and is matched and named by its own crops alone.

A swap is said of the tracks as they were followed, and never of mended ones: whoever looks at it later sees what the
first person saw. Swaps are mended in order of their frames, so each finds what those before it left.
"""

import numpy as np
import pandas as pd


def mended(rows, swaps):
    """(The track of each row, object N, sentences about swaps that mend nothing).

    rows: DataFrame with crop_id, path, frame_number and track, as followed, in order of time. swaps: as of said.swaps;
    those on crops of other batches are passed over.
    """
    place = {crop: at for at, crop in enumerate(rows["crop_id"])}
    (followed, names), paths = pd.factorize(rows["track"]), pd.factorize(rows["path"])[0]
    rows = rows.assign(track=followed, path=paths)  # numbers are compared faster than names
    tracks, told, done = followed.copy(), [], []
    for frame, *crops in swaps:
        if all(crop in place for crop in crops):
            found = exchanged(rows, tracks, frame, [place[crop] for crop in crops])
            if not found:
                told.append(f"{' and '.join(crops)} are swapped from frame {frame}, which does not part two tracks.")
            elif found not in done:  # nor said of other crops of the same tracks
                done.append(found)
                start, one, other = found
                later = tracks[start:]
                later[:] = np.where(later == one, other, np.where(later == other, one, later))
    return np.asarray(names, object)[tracks], told


def exchanged(rows, tracks, frame, places):
    """(First row, track, track) of what is exchanged from `frame` on; None unless both were there before, one after.

    rows: as of `mended`, with numbers for names. tracks: int N, mended up to here. places: numbers of rows, of a crop
    of each of the two.
    """
    followed, path = rows["track"].to_numpy(), rows["path"].to_numpy()
    own = [np.flatnonzero(followed == followed[place]) for place in places]
    both = np.sort(np.concatenate(own))
    numbers = rows["frame_number"].to_numpy(float)[both]  # NaN of pictures
    after = both[(path[both] == path[places[0]]) & (numbers >= frame)]
    if path[places[0]] != path[places[1]] or not len(after):
        return None
    ends = {tracks[part[part < after[0]][-1]] for part in own if part[0] < after[0]}
    return (int(after[0]), *sorted(ends)) if len(ends) == 2 else None
