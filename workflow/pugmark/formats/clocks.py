"""Cameras whose clock cannot be right: it jumps back while the numbers of the pictures go on."""

import datetime as dt
import os
import re
from collections import defaultdict

# Summer time, a corrected zone and pictures written out of order go back by less.
LEAST = dt.timedelta(days=1)
JUMP = "the clock went back"
_NUMBER = re.compile(r"^(.*?)(\d{3,})$")


def jumps(rows):
    """Indices of those `rows` (dicts of the media table) that their camera numbered after pictures taken later.

    Compared are files of one folder whose names differ in their last number only, by the time that the camera itself
    wrote. A folder that holds both 0001 and 9999 tells nothing: there the count itself began anew.
    """
    cards = defaultdict(list)
    for index, row in enumerate(rows):
        folder, name = os.path.split(row["path"])
        numbered = _NUMBER.match(os.path.splitext(name)[0])
        timed = row["status"] == "ok" and row["time_source"] in ("exif", "video") and row["kind"] != "frame"
        if numbered and timed:
            cards[folder, numbered[1]].append((int(numbered[2]), index))
    return sorted(index for card in cards.values() for index in _behind(sorted(card), rows))


def _behind(card, rows):
    numbers = {number for number, _ in card}
    if {1, 9999} <= numbers:
        return
    latest = dt.datetime.min
    for _, index in card:
        taken = rows[index]["timestamp"]
        if latest - taken > LEAST:
            yield index
        latest = max(latest, taken)
