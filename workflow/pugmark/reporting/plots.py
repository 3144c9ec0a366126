"""The geometry of the report's three figures, in SVG user units; templates/*.svg only draw it."""

import math

import numpy as np

LABEL, PANEL, GUTTER, LINE = 220, 370, 60, 30
CURVE = (230, 120)
SPAN = 800
BOUNDS = {"accuracy_by_matching": (0.0, 1.0)}  # of figures that are compared from panel to panel


def dots(rows, chance, metrics):
    """The leaderboard as dots with intervals: one panel per metric, one line per method, on a common 0 to 100 % axis.

    rows: leaderboard rows. chance: {metric: level or None}. metrics: {metric: title}.
    """
    panels = []
    for at, (metric, title) in enumerate(metrics.items()):
        left = LABEL + at * (PANEL + GUTTER)
        marks = [
            _dot(row, row.cells[metric], left, 40 + down * LINE) for down, row in enumerate(rows) if metric in row.cells
        ]
        level = chance.get(metric)
        panels.append(
            {
                "title": title,
                "left": left,
                "ticks": [(left + PANEL * tick / 100, tick) for tick in range(0, 101, 20)],
                "chance": None if level is None else left + PANEL * level,
                "marks": [mark for mark in marks if mark],
            }
        )
    names = [(40 + down * LINE, row.name, row.is_control) for down, row in enumerate(rows)]
    width = LABEL + len(metrics) * (PANEL + GUTTER)
    return {"width": width, "height": 62 + LINE * max(len(rows), 1), "panels": panels, "names": names}


def _dot(row, cell, left, y):
    if math.isnan(cell.value):
        return None
    place = lambda value: left + PANEL * min(max(value, 0.0), 1.0)  # noqa: E731
    interval = None if math.isnan(cell.low + cell.high) else (place(cell.low), place(cell.high))
    seeds = [place(value) for _, value, _, _ in cell.seeds if not math.isnan(value)]
    return {"x": place(cell.value), "y": y, "interval": interval, "seeds": seeds, "control": row.is_control}


def curves(histories):
    """Training curves as small panels: one row per method and one panel per figure, one line per seed.

    histories: {method: {seed: {epoch: {figure: number}}}}.
    """
    rows, top = [], 0
    for method, seeds in histories.items():
        figures = _figures(seeds)
        panels = [_panel(name, seeds, left * (CURVE[0] + 60)) for left, name in enumerate(figures)]
        rows.append({"method": method, "top": top, "panels": panels})
        top += CURVE[1] + 75
    widest = max([len(row["panels"]) for row in rows], default=1)
    return {"width": max(widest, 2) * (CURVE[0] + 60) + 20, "height": max(top, 60), "rows": rows, "panel": CURVE}


def _figures(seeds):
    rows = [row for epochs in seeds.values() for row in epochs.values()]
    numeric = {key for row in rows for key, value in row.items() if isinstance(value, int | float)}
    return sorted(numeric - {"epoch", "lr", "seed"}, key=lambda key: (key != "loss", key))[:4]


def _panel(name, seeds, left):
    points = {
        seed: [(e, row[name]) for e, row in sorted(epochs.items()) if _finite(row.get(name))]
        for seed, epochs in seeds.items()
    }
    values = [value for line in points.values() for _, value in line] or [0.0]
    last = max([epoch for line in points.values() for epoch, _ in line], default=1) or 1
    first = min([epoch for line in points.values() for epoch, _ in line], default=0)
    low, high = BOUNDS.get(name, (min(values), max(values)))
    span, length = (high - low) or 1.0, (last - first) or 1
    width, height = CURVE
    lines = [
        [(width * (epoch - first) / length, height - height * (value - low) / span) for epoch, value in line]
        for line in points.values()
        if line
    ]
    return {
        "title": name.replace("_", " "),
        "left": left,
        "lines": lines,
        "low": low,
        "high": high,
        "first": first,
        "last": last,
    }


def _finite(value):
    return isinstance(value, int | float) and math.isfinite(value)


def timeline(groups, frames):
    """Which cluster a video's frames hold: one line per cluster, with bars over its runs of successive sampled frames.

    groups: sightings of one video. frames: its sampled frame numbers. Bars of crops that bear another name than the
    cluster's commonest lie below the line.
    """
    numbers = np.unique(frames)
    step = int(np.median(np.diff(numbers))) if len(numbers) > 1 else 1
    first, length = int(numbers[0]), max(int(numbers[-1] - numbers[0]) + step, 1)
    lines = []
    for down, group in enumerate(groups):
        named = group.crops["individual"]
        other = named.notna() & (named != group.name)
        bars = [
            [
                (LABEL + SPAN * (a - first) / length, SPAN * (b - a + step) / length)
                for a, b in _runs(part["frame_number"], step)
            ]
            for part in (group.crops[~other], group.crops[other])
        ]
        lines.append({"y": 24 + down * LINE, "group": group, "right": bars[0], "wrong": bars[1]})
    ticks = [(LABEL + SPAN * part / 4, first + round(length * part / 4)) for part in range(5)]
    return {"width": LABEL + SPAN + 50, "height": 60 + LINE * len(lines), "lines": lines, "ticks": ticks}


def _runs(numbers, step):
    """(first, last) of the runs of `numbers` whose gaps are at most one and a half steps."""
    numbers = np.unique(numbers.astype(int))
    if not len(numbers):
        return []
    cuts = np.flatnonzero(np.diff(numbers) > 1.5 * step) + 1
    return [(int(run[0]), int(run[-1])) for run in np.split(numbers, cuts)]
