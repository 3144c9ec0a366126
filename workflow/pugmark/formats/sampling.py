"""Which frames of a video are taken, and when each of them was shown."""

import math


def steady(stamps, step):
    """Seconds since the first frame of frames with these time `stamps` (seconds, None where missing), never falling.

    A frame whose stamp is missing, or no later than the one before, comes `step` seconds after that one, and later
    stamps count from there: recorders that join clips start again at 0.
    """
    seconds, shift = [], None
    for stamp in stamps:
        due = seconds[-1] + step if seconds else 0.0
        if stamp is None:
            shift = None
        elif shift is None or (seconds and stamp + shift <= seconds[-1]):
            shift = due - stamp
        seconds.append(due if stamp is None else stamp + shift)
    return seconds


def chosen(named, seconds, settings, counts):
    """Numbers of the frames to take: of those that are `named` (ascending), where any are, else every so often.

    seconds: of each frame. settings: every_seconds, frame_gap. What is left out is added to `counts`.
    """
    if not named:
        return sampled(seconds, settings["every_seconds"])
    found = [number for number in named if number < len(seconds)]
    kept = apart(found, seconds, settings["frame_gap"])
    counts["frames named that the video does not have (the first is 0)"] += len(named) - len(found)
    counts["frames with boxes left out by frame_gap"] += len(found) - len(kept)
    return kept


def sampled(seconds, every):
    """Numbers of the first frame at or after each multiple of `every` seconds, of frames `seconds` after the first."""
    numbers, due = [], 0.0
    for number, second in enumerate(seconds):
        if second >= due - 1e-6:
            numbers.append(number)
            due = (math.floor(second / every + 1e-6) + 1) * every
    return numbers


def apart(numbers, seconds, gap):
    """Those of the frame `numbers`, ascending, that are at least `gap` after the last that is kept."""
    kept = []
    for number in numbers:
        if not kept or seconds[number] - seconds[kept[-1]] >= gap - 1e-6:
            kept.append(number)
    return kept
