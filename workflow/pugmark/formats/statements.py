"""What the sidecars say of each file as a whole, from all statements about it."""

import math


def by_media(said, counts):
    """{path: {station, sequence, timestamp, source (of the timestamp), frames}} of a DataFrame of sidecars.read.

    The labels go before a package. A file to which one of them gives two stations or sequences has none, and is told
    in `counts`. Of several times the first counts: rows on frames of a video may each have their own.
    """
    stated = {}
    for row in said.to_dict("records"):
        stated.setdefault(row["path"], []).append(row)
    return {path: _facts(rows, counts) for path, rows in stated.items()}


def nothing():
    """The facts of a file of which nothing is said."""
    return dict.fromkeys(("station", "sequence", "timestamp", "source")) | {"frames": set()}


def _facts(rows, counts):
    rows = sorted(rows, key=lambda row: row["source"] != "labels")
    timed = next((row for row in rows if row["timestamp"]), {"timestamp": None, "source": None})
    return {
        "station": _agreed(rows, "station", counts),
        "sequence": _agreed(rows, "sequence", counts),
        "timestamp": timed["timestamp"],
        "source": timed["source"],
        "frames": {int(row["frame_number"]) for row in rows if not math.isnan(row["frame_number"])},
    }


def _agreed(rows, fact, counts):
    first = next((row["source"] for row in rows if row[fact]), None)
    values = {row[fact] for row in rows if row[fact] and row["source"] == first}
    counts[f"media with more than one {fact} in the sidecars (none is taken)"] += len(values) > 1
    return values.pop() if len(values) == 1 else None
