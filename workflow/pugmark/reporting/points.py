"""The geometry of a plot of means with error bars against a number, in SVG user units; points.svg draws it."""

import math

LEFT, TOP, WIDTH, HEIGHT = 46, 34, 430, 190
LABELS, BELOW = 240, 46
DODGE, APART, DECADES = 7, 15, 50
"""Between bars at one place; between labels; how many times the least value the largest is on a logarithmic axis."""


def against(axis, title, lines):
    """A plot of percentages: {"ticks", "places", "lines", ...}.

    axis: what lies below. lines: {name: [(x, mean, low, high)]}, shares, whose ends may be NaN; the name is written at
    the last point of each line.
    """
    spots = sorted({point[0] for line in lines.values() for point in line})
    across, (ticks, up) = _across(spots), _up([point[1:] for line in lines.values() for point in line])
    drawn = [
        _line(name, sorted(line), at - (len(lines) - 1) / 2, across, up)
        for at, (name, line) in enumerate(lines.items())
    ]
    for line, y in zip(drawn, spread([line["points"][-1][1] for line in drawn], APART), strict=True):
        line["label_y"] = y
    size = {"width": LEFT + WIDTH + LABELS, "height": TOP + HEIGHT + BELOW}
    frame = {"left": LEFT, "right": LEFT + WIDTH, "top": TOP, "bottom": TOP + HEIGHT}
    places = [(across(spot), f"{spot:g}") for spot in spots]
    return {"axis": axis, "title": title, "ticks": ticks, "places": places, "lines": drawn, **size, **frame}


def _line(name, points, place, across, up):
    found = [(across(x) + DODGE * place, up(mean)) for x, mean, _, _ in points]
    bars = [
        (x, up(low), up(high))
        for (x, _), (_, _, low, high) in zip(found, points, strict=True)
        if low + high == low + high
    ]
    return {"name": name, "points": found, "bars": bars}


def _across(spots):
    scale = math.log if spots[0] > 0 and spots[-1] / spots[0] >= DECADES else float
    first, length = scale(spots[0]), (scale(spots[-1]) - scale(spots[0])) or 1.0
    return lambda spot: LEFT + 20 + (WIDTH - 40) * (scale(spot) - first) / length


def _up(triples):
    """Ticks [(y, per cent)] at round steps around all values, and the function from a share to its y."""
    values = [100 * value for triple in triples for value in triple if not math.isnan(value)]
    step = next((step for step in (0.5, 1, 2, 5, 10) if max(values) - min(values) <= 5 * step), 20)
    first, last = math.floor(min(values) / step), math.ceil(max(values) / step)
    last = max(last, first + 1)
    place = lambda number: TOP + HEIGHT - HEIGHT * (number - first * step) / ((last - first) * step)  # noqa: E731
    return [(place(at * step), f"{at * step:g}") for at in range(first, last + 1)], lambda share: place(100 * share)


def spread(wanted, gap):
    """Places at least `gap` apart, in the order of the `wanted` ones and as low as those, or lower down the page."""
    placed, free = [0.0] * len(wanted), -math.inf
    for at in sorted(range(len(wanted)), key=lambda at: wanted[at]):
        placed[at] = free = max(wanted[at], free)
        free += gap
    return placed
