"""Masks side by side: what the masking policies of collections of the same media make of the same boxes."""

from dataclasses import dataclass

from pugmark.reporting import pictures, summary
from pugmark.reporting.pictures import Sheet, Tile, spread

MOST = 11
"""Boxes that are compared."""


@dataclass(frozen=True)
class Comparison:
    """A sheet with a row for each of `rows`: (collection, its policy, mean share of its boxes that is foreground)."""

    sheet: Sheet
    rows: tuple


def comparisons(collections):
    """A Comparison of each group of collections that have the same media, boxes in common and different policies."""
    groups, found = {}, []
    for collection in collections:
        if collection.folders and len(collection.masks):
            groups.setdefault(tuple(sorted(collection.folders.values())), []).append(collection)
    for group in groups.values():
        policies = [summary.mask_sources(collection)["policy"] for collection in group]
        shared = set.intersection(*(set(collection.crops["crop_id"]) for collection in group))
        if len(set(policies)) > 1 and shared:
            picked = spread(sorted(shared), MOST)
            tiles = tuple(tuple(Tile(f"{one.name}/{crop}", outlined=True) for crop in picked) for one in group)
            areas = [float(collection.masks["area_fraction"].mean()) for collection in group]
            names = [collection.name for collection in group]
            sheet = Sheet(f"masks-{len(found) + 1}.jpg", tiles, len(picked))
            found.append(Comparison(sheet, tuple(zip(names, policies, areas, strict=True))))
    return found


def draw(comparison, collections, folder):
    """Write the sheet below `folder`."""
    images = {}
    known = {collection.name: collection for collection in collections}
    for (name, _, _), tiles in zip(comparison.rows, comparison.sheet.rows, strict=True):
        wanted = {tile.crop_id.removeprefix(f"{name}/") for tile in tiles}
        images |= {f"{name}/{crop}": made for crop, made in known[name].images(wanted, pictures.whole).items()}
    pictures.draw(comparison.sheet, images, folder)
