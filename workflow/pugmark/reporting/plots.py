"""The report's figures, drawn with Matplotlib: leaderboards, training curves, studies, reliability and timelines."""

import math

import numpy as np

from pugmark.reporting import drawing
from pugmark.reporting.drawing import ACCENT, CYCLE, DASHES, GROUND, SOFT, WARM

LINE, NAMES, PANEL = 30, 220, 410
"""Pixels: between two lines of a plot, for their names, and across a panel of the leaderboard."""
MARKS = "os^Dv"
"""Of the points of a map, where there are more individuals than colours."""
DECADES = 50
"""How many times the least value the largest is on a logarithmic axis."""
DODGE = 0.012
"""Between bars at one place, as a share of the axis."""
BOUNDS = {"accuracy_by_matching": (0.0, 1.0)}  # of figures that are compared from panel to panel


def short(text, most=26):
    """`text` cut to fit a plot's label."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def dots(rows, chance, metrics):
    """The leaderboard as dots with intervals: one panel per metric, one line per method, on a common 0 to 100 % axis.

    rows: leaderboard rows. chance: {metric: level or None}. metrics: {metric: title}. Returns a Figure.
    """
    with drawing.style():
        figure = drawing.figure(NAMES + len(metrics) * PANEL, 70 + LINE * max(len(rows), 1))
        panels = figure.subplots(1, len(metrics), sharey=True, squeeze=False)[0]
        for panel, (metric, title) in zip(panels, metrics.items(), strict=True):
            panel.set(title=f"{title}, %", xlim=(0, 100), xticks=range(0, 101, 20), ylim=(len(rows) - 0.5, -0.5))
            panel.spines[:].set_visible(False)
            panel.set_yticks(range(len(rows)), [short(row.name) for row in rows])
            if chance.get(metric) is not None:
                panel.axvline(100 * chance[metric], color=WARM, linestyle="--")
            for down, row in enumerate(rows):
                if metric in row.cells:
                    _dot(panel, down, row.cells[metric], row.is_control)
        for label, row in zip(panels[0].get_yticklabels(), rows, strict=True):
            label.set_color(SOFT if row.is_control else drawing.INK)
    return figure


def layout(points):
    """A map of crops and prototypes as a Figure; each individual has a mark of its own, hollow for prototypes.

    points: DataFrame of the table `layout`.
    """
    with drawing.style():
        drawn = drawing.figure(NAMES + PANEL, PANEL)
        panel = drawn.subplots()
        panel.set(xticks=[], yticks=[])
        for at, (name, rows) in enumerate(points.groupby("individual", sort=True)):
            mark, colour = MARKS[at // len(CYCLE) % len(MARKS)], CYCLE[at % len(CYCLE)]
            for kind, own in rows.groupby("kind"):
                filled = {"facecolors": colour, "s": 26, "label": short(name)}
                told = {"facecolors": GROUND, "s": 90} if kind == "prototype" else filled
                panel.scatter(own["x"], own["y"], marker=mark, edgecolors=colour, **told)
        panel.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return drawn


def _dot(panel, down, cell, control):
    colour = SOFT if control else ACCENT
    panel.hlines(down, 100 * cell.low, 100 * cell.high, color=colour, linewidth=3, alpha=0.45)
    if len(cell.seeds) > 1:
        panel.plot([100 * value for _, value, _, _ in cell.seeds], [down] * len(cell.seeds), "|", color=colour, ms=9)
    panel.plot(100 * cell.value, down, "o", color=colour, markerfacecolor=GROUND if control else colour, ms=7)


def curves(histories):
    """Training curves as small panels: one row per method and one panel per figure, one line per seed; or None.

    histories: {method: {seed: {epoch: {figure: number}}}}.
    """
    if not histories:
        return None
    figures = {method: _figures(seeds) for method, seeds in histories.items()}
    columns = max(2, *map(len, figures.values()))
    with drawing.style():
        figure = drawing.figure(290 * columns, 195 * len(histories))
        parts = figure.subfigures(len(histories), 1, squeeze=False)[:, 0]
        for part, (method, seeds) in zip(parts, histories.items(), strict=True):
            part.suptitle(short(method, 60) + _steps(seeds), x=0.01, ha="left", weight="bold", fontsize="medium")
            panels = part.subplots(1, columns, squeeze=False)[0]
            for panel in panels[len(figures[method]) :]:
                panel.set_axis_off()
            for panel, name in zip(panels, figures[method], strict=False):
                _panel(panel, name, seeds)
    return figure


def _steps(seeds):
    """How many steps the longest of the trainings took, in words."""
    steps = max((row.get("steps", 0) for epochs in seeds.values() for row in epochs.values()), default=0)
    return f": {steps:,} step{'s' if steps > 1 else ''}".replace(",", "\u202f") if steps else ""


def _figures(seeds):
    rows = [row for epochs in seeds.values() for row in epochs.values()]
    numeric = {key for row in rows for key, value in row.items() if isinstance(value, int | float)}
    return sorted(numeric - {"epoch", "steps", "lr", "seed"}, key=lambda key: (key != "loss", key))[:4]


def _panel(panel, name, seeds):
    panel.set_title(short(name.replace("_", " "), 30), weight="normal")
    panel.set_xlabel("epoch", loc="right")
    panel.xaxis.get_major_locator().set_params(integer=True, nbins=5)
    panel.yaxis.get_major_locator().set_params(nbins=4)
    for at, epochs in enumerate(seeds.values()):
        points = [(epoch, row[name]) for epoch, row in sorted(epochs.items()) if _finite(row.get(name))]
        look = {"color": CYCLE[at % 3], "linestyle": DASHES[at % 3]}
        panel.plot(*zip(*points, strict=True), marker="o" if len(points) == 1 else "", **look) if points else None
    if name in BOUNDS:
        panel.set_ylim(*BOUNDS[name])


def _finite(value):
    return isinstance(value, int | float) and math.isfinite(value)


def against(axis, title, lines):
    """Percentages with error bars against a number.

    axis: what lies below. lines: {name: [(x, mean, low, high)]}, shares, whose ends may be NaN; the name is written
    beside the plot. Returns a Figure.
    """
    spots = sorted({point[0] for line in lines.values() for point in line})
    decades = spots[0] > 0 and spots[-1] / spots[0] >= DECADES
    with drawing.style():
        figure = drawing.figure(720, 290)
        panel = figure.subplots()
        panel.set(title=f"{title}, %", xscale="log" if decades else "linear")
        panel.set_xlabel(short(axis, 60), loc="right")
        panel.set_xticks(spots, [f"{spot:g}" for spot in spots], minor=False)
        panel.minorticks_off()
        for at, (name, line) in enumerate(lines.items()):
            _bars(panel, at, name, np.array(sorted(line)), (at - (len(lines) - 1) / 2) * DODGE, spots, decades)
        if any(lines):
            figure.legend(loc="outside right upper", frameon=False, handlelength=3)
    return figure


def _bars(panel, at, name, line, dodge, spots, decades):
    """Lines stand side by side, so that bars at one place do not hide one another."""
    x, means, ends = line[:, 0], 100 * line[:, 1], 100 * line[:, 2:].T
    places = x * (spots[-1] / spots[0]) ** dodge if decades else x + dodge * (spots[-1] - spots[0])
    look = {"color": CYCLE[at % 3], "linestyle": DASHES[at % 3]}
    errors = np.abs(ends - means)
    panel.errorbar(places, means, errors, marker="o", markerfacecolor=GROUND, label=short(name, 32) or None, **look)


def reliability(bins):
    """What came true of stated probabilities, with intervals, against the diagonal where the two are equal.

    bins: dicts of at, value, low and high, shares whose ends may be NaN, and n. Returns a Figure.
    """
    with drawing.style():
        figure = drawing.figure(PANEL, PANEL)
        panel = figure.subplots()
        panel.set(xlim=(-2, 102), ylim=(-2, 102), aspect="equal")
        panel.set_title("One animal, % of the pairs", pad=22)
        panel.set_xlabel("probability, %", loc="right")
        panel.plot([0, 100], [0, 100], color=WARM, linestyle="--")
        for one in bins:
            at, value = 100 * one["at"], 100 * one["value"]
            panel.vlines(at, 100 * one["low"], 100 * one["high"], color=ACCENT, linewidth=3, alpha=0.45)
            panel.plot(at, value, "o", color=ACCENT, ms=7)
            panel.text(at, 104, one["n"], ha="center", color=SOFT)
    return figure


def nothing():
    """A Figure that says so."""
    with drawing.style():
        figure = drawing.figure(480, 80)
        figure.text(0.04, 0.45, "Nothing to show")
    return figure


def timeline(groups, frames):
    """Which cluster a video's frames hold: one line per cluster, with bars over its runs of successive sampled frames.

    groups: sightings of one video. frames: its sampled frame numbers. Bars of crops that bear another name than the
    cluster's commonest lie below the line. Returns a Figure.
    """
    numbers = np.unique(frames)
    step = int(np.median(np.diff(numbers))) if len(numbers) > 1 else 1
    with drawing.style():
        figure = drawing.figure(1070, 60 + LINE * len(groups))
        panel = figure.subplots()
        panel.set(xlim=(numbers[0], numbers[-1] + step), ylim=(len(groups) - 0.5, -0.5))
        panel.set_xlabel("frame", loc="right")
        panel.spines["left"].set_visible(False)
        panel.grid(axis="y")
        panel.set_yticks(range(len(groups)), [short(_label(group)) for group in groups])
        for down, group in enumerate(groups):
            named = group.crops["individual"]
            other = named.notna() & (named != group.name) & (not group.is_noise)
            colour = SOFT if group.is_noise else ACCENT
            panel.broken_barh(_runs(group.crops.loc[~other, "frame_number"], step), (down - 0.2, 0.25), color=colour)
            panel.broken_barh(_runs(group.crops.loc[other, "frame_number"], step), (down + 0.15, 0.2), color=WARM)
    return figure


def _label(group):
    return group.label if group.is_noise or not group.name else f"{group.label} · {group.name}"


def _runs(numbers, step):
    """(first, length) of the runs of `numbers` whose gaps are at most one and a half steps."""
    numbers = np.unique(numbers.astype(int))
    if not len(numbers):
        return []
    cuts = np.flatnonzero(np.diff(numbers) > 1.5 * step) + 1
    return [(int(run[0]), int(run[-1] - run[0]) + step) for run in np.split(numbers, cuts)]
