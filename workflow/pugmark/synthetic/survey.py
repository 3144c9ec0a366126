"""The plan of a field period: which animals pass which station, when, showing which side, and with whom."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np

from pugmark.synthetic.coats import SIDES

ZONE = timezone(timedelta(hours=3))
FIRST_DAY, PERIOD_DAYS = datetime(2024, 3, 1, tzinfo=ZONE), 60
DAY_HOURS, NIGHT_HOURS = np.arange(7, 17, 0.5), np.r_[np.arange(19, 23.5, 0.5), np.arange(24.5, 29, 0.5)]
SECOND, MIDNIGHT = timedelta(seconds=1), timedelta(hours=23, minutes=59, seconds=59)


@dataclass(frozen=True)
class Visit:
    """A trigger event. cast: (individual, flank) of each animal. people: the number of people who walk by."""

    station: int
    start: datetime
    night: bool
    cast: tuple
    people: int


def plan(settings, batch):
    """The visits of field period `batch` (1, 2, ...) by station and time, at least 10 minutes apart at each station.

    Every individual passes `sequences` times, at a new station each time until none is left. With two or more passages
    it shows both flanks. The first night visit of every station straddles midnight.
    """
    rng = np.random.default_rng([settings["seed"], 3, batch])
    drafts = _animals(settings, batch, rng)
    for people, count in ((0, settings["empty"]), (1, settings["people"])):
        drafts += [(int(rng.integers(settings["stations"])), (), people) for _ in range(count)]
    nights = rng.uniform(size=len(drafts)) < settings["night"]
    visits = []
    for station in range(settings["stations"]):
        here = [(night, *rest) for (at, *rest), night in zip(drafts, nights, strict=True) if at == station]
        visits += [
            Visit(station, start, bool(night), cast, people)
            for start, (night, cast, people) in zip(
                _starts(rng, batch, [draft[0] for draft in here]), here, strict=True
            )
        ]
    return sorted(visits, key=lambda visit: (visit.station, visit.start))


def period(batch):
    """First and last moment of a field period."""
    start = FIRST_DAY + timedelta(days=PERIOD_DAYS * 1.5 * (batch - 1))
    return start, start + timedelta(days=PERIOD_DAYS)


def _animals(settings, batch, rng):
    """(station, cast, people) of every passage of an animal. Each of `pairs` pairs passes together once."""
    passages = {}
    for individual in range(settings["individuals"]):
        own = np.random.default_rng([settings["seed"], 4, batch, individual])
        stations, first = own.permutation(settings["stations"]), own.integers(2)
        for ordinal in range(settings["sequences"]):
            side = SIDES[(first + ordinal) % 2]
            passages[individual, ordinal] = (int(stations[ordinal % len(stations)]), ((individual, side),), 0)
    order = rng.permutation(settings["individuals"]).tolist()
    for leader, follower in list(zip(order[::2], order[1::2], strict=False))[: settings["pairs"]]:
        station, cast, _ = passages[leader, 0]
        passages[leader, 0] = (station, cast + passages.pop((follower, 0))[1], 0)
    return list(passages.values())


def _starts(rng, batch, nights):
    """A start time for each visit at one station: half-hour slots by day or night, each used at most once."""
    first, _ = period(batch)
    slots = {night: rng.permutation((PERIOD_DAYS - 1) * len(_hours(night))) for night in (False, True)}
    starts, midnight = [], True
    for ordinal, night in enumerate(nights):
        day, slot = divmod(int(slots[bool(night)][ordinal]), len(_hours(night)))
        moment = timedelta(hours=float(_hours(night)[slot]), seconds=int(rng.integers(1200)))
        if night and midnight:
            moment, midnight = MIDNIGHT, False
        starts.append(first + timedelta(days=day) + moment)
    return starts


def _hours(night):
    return NIGHT_HOURS if night else DAY_HOURS
