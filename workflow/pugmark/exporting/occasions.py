"""Occasions: the days of a survey in equal parts, and how long each camera ran in each of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

DAY = pd.Timedelta(days=1)


@dataclass
class Occasions:
    """first: when occasion 1 begins. number: of occasions. days: length of each."""

    first: pd.Timestamp
    number: int
    days: int

    def of(self, times):
        """The occasion of each time, from 1; 0 where the time is unknown or lies outside."""
        at = (pd.to_datetime(times) - self.first) / (self.days * DAY)
        found = np.floor(at.to_numpy(float, na_value=-1.0)).astype(int) + 1
        return np.where((found >= 1) & (found <= self.number), found, 0)


def over(times, stations, days, starts):
    """The Occasions of a survey. starts: HH:MM, noon for the night.

    They hold the periods of `stations`; where one of them is not known, all `times` (Series) as well. So a clock that
    is years wrong makes no survey of years where the periods are known.
    """
    ends = [stations["start"], stations["end"]]
    if not len(stations) or stations[["start", "end"]].isna().any(axis=None):
        ends.append(pd.Series(times))
    every = pd.concat([pd.to_datetime(end) for end in ends if len(end)] or [pd.Series(dtype="datetime64[us]")]).dropna()
    if every.empty:
        return Occasions(pd.NaT, 0, days)
    begins = pd.Timedelta(hours=int(starts[:2]), minutes=int(starts[3:]))
    first = (every.min() - begins).normalize() + begins
    last = max(every.max(), first + pd.Timedelta(microseconds=1))
    # A survey that is taken down at midnight has no occasion of its own for that moment.
    last = last - pd.Timedelta(microseconds=1) if last == stations["end"].max() else last
    return Occasions(first, int((last - first) // (days * DAY)) + 1, days)


def effort(stations, occasions):
    """Share of each occasion that a camera ran: DataFrame of stations, sorted, with a column per occasion, from 1.

    NaN where a station has no period.
    """
    length = occasions.days * np.timedelta64(DAY)
    edges = pd.Series([occasions.first]).to_numpy("datetime64[us]") + np.arange(occasions.number + 1) * length
    found = {}
    for name, part in stations.groupby("station", sort=True):
        periods = np.array(running(part), "datetime64[us]").reshape(-1, 2, 1)
        shared = np.minimum(periods[:, 1], edges[1:]) - np.maximum(periods[:, 0], edges[:-1])
        share = np.maximum(shared / length, 0).sum(0)
        known = part[["start", "end"]].notna().all(axis=1).any()
        found[name] = share if known else np.full(occasions.number, np.nan)
    return pd.DataFrame.from_dict(found, orient="index", columns=range(1, occasions.number + 1), dtype=float)


def cameras(stations, occasions):
    """How many cameras of each station ran in each occasion, of a shape as `effort`: 0, 1, or 2 where two ran together
    for most of that time. 1 where nothing is known."""
    ran = effort(stations, occasions)
    each = effort(stations.assign(station=np.arange(len(stations))), occasions).set_axis(stations["station"])
    every = each.groupby(level=0).sum().reindex(ran.index)
    return (ran.fillna(1) > 0).astype(int) + (every >= 1.5 * ran.where(ran > 0)).astype(int)


def running(part):
    """When a station ran: pairs of times in order, none of which overlap. part: its rows of the table of stations.

    Two cameras count as one while they both run; the station is off only while neither runs.
    """
    known = part.dropna(subset=["start", "end"])
    rows = zip(known["start"], known["end"], known["problems"], strict=True)
    return _united([piece for start, end, gaps in rows for piece in _without(start, end, gaps)])


def _without(start, end, gaps):
    """The parts of a period that lie in none of the `gaps`."""
    for begins, stops in _united(gaps):
        if start < min(begins, end):
            yield start, min(begins, end)
        start = max(start, stops)
    if start < end:
        yield start, end


def _united(periods):
    """Periods without overlaps, in order."""
    made = []
    for start, end in sorted(periods):
        if made and start <= made[-1][1]:
            made[-1] = made[-1][0], max(end, made[-1][1])
        else:
            made.append((start, end))
    return made
