"""Matplotlib figures as SVG that suits a page: its colours are the page's, in dark and light, and its text stays text.

Equal figures give equal bytes: there is no date in them, and ids follow from their content.
"""

import io
import re
import warnings
from html import escape

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

INK, SOFT, LINE, ACCENT, WARM, THIRD, GROUND = PALETTE = [f"#01010{digit}" for digit in range(7)]
"""Stand-ins for the colours that templates/plot.css names."""
_NAMES = dict(zip(PALETTE, ("ink", "soft", "line", "accent", "warm", "third", "ground"), strict=True))
_UNWANTED = (
    re.compile(r' xmlns(:\w+)?="[^"]*"'),
    re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.S),  # it would hold for the whole page
    re.compile(r"<!--.*?-->", re.S),
    re.compile(r"<clipPath.*?</clipPath>", re.S),
    re.compile(r' clip-path="[^"]*"'),
    re.compile(r' id="(?!m[0-9a-f]{10}")[^"]*"'),  # markers are referred to; other ids repeat from plot to plot
    re.compile(r"font-family: [^;\"]*;? ?"),
)
CYCLE = (ACCENT, WARM, THIRD)
DASHES = ("-", (0, (4, 2)), (0, (1, 1.5)))
STYLE = {
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so that text takes the same room everywhere
    "font.size": 9.5,
    "grid.color": LINE,
    "grid.linestyle": ":",
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # names may hold dollars
    "xtick.major.size": 0,
    "xtick.labelcolor": SOFT,
    "ytick.major.size": 0,
    "ytick.labelcolor": INK,
}


def figure(width, height):
    """An empty Figure of that size in CSS pixels; draw on it inside `style()`."""
    return Figure(figsize=(width / 96, height / 96), layout="constrained")


def style():
    """A context in which artists get the colours and fonts of the page."""
    return matplotlib.rc_context(STYLE)


def svg(drawn, title):
    """The Figure as an <svg> element for a page; title: what it shows, for those who do not see it."""
    held = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with style(), matplotlib.rc_context({"svg.hashsalt": title}), warnings.catch_warnings():
        # The browser has the glyphs that the measuring font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        drawn.savefig(held, format="svg", metadata=nothing)
    text = held.getvalue().decode()
    text = text[text.index("<svg") :].rstrip()
    for unwanted in _UNWANTED:
        text = unwanted.sub("", text)
    text = re.sub(r"#01010\d", lambda found: f"var(--{_NAMES[found[0]]})", text)
    said, (head, rest) = escape(title), text.removeprefix("<svg").split(">", 1)
    return Markup(f'<svg class="plot" role="img" aria-label="{said}"{head}>\n<title>{said}</title>{rest}')


def standalone(element, style_sheet):
    """The text of an SVG file of that element, with its own style sheet."""
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return (
        str(element)
        .replace("<svg", f"<svg {spaces}", 1)
        .replace("</title>", f"</title><style>{style_sheet}</style>", 1)
    )
