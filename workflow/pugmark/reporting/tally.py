"""What one batch holds, in numbers: media are counted batch by batch, and never all in memory."""

from dataclasses import dataclass

LABELS = ("animal", "person", "vehicle")
SHOWN = 5


@dataclass(frozen=True)
class Tally:
    """Of one batch: files read and skipped, frames of videos, boxes by label, crops; and which detectors, stations and
    times (first and last, or none) there are. `unused` and `doubted` (whose time is in doubt) are {reason: (number of
    media, paths of the first of them)}. `alone` counts the images and videos that have no time and are each a
    sequence of its own.
    """

    batch: str
    read: int
    skipped: int
    frames: int
    boxes: dict
    crops: int
    detectors: frozenset
    stations: frozenset
    times: tuple
    unused: dict
    doubted: dict
    alone: int


def of_batch(batch, media, detections, crops):
    """The Tally of a batch's tables (DataFrames)."""
    frames, times = media["kind"] == "frame", media["timestamp"].dropna()
    fine = media.loc[~frames, "status"] == "ok"
    return Tally(
        batch=batch,
        read=int(fine.sum()),
        skipped=int((~fine).sum()),
        frames=int(frames.sum()),
        boxes={label: int((detections["label"] == label).sum()) for label in LABELS},
        crops=len(crops),
        detectors=frozenset(detections["detector"]),
        stations=frozenset(media["station"].dropna()),
        times=(times.min(), times.max()) if len(times) else (),
        unused=_unused(media[media["status"] != "ok"]),
        doubted=_by_reason(media[~frames & media["time_doubt"].notna()], "time_doubt"),
        alone=_alone(media[~frames & (media["status"] == "ok")]),
    )


def reasons(tallies, of):
    """{reason: (number of media, (batch, path) of the first of them)} of the fields `of`, `unused` or `doubted`, of all
    batches, the commonest reason first."""
    found = {}
    for tally in tallies:
        for reason, (number, paths) in getattr(tally, of).items():
            count, first = found.get(reason, (0, []))
            found[reason] = count + number, [*first, *((tally.batch, path) for path in paths)][:SHOWN]
    return dict(sorted(found.items(), key=lambda item: (-item[1][0], item[0])))


def period(tallies):
    """First and last day as text, or None where no media has a time."""
    times = [time for tally in tallies for time in tally.times]
    if not times:
        return None
    first, last = f"{min(times):%Y-%m-%d}", f"{max(times):%Y-%m-%d}"
    return first if first == last else f"{first} to {last}"


def _alone(media):
    alone = ~media["sequence"].duplicated(keep=False)
    return int((alone & media["timestamp"].isna()).sum())


def _unused(media):
    """A duplicate's original is not a reason."""
    status = media["status"].map(lambda status: "duplicate" if status.startswith("duplicate of") else status)
    return _by_reason(media.assign(status=status), "status")


def _by_reason(media, column):
    return {reason: (len(part), part["path"].head(SHOWN).tolist()) for reason, part in media.groupby(column)}
