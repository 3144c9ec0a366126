"""From views to files: one HTML page with its style inside, and the plots as separate SVG for other reports."""

import math
from pathlib import Path

import jinja2
import pandas as pd

from pugmark.progress import records
from pugmark.reporting import leaderboard
from pugmark.runtime import disk

TEMPLATES = Path(__file__).parent / "templates"


def environment():
    """The Jinja environment; every value that a template prints is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        percent=percent,
        published=published,
        number=number,
        counted=counted,
        moment=moment,
        short=short,
        span=records.span,
    )
    return made


def write(folder, views, bill, versions, settings):
    """Write index.html and, for each view, leaderboard.svg and curves.svg in a folder of the collection's name."""
    made = environment()
    titles = leaderboard.RANKING | leaderboard.PARTITION | {"rank10": "Rank-10"}
    context = {"views": views, "models": bill, "versions": versions, "titles": titles, **settings}
    _write(folder / "index.html", made.get_template("page.html").render(context))
    for view in views:
        board = view["boards"][0] if view["boards"] else None
        plots = {"leaderboard": ("dots.svg", board and board["plot"]), "curves": ("curves.svg", view["curves"])}
        for name, (template, plot) in plots.items():
            drawn = made.get_template("standalone.svg").render(template=template, plot=plot, collection=view["name"])
            _write(folder / view["name"] / f"{name}.svg", drawn)


def write_study(folder, study):
    """Write studies/NAME.html of what `study.view` gives; it tells times, and so differs from run to run."""
    context = {"study": study, "partition": leaderboard.PARTITION}
    _write(folder / "studies" / f"{study['name']}.html", environment().get_template("study.html").render(context))


def write_resources(folder, rows):
    """Write resources.html; it holds times, so it is apart from index.html, which equal tables give anew."""
    _write(folder / "resources.html", environment().get_template("resources.html").render(rows=rows))


def percent(value):
    """A share as a percentage with one decimal and without the sign; a dash where it is undefined."""
    return "–" if value is None or math.isnan(value) else f"{round(100 * value, 1) + 0.0:.1f}"  # 0.0 is never -0.0


def number(value):
    """A count with thin spaces between thousands, any other number with three significant digits."""
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}".replace(",", "\u202f") if isinstance(value, int) else value


def published(value):
    """A published share in per cent, with the digits that were published."""
    return f"{100 * value:.4g}" if value <= 1 else f"{value:g}"


def counted(value, thing, things=None):
    """`1 crop`, `3 crops`; `things` is the plural where it is irregular."""
    return f"{number(value)} {thing if value == 1 else things or thing + 's'}"


def moment(value):
    """A time to the minute, or a dash."""
    return "–" if value is None or pd.isna(value) else f"{value:%Y-%m-%d %H:%M}"


def short(text, most=26):
    """`text` cut to fit a plot's label."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _write(path, text):
    with disk.replacing(path) as partial:
        Path(partial).write_text(text, encoding="utf-8")
