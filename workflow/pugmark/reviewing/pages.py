"""The review pages as files: HTML pages, their data, and the pictures in scripts that are loaded when needed.

A page that is opened from disk may load scripts and nothing else, so data and pictures are scripts.
"""

import json
from pathlib import Path

import jinja2

from pugmark import __version__
from pugmark.identity import ledger
from pugmark.reviewing import material
from pugmark.runtime import disk

TEMPLATES = Path(__file__).parent / "templates"
PAGES = {"index.html": ("keys.js", "lines.js", "queue.js", "controls.js"), "individuals.html": ("individuals.js",)}
OF_VIDEOS = {"videos.html": ("keys.js", "videos.js")}
"""Where there is a moment to look at."""
SCRIPTS = ("store.js", "server.js", "pictures.js")

PLAIN = 'for (const part of ["encounters", "animals", "places"]) Object.setPrototypeOf(DATA[part], null);'
"""Whoever is called `constructor` or `__proto__` is an animal like any other."""


def write(folder, name, shown, wanted, images, home):
    """Write the pages of the collection `name` into `folder`, which they replace.

    shown: as of material.material, with "lines", as of lines.between, "moments" and "left_out", as of moments.moments.
    wanted: crop ids, in the order in which they are needed. images: {crop_id: data URL} of them. home: where the
    answers belong, as it is told to the person.
    """
    with disk.replacing_folder(folder) as partial:
        partial = Path(partial)
        (partial / "pictures").mkdir()
        places, faces = {}, [shown["animals"][name]["face"] for name in shown["order"]]
        small = {f"{crop} small": material.small(images[crop]) for crop in faces if crop}
        for number, crops in enumerate([*material.shards(wanted), *material.shards([*small])]):
            found = {crop: small.get(crop) or images[crop] for crop in crops}
            _script(partial / f"pictures/{number}.js", f"Pictures.take({_json(found)});\n")
            places |= dict.fromkeys(crops, number)
        about = {"collection": name, "version": __version__, "ledger": home, "columns": ledger.COLUMNS}
        data = _json(about | shown | {"places": places})
        _script(partial / "data.js", f"const DATA = JSON.parse({_quoted(data)});\n{PLAIN}\n")
        videos = bool(shown["moments"])
        for page, scripts in (PAGES | (OF_VIDEOS if videos else {})).items():
            html = (
                _environment()
                .get_template(page)
                .render(name=name, digest=material.digest(data), scripts=[*SCRIPTS, *scripts], videos=videos)
            )
            _script(partial / page, html)


def _environment():
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)


def _json(value):
    """JSON as it stands in a script file, in ASCII."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def _quoted(text):
    """Text as a literal of JavaScript."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _script(path, text):
    path.write_text(text, encoding="utf-8")
