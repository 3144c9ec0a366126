"""Which media are of one trigger event, so that near-duplicates never end up on both sides of an evaluation.

Media belong to one sequence when any chain of the links of `events` joins them. Within a batch, a sequence that
labels.csv gives goes before all links.
"""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pugmark.formats import events, places

COLUMNS = [*events.COLUMNS, "status"]


def assign(rows, given, batch, gap):
    """The sequence of each of `rows` (dicts of the media table), as a list of names that begin with the batch's name.

    given: {path: sequence} of labels.csv. gap: seconds. A name tells camera and start, or clip or file where no time is
    known, and does not change when media of other events are added.
    """
    names = [f"{batch}/{given.get(row['path'], row['path'])}" for row in rows]
    free = [i for i, row in enumerate(rows) if _linkable(row["status"]) and row["path"] not in given]
    media = pd.DataFrame([rows[i] for i in free], columns=[*COLUMNS, "frame_number"])
    clips = events.clips(media)
    order = media.assign(frame_number=media["frame_number"].fillna(-1).astype(float)).sort_values(
        ["timestamp", "path", "frame_number"], na_position="last", kind="stable"
    )
    parts = pd.Series(_joined(len(free), events.links(media, gap)))
    first = parts[order.index].drop_duplicates()  # the first row of each part, by its index
    told = {part: _name(rows[free[k]], clips[k]) for k, part in first.items()}
    for k, part in parts.items():
        names[free[k]] = f"{batch}/{told[part]}"
    return names


def linked(media, gap):
    """{sequence: the first one of its event} of all sequences in `media`, over the borders of batches.

    media: DataFrame, the media tables of all batches one after the other (COLUMNS and sequence). Two sequences of one
    batch are joined only if neither was given by labels.csv: all batches together tell more of a clock's zone than one.
    """
    media = media[media["status"].map(_linkable)].reset_index(drop=True)
    codes, names = pd.factorize(media["sequence"])
    batch, found = pd.factorize(media["sequence"].str.split("/", n=1).str[0])[0], _found(media)
    joined = ((a, b, (batch[a] != batch[b]) | (found[a] & found[b])) for a, b in events.links(media, gap))
    parts = pd.Series(_joined(len(names), ((codes[a][free], codes[b][free]) for a, b, free in joined)), names)
    first = parts.drop_duplicates()
    return dict(zip(names, parts.map(pd.Series(first.index, first.to_numpy())), strict=True))


def _found(media):
    """Whether the sequence of each row is named as `_name` names one by camera and time, and so is not a given one."""
    timed = media[media["timestamp"].notna()]
    names = {_name(row, None) for row in events.dicts(timed, "timestamp", "station", "path")}
    return media["sequence"].str.split("/", n=1).str[1].isin(names).to_numpy()


def _linkable(status):
    return status == "ok" or status.startswith("duplicate of ")


def _joined(count, links):
    """The number of the part that each of `count` nodes is in, of the graph of all `links`."""
    pairs = [np.empty((2, 0), int), *(np.stack(link) for link in links)]
    a, b = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(count, count))
    return connected_components(graph, directed=False)[1] if count else np.empty(0, int)


def _name(row, clip_name):
    if row["timestamp"] is None:
        return clip_name or row["path"]
    return "/".join(part for part in (places.camera(row), row["timestamp"].isoformat(timespec="seconds")) if part)
