"""Write the report: one page that opens from disk, with its pictures beside it, and one on what the jobs used.

Reads what lies below `--results` and nothing else: index.html is made from the tables alone, resources.html from what
was measured of the jobs, studies/NAME.html from both. In `--out` also, in a folder per collection, leaderboard.svg,
curves.svg, strips.jpg, clusters.jpg and masks.jpg, which exist even where there is nothing to show, and the pictures
that explain runs.
"""

import logging
import shutil
from pathlib import Path

from pugmark.reporting import page, pictures, resources, study, summary
from pugmark.reporting.gather import Collection
from pugmark.reporting.view import view
from pugmark.runtime import cli, disk

DEFAULTS = {"title": "Who was seen, and how sure", "collections": {}, "methods": {}, "studies": []}
log = logging.getLogger(__name__)


def report(results, out, settings):
    """Write the report on the tables below `results` into the folder `out`.

    settings: {"title", "collections": {name: {"batches", "runs", "detector", "protocol"}}, "methods": {name: facts},
    "studies": [study]}, as `gather.Collection` describes a collection and `study.view` a study; facts: {"title",
    "source", "family", "labels", "published": [{"data", "metric", "value", "setting"}]}. Equal tables and settings give
    equal bytes, but for resources.html and what the studies say of time and memory.
    """
    settings = DEFAULTS | settings
    results, out = Path(results), Path(out)
    collections = [Collection(name, results / name, given) for name, given in settings["collections"].items()]
    views = [view(collection) for collection in collections]
    for collection, shown in zip(collections, views, strict=True):
        images = collection.images(set().union(*(sheet.crops for sheet in shown["sheets"])))
        for sheet in shown["sheets"]:
            pictures.draw(sheet, images, out / collection.name)
        for picture in shown["explained"]:
            with disk.replacing(out / collection.name / picture["file"]) as partial:
                shutil.copyfile(picture["path"], partial)
    models, versions = summary.models(collections)
    page.write(out, views, models, versions, settings)
    used = resources.trainings(results / "benchmarks", results / "logs")
    for given in settings["studies"]:
        page.write_study(out, study.view(given, collections, used))
    page.write_resources(out, resources.rows(results / "benchmarks", results / "logs"))
    pictured = sum(len(sheet.rows) for shown in views for sheet in shown["sheets"])
    log.info("%d collections, %d rows of pictures, written to %s", len(views), pictured, out / "index.html")


def main(argv=None):
    arguments = cli.parser(__doc__)
    arguments.add_argument("--results", type=Path, required=True, help="folder of the collections' tables")
    arguments.add_argument("--out", type=Path, required=True, help="folder to write the report into")
    given = arguments.parse_args(argv)
    report(given.results, given.out, given.settings)


if __name__ == "__main__":
    main()
