"""Occasions: the days of a survey in equal parts, and how long each camera ran in each of them."""

import itertools
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
    """The Occasions that hold all `times` (Series) and the periods of `stations`. starts: HH:MM, noon for the night."""
    ends = [pd.Series(times), stations["start"], stations["end"]]
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
    """Share of each occasion that a camera ran, float stations x occasions; row by row of the station names, sorted.

    Two cameras at one station count as one while they both run. NaN where a station has no period.
    """
    names = sorted(stations["station"].unique())
    starts = occasions.first + np.arange(occasions.number + 1) * occasions.days * DAY
    found = np.full((len(names), occasions.number), np.nan)
    for number, name in enumerate(names):
        own = stations[(stations["station"] == name)].dropna(subset=["start", "end"])
        if own.empty or not occasions.number:
            continue
        on = _united(list(zip(own["start"], own["end"], strict=True)))
        off = _united([gap for gaps in own["problems"] for gap in gaps])
        dark = _common(on, off)
        running = [_overlap(on, *pair) - _overlap(dark, *pair) for pair in itertools.pairwise(starts)]
        found[number] = np.array(running) / (occasions.days * DAY)
    return names, found


def _united(periods):
    """Periods without overlaps, in order."""
    made = []
    for start, end in sorted(periods):
        if made and start <= made[-1][1]:
            made[-1] = made[-1][0], max(end, made[-1][1])
        else:
            made.append((start, end))
    return made


def _common(one, other):
    both = [(max(a, c), min(b, d)) for a, b in one for c, d in other]
    return [(start, end) for start, end in both if start < end]


def _overlap(periods, start, end):
    return sum((max(min(end, b) - max(start, a), pd.Timedelta(0)) for a, b in periods), pd.Timedelta(0))
