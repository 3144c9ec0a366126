"""Protocols: which gallery items are junk for a query and do not count.

A protocol is a rule and, if the rule needs it, a column or window:

    {"junk": "none"}                                        nothing but the query's own crop
    {"junk": "same_camera"}                                 same individual at the same station (Market-1501)
    {"junk": "same_sequence_window", "window": 3}           same individual and sequence, at most 3 frames apart (ATRW)
    {"junk": "strict_cross", "column": "sequence"}          same individual with the same value of that column
    {"junk": {"same": ["station", "viewpoint"]}}            same individual with the same values of all these columns

Junk is always of the query's own individual. An unknown value equals nothing, not even another unknown value.
`"groups": "station"` splits the queries by whether their individual has one or several values of that column. Each
group is averaged separately, and mmAP is the mean of the two (ATRW's single-camera and cross-camera).
"""

import difflib

import numpy as np
import pandas as pd

DEFAULTS = {
    "cross_sequence": {"junk": "strict_cross", "column": "sequence"},
    "all": {"junk": "none"},
}
CROSS_STATION = {"cross_station": {"junk": "strict_cross", "column": "station"}}
_RULES = {"none": (), "same_camera": ("station",), "same_sequence_window": ("sequence",), "strict_cross": None}


class ProtocolError(ValueError):
    """A protocol in the settings that names a rule or column that does not exist, or lacks a window."""


def default(gallery):
    """The default protocols: across sequences, without junk, and, with two or more stations, across stations."""
    return DEFAULTS | (CROSS_STATION if gallery["station"].nunique() > 1 else {})


def junk(name, protocol, queries, gallery):
    """The function that tells `ranking.rank` which items are junk for a query; None if the protocol has no junk.

    queries, gallery: rows of the split table. Raises ProtocolError.
    """
    columns, window = _columns(name, protocol, gallery), protocol.get("window")
    if not columns:
        return None
    query_keys, gallery_keys = _keys(columns, queries, gallery)
    query_frames, gallery_frames = (
        rows["frame_number"].to_numpy(float, na_value=np.nan) for rows in (queries, gallery)
    )

    def is_junk(query, members):
        matches = gallery_keys[members] == query_keys[query]
        if window is not None:
            matches &= np.abs(gallery_frames[members] - query_frames[query]) <= window
        return matches

    return is_junk


def spread(column, queries, gallery):
    """Whether each query's individual has several values of `column` in the gallery: bool, Q."""
    values = gallery.groupby("individual")[column].nunique()
    return queries["individual"].map(values).fillna(0).to_numpy() > 1


def _columns(name, protocol, gallery):
    rule = protocol.get("junk", "none")
    columns = tuple(rule["same"]) if isinstance(rule, dict) else _RULES.get(rule, ())
    if not isinstance(rule, dict) and rule not in _RULES:
        raise ProtocolError(f"Protocol {name}: there is no junk rule {rule!r}{_nearest(rule, _RULES)}.")
    columns = (protocol.get("column", "sequence"),) if columns is None else columns
    for column in columns:
        if column not in gallery:
            raise ProtocolError(f"Protocol {name}: there is no column {column!r}{_nearest(column, gallery.columns)}.")
    if rule == "same_sequence_window" and "window" not in protocol:
        raise ProtocolError(f"Protocol {name}: same_sequence_window needs a `window`, in frames.")
    return columns


def _nearest(word, known):
    close = difflib.get_close_matches(str(word), list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else f" (there are {', '.join(known)})"


def _keys(columns, queries, gallery):
    """One number per combination of values, the same in queries and gallery. Unknown values never match."""
    both = pd.concat([queries[list(columns)], gallery[list(columns)]], ignore_index=True)
    keys = both.groupby(list(columns), dropna=True).ngroup().to_numpy()
    query_keys, gallery_keys = keys[: len(queries)], keys[len(queries) :]
    return np.where(query_keys < 0, -1, query_keys), np.where(gallery_keys < 0, -2, gallery_keys)
