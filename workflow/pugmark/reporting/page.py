"""From views to files: HTML pages with their style inside, and plots and tables beside them."""

import math
from pathlib import Path

import jinja2
import pandas as pd

from pugmark.progress import records
from pugmark.reporting import drawing, exports, glossary, leaderboard, plots, transfer
from pugmark.reporting.view import COLUMNS
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
        short=plots.short,
        signed=signed,
        anchor=lambda name: f"collection-{name}",
        explained=glossary.explained,
        span=records.span,
    )
    return made


def write(folder, views, bill, versions, settings, matrices=(), compared=()):
    """Write index.html and, in a folder of each view's name, its plots, its tables and the pages of its clusters.

    matrices: of transfer.matrices; with any, transfer.csv as well. compared: of compared.comparisons.
    """
    made = environment()
    titles = leaderboard.RANKING | leaderboard.PARTITION | {"rank10": "Rank-10"}
    for view in views:
        view["files"] = _tables(folder / view["name"], view)
        _plots(folder / view["name"], view)
        _clusters(folder / view["name"], view, made)
    context = {"views": views, "models": bill, "versions": versions, "titles": titles, "words": glossary.WORDS}
    context |= {"transfer": matrices, "compared": compared}
    if matrices:
        exports.write(folder / "transfer.csv", pd.DataFrame(transfer.table(matrices)))
    _write(folder / "index.html", made.get_template("page.html").render(context | {"columns": COLUMNS} | settings))


def _tables(folder, view):
    """Write the tables of a view; the names of their files."""
    tables = exports.of_view(view)
    for file, table in tables.items():
        exports.write(folder / file, table)
    if not view["boards"]:
        return {*tables}
    _write(folder / "leaderboard.tex", exports.latex(view["boards"][0]))
    return {*tables, "leaderboard.tex"}


def _plots(folder, view):
    """leaderboard.svg and curves.svg, for other reports and for papers."""
    style_sheet = (TEMPLATES / "plot.css").read_text()
    for name, plot in (("leaderboard", view["boards"] and view["boards"][0]["plot"]), ("curves", view["curves"])):
        shown = plot or drawing.svg(plots.nothing(), f"Nothing to show of {view['name']}")
        _write(folder / f"{name}.svg", drawing.standalone(shown, style_sheet))


def _clusters(folder, view, made):
    """A page for each cluster, and the tables to fill with names. Those of clusters that are no more are removed."""
    pages, template = [*view["gallery"].get("pages", {}).values()], made.get_template("cluster.html")
    written = {folder / sheet.file for page in pages for sheet in page.sheets}
    for before, page, after in zip([None, *pages], pages, [*pages[1:], None], strict=False):
        path = folder / "clusters" / f"{page.stem}.html"
        _write(path, template.render(view=view, page=page, before=before, after=after))
        written |= {path, *(folder / "clusters" / file for file in page.tables)}
        for file, table in page.tables.items():
            exports.write(folder / "clusters" / file, table)
    for batch, table in view["gallery"].get("to_fill", {}).items():
        exports.write(folder / "names" / f"{batch}.csv", table)
        written.add(folder / "names" / f"{batch}.csv")
    for path in [*folder.glob("clusters/*"), *folder.glob("names/*")]:
        if path not in written:
            path.unlink()


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


def signed(value):
    """A difference of shares in points, with its sign."""
    return f"{100 * value:+.1f}"


def _write(path, text):
    with disk.replacing(path) as partial:
        Path(partial).write_text(text, encoding="utf-8")
