"""Write the report: pages that open from disk, with their pictures and tables beside them.

Reads what lies below `--results` and nothing else: index.html is made from the tables alone, resources.html from what
was measured of the jobs, studies/NAME.html from both. Where collections of the same media have other masks, masks/*.jpg
show them side by side. In `--out` also, in a folder per collection:

    individuals.jpg strips.jpg clusters.jpg masks.jpg               there even where there is nothing to show
    leaderboard.svg curves.svg                                      the same
    gradcam-RUN.jpg                                                 of runs that are explained
    *.csv leaderboard.tex                                           the tables of the page
    clusters/N.html N.csv N-1.jpg                                   a page for each cluster, with all its crops
    names/BATCH.csv                                                 to be filled with names: a labels.csv of the batch
"""

import logging
import shutil
from pathlib import Path

from pugmark.reporting import captions, compared, news, page, pictures, resources, study, summary, transfer
from pugmark.reporting.gather import Collection
from pugmark.reporting.view import view
from pugmark.runtime import cli, disk

DEFAULTS = {"title": "Who was seen, and how sure", "collections": {}, "methods": {}, "studies": []}
log = logging.getLogger(__name__)


def report(results, out, settings):
    """Write the report on the tables below `results` into the folder `out`.

    settings: {"title", "collections": {name: what `gather.Collection` takes}, "methods": {name: facts}, "studies":
    [what `study.view` takes]}; facts: {"title", "source", "family", "labels", "published": [{"data", "metric", "value",
    "setting"}]}. Equal tables and settings give equal bytes, but for resources.html and what the studies say of time
    and memory; which batches are new depends on the report that lies in `out`.
    """
    settings = DEFAULTS | settings
    results, out = Path(results), Path(out)
    collections = [Collection(name, results / name, given) for name, given in settings["collections"].items()]
    new = news.new(out, settings)
    views = [view(each, captions.Links(each.folders, out), new[each.name]) for each in collections]
    for collection, shown in zip(collections, views, strict=True):
        _draw(collection, shown, out / collection.name)
    models, versions = summary.models(collections)
    masks = compared.comparisons(collections)
    for one in masks:
        compared.draw(one, collections, out / "masks")
    page.write(out, views, models, versions, settings, transfer.matrices(collections), masks)
    used = resources.trainings(results / "benchmarks", results / "logs")
    for given in settings["studies"]:
        page.write_study(out, study.view(given, collections, used))
    page.write_resources(out, resources.rows(results / "benchmarks", results / "logs"))
    news.remember(out, settings, new)
    pictured = sum(len(sheet.rows) for shown in views for sheet in shown["sheets"])
    log.info("%d collections, %d rows of pictures, written to %s", len(views), pictured, out / "index.html")


def _draw(collection, shown, folder):
    """The pictures of a view: few at their full size, and those of the clusters' pages as small as they are shown."""
    paged = [sheet for page in shown["gallery"].get("pages", {}).values() for sheet in page.sheets]
    for sheets, made in ((shown["sheets"], pictures.whole), (paged, pictures.small)):
        images = collection.images(set().union(*(sheet.crops for sheet in sheets)), made)
        for sheet in sheets:
            pictures.draw(sheet, images, folder)
    for picture in shown["explained"]:
        with disk.replacing(folder / picture["file"]) as partial:
            shutil.copyfile(picture["path"], partial)


def main(argv=None):
    """The command line of the stage."""
    arguments = cli.parser(__doc__)
    arguments.add_argument("--results", type=Path, required=True, help="folder of the collections' tables")
    arguments.add_argument("--out", type=Path, required=True, help="folder to write the report into")
    given = arguments.parse_args(argv)
    report(given.results, given.out, given.settings)


if __name__ == "__main__":
    main()
