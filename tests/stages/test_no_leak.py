"""Random surveys: whatever cuts an event, its pictures never teach and test."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from pugmark import tables
from pugmark.formats import sequences
from pugmark.stages import split

GAP = 120
EVENING = dt.datetime(2024, 5, 31, 23, 30)
ZONE = dt.timedelta(hours=2)


def survey(random, zones=None):
    """Shots (dicts of media rows, with the event and a batch) of a few cameras over two hours around midnight.

    zones: stated by all, unknown to photographs, or mixed.
    """
    shots, zones = [], zones or random.choice(["stated", "unknown", "mixed"])
    for camera in "ABC":
        at, number = EVENING + dt.timedelta(seconds=int(random.integers(300))), int(random.integers(9990, 9999))
        layout = random.choice(["plain", "numbered", "days"])
        for event in range(8):
            for shot in range(int(random.integers(1, 5))):
                number += 1
                kind = "video" if shot and random.random() < 0.3 else "image"
                # A camera that is set to both takes its video at once.
                at += dt.timedelta(seconds=int(random.integers(1, GAP if kind == "image" else 10)))
                shots.append(medium(camera, f"{camera}{event}", at, number, kind, layout, zones, random))
            at += dt.timedelta(seconds=GAP + 1 + int(random.integers(900)))
    return shots + copies(shots, random)


def medium(camera, event, at, number, kind, layout, zones, random):
    folders = {
        "plain": "",
        "numbered": f"DCIM/{100 + number // 10000}RECNX/",
        "days": f"{at:%Y-%m-%d}/",
    }
    known = zones == "stated" or (zones == "mixed" and random.random() < 0.5)
    # A header tells UTC; it is told in the zone where the settings know it.
    local, offset = (at, "+02:00" if known else None) if kind == "image" or known else (at - ZONE, "+00:00")
    if zones == "mixed" and kind == "video":
        local, offset = at - ZONE, "+00:00"
    return {
        "media_id": f"{event}-{number}", "path": f"{camera}/{folders[layout]}{number % 10000:04}.{kind}", "kind": kind,
        "timestamp": local, "utc_offset": offset, "time_source": "exif" if kind == "image" else "video",
        "station": camera, "look": None, "frame_number": None, "status": "ok", "event": event,
        "batch": f"b{int(random.integers(3))}" if random.random() < 0.3 else f"b{at:%d}",
    }  # fmt: skip


def copies(shots, random):
    """The same file in another batch, and pictures saved anew, all in a folder that is called otherwise."""
    again = []
    for number in random.choice(len(shots), 6, replace=False):
        shot = shots[number]
        copy = shot | {"path": f"copies/{number}.jpg", "station": "copies", "batch": "b9"}
        if shot["kind"] == "image" and random.random() < 0.5:
            look = f"{random.integers(2**63):016x}"
            shot["look"] = look
            timeless = {"timestamp": None, "utc_offset": None, "time_source": "none"} if random.random() < 0.5 else {}
            copy |= {"media_id": f"anew-{number}", "look": f"{int(look, 16) ^ 5:016x}"} | timeless
        again.append(copy)
    return again


def write(folder, shots, random):
    owners = {event: random.choice([*"wxyz"]) for event in sorted({shot["event"] for shot in shots})}
    for batch in sorted({shot["batch"] for shot in shots}):
        rows = sorted((shot for shot in shots if shot["batch"] == batch), key=lambda shot: shot["path"])
        names = sequences.assign(rows, {}, batch, GAP)
        media = pd.DataFrame(rows).assign(sequence=names, width=8, height=8, time_doubt=None)
        tables.write(folder / batch / "media.parquet", "media", media.drop(columns=["event", "batch"]), "ingest")
        media["crop_id"] = [f"{name}/{path}" for name, path in zip(media["media_id"], media["path"], strict=True)]
        media["individual"] = [owners[event] if random.random() < 0.8 else None for event in media["event"]]
        blank = {"image": b"", "mask": None, "sharpness": 0.5, "area": 8, "touches_border": False, "infrared": False}
        crops = media.assign(**blank, **dict.fromkeys(("x", "y", "w", "h", "confidence"), 0.5))
        columns = tables.definitions()["crops"]["columns"]
        tables.write(folder / batch / "crops.parquet", "crops", crops[list(columns)], "crop")
        labels = media[["crop_id", "individual"]].assign(viewpoint=None, split=None)
        tables.write(folder / batch / "labels.parquet", "labels", labels, "label")
    return sorted({shot["batch"] for shot in shots})


def found(folder, shots, random, by):
    """The split table with the true event of each crop."""
    batches = write(folder, shots, random)
    settings = pd.Series({"batches": batches, "by": by, "sequence_gap": GAP}).to_json()
    split.main(["--folder", str(folder), "--out", str(folder / "split.parquet"), "--settings", settings])
    events = {f"{shot['media_id']}/{shot['path']}": shot["event"] for shot in shots}
    table = tables.read(folder / "split.parquet", "split")
    return table.assign(event=table["crop_id"].map(events))


# The last three need the zone that other photographs state (96), or that only all batches together tell.
@pytest.mark.parametrize("seed", [*range(24), 96, 135, 138])
def test_no_event_teaches_and_tests(tmp_path, seed):
    random = np.random.default_rng(seed)
    table = found(tmp_path, survey(random), random, ["sequence", "station", "individual"][seed % 3])
    used = table[table["split"] != "unused"]
    assert set(used["split"]) == {"train", "test"}
    torn = used.groupby("event")["split"].nunique()
    assert torn.max() == 1, torn[torn > 1].index.tolist()


@pytest.mark.parametrize("seed", range(10))
def test_events_that_are_known_to_be_apart_stay_apart(tmp_path, seed):
    random = np.random.default_rng(seed)
    shots = [shot for shot in survey(random, "stated") if shot["station"] != "copies"]
    table = found(tmp_path, shots, random, "sequence")
    assert table["sequence"].nunique() == table["event"].nunique()
