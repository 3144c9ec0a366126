"""A page for each cluster, with all its crops, and tables in which a user fills in who they are."""

from dataclasses import dataclass

import pandas as pd

from pugmark.planning import batches
from pugmark.reporting import captions, sightings
from pugmark.reporting.pictures import GAP, TILE, Sheet, Tile

COLUMNS, ROWS = 16, 20
"""Tiles across and down one picture file of a cluster's page."""
MOST = 20_000
"""Crops shown on the pages of one collection; its tables list all."""
TABLE = ["path", "individual", "frame", *"xywh", "viewpoint", "cluster"]


@dataclass(frozen=True)
class Shown:
    """One crop on a page: its Caption, whether its name is the cluster's (None where unknown), and which part of which
    Sheet shows it, in pixels from the left and the top."""

    caption: captions.Caption
    correct: bool | None
    sheet: Sheet
    left: int
    top: int


@dataclass(frozen=True)
class Page:
    """One cluster's page: `stem` is the name of its files, visits are [(when, [Shown])], and tables {file: rows}."""

    group: sightings.Group
    stem: str
    visits: list
    sheets: list
    tables: dict


def pages(groups, links, most=MOST):
    """The Page of each group, the largest first, until they show `most` crops; {cluster: Page}."""
    made = {}
    for group in groups:
        shown = sightings.by_visit(group.crops).head(most)
        if shown.empty:
            break
        most -= len(shown)
        made[group.cluster] = _page(group, shown, links)
    return made


def to_fill(crops):
    """Rows of TABLE on crops of one batch, with the names that are known; filled in, they are a labels.csv of it.

    Only pictures with several crops state boxes: boxes in a labels.csv make detection run again.
    """
    known = crops.rename(columns={"frame_number": "frame"})
    known[[*"xywh"]] = known[[*"xywh"]].round(6).mask(known["alone"])
    return known.sort_values(["cluster", "path", "frame", "crop_id"])[TABLE]


def by_batch(crops):
    """{batch: its crops}; a batch that was worked on in shards is one."""
    return dict(list(crops.groupby(crops["batch"].map(batches.whole))))


def marks(group, crops):
    """For each crop whether it bears its cluster's name; None where either has none."""
    name = None if group.is_noise else group.name
    return [None if name is None or pd.isna(who) else who == name for who in crops["individual"]]


def _page(group, crops, links):
    stem = "noise" if group.is_noise else str(group.cluster)
    tiles = [Tile(*pair) for pair in zip(crops["crop_id"], marks(group, crops), strict=True)]
    sheets = [
        _sheet(f"clusters/{stem}-{number}.jpg", tiles[start : start + COLUMNS * ROWS])
        for number, start in enumerate(range(0, len(tiles), COLUMNS * ROWS), 1)
    ]
    shown = [_shown(at, tiles[at], crop, sheets, links) for at, crop in enumerate(crops.to_dict("records"))]
    places = pd.Series(range(len(crops)), crops["sequence"].to_numpy())
    rows = places.groupby(level=0, sort=False).agg(list)
    visits = [(_when(crops.iloc[row]), [shown[place] for place in row]) for row in rows]
    parts = by_batch(group.crops)
    names = {batch: f"{stem}.csv" if len(parts) == 1 else f"{stem}-{batch}.csv" for batch in parts}
    return Page(group, stem, visits, sheets, {names[batch]: to_fill(part) for batch, part in parts.items()})


def _sheet(file, tiles):
    columns = min(COLUMNS, len(tiles))
    return Sheet(file, tuple(tuple(tiles[start : start + columns]) for start in range(0, len(tiles), columns)), columns)


def _shown(at, tile, crop, sheets, links):
    number, place = divmod(at, COLUMNS * ROWS)
    down, right = divmod(place, sheets[number].columns)
    corner = GAP + right * (TILE[0] + GAP), GAP // 2 + down * (TILE[1] + GAP)
    return Shown(captions.of(crop, links), tile.correct, sheets[number], *corner)


def _when(crops):
    """Station and time of a visit, as far as they are known."""
    station, time = crops["station"].iloc[0], crops["timestamp"].min()
    return [word for word in (station if pd.notna(station) else None, time if pd.notna(time) else None) if word]
