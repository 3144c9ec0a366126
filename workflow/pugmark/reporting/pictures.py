"""Contact sheets: rows of crops in one JPEG, so that a page of hundreds of thumbnails is a handful of files."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from pugmark.masking import rle
from pugmark.runtime import disk

TILE = (132, 132)
GAP, BORDER, BADGE = 4, 5, 20
MAT, RIGHT, WRONG, OUTLINE = "#1d2422", "#35a36b", "#d9483b", "#ffd60a"


@dataclass(frozen=True)
class Tile:
    """One crop on a sheet; `correct` draws a green frame and a tick, or a red one and a cross."""

    crop_id: str
    correct: bool | None = None
    outlined: bool = False


@dataclass(frozen=True)
class Sheet:
    """Rows of tiles in one file; `ratio` is the width of a row over its height, for the page that shows one row."""

    file: str
    rows: tuple
    columns: int

    @property
    def size(self):
        wide, high = TILE[0] + GAP, TILE[1] + GAP
        return self.columns * wide + GAP, max(len(self.rows), 1) * high

    @property
    def ratio(self):
        width, height = self.size
        return width * len(self.rows) / height

    def share(self, row):
        """Share of the sheet's width that the tiles of a row fill."""
        return (len(self.rows[row]) * (TILE[0] + GAP) + GAP) / self.size[0]

    @property
    def crops(self):
        return {tile.crop_id for row in self.rows for tile in row}


def draw(sheet, images, folder):
    """Write the sheet below `folder`; `images` maps crop ids to (JPEG bytes, mask RLE or None)."""
    canvas = Image.new("RGB", sheet.size, MAT)
    for down, row in enumerate(sheet.rows):
        for right, tile in enumerate(row):
            corner = (GAP + right * (TILE[0] + GAP), GAP // 2 + down * (TILE[1] + GAP))
            canvas.paste(_drawn(tile, *images[tile.crop_id]), corner)
    if not sheet.rows:
        middle = (canvas.width // 2, canvas.height // 2)
        ImageDraw.Draw(canvas).text(middle, "Nothing to show", "#c9cfcc", ImageFont.load_default(20), anchor="mm")
    with disk.replacing(folder / sheet.file) as partial:
        canvas.save(partial, "JPEG", quality=82, optimize=True)


def whole(jpeg, mask):
    """The picture as it is."""
    return jpeg, mask


def small(jpeg, mask):
    """The picture no larger than a tile, to be held beside thousands of others; without its mask."""
    held = io.BytesIO()
    with Image.open(io.BytesIO(jpeg)) as image:
        image.draft("RGB", (TILE[0] * 2, TILE[1] * 2))
        ImageOps.contain(image.convert("RGB"), TILE).save(held, "JPEG", quality=92)
    return held.getvalue(), None


def explained(collection):
    """[{"run", "path", "file", "size"}] of the pictures that explain runs: where each lies, its name in the report."""
    found = []
    for run in collection.explained:
        path = collection.folder / "runs" / run / "gradcam.jpg"
        if path.exists():
            with Image.open(path) as image:
                found.append({"run": run, "path": path, "file": f"gradcam-{run}.jpg", "size": image.size})
    return found


def spread(ids, most):
    """At most `most` of `ids`, evenly spaced, first and last among them."""
    if len(ids) <= most:
        return list(ids)
    return [ids[round(at * (len(ids) - 1) / (most - 1))] for at in range(most)]


def _drawn(tile, jpeg, mask):
    with Image.open(io.BytesIO(jpeg)) as image:
        image.draft("RGB", (TILE[0] * 2, TILE[1] * 2))
        small = ImageOps.contain(image.convert("RGB"), TILE)
    if tile.outlined and mask is not None:
        small.paste(OUTLINE, mask=_outline(mask, jpeg, small.size))
    framed = Image.new("RGB", TILE, MAT)
    framed.paste(small, ((TILE[0] - small.width) // 2, (TILE[1] - small.height) // 2))
    if tile.correct is not None:
        _mark(framed, tile.correct)
    return framed


def _outline(counts, jpeg, size):
    with Image.open(io.BytesIO(jpeg)) as image:
        width, height = image.size
    mask = Image.fromarray(rle.decode(counts, height, width)).convert("L").resize(size)
    inside = mask.point(lambda value: 255 if value >= 128 else 0)
    # Padding keeps an outline where the animal reaches the edge of the crop.
    eroded = ImageOps.expand(inside, 2).filter(ImageFilter.MinFilter(5)).crop((2, 2, size[0] + 2, size[1] + 2))
    return Image.fromarray(np.asarray(inside) & ~np.asarray(eroded))


def _mark(image, correct):
    pen, (width, height) = ImageDraw.Draw(image), image.size
    colour = RIGHT if correct else WRONG
    pen.rectangle((0, 0, width - 1, height - 1), outline=colour, width=BORDER)
    left, top = width - BADGE, height - BADGE
    pen.rectangle((left, top, width, height), fill=colour)
    tick = [(left + 4, top + 11), (left + 8, top + 15), (left + 16, top + 5)]
    cross = [(left + 5, top + 5), (left + 15, top + 15)], [(left + 5, top + 15), (left + 15, top + 5)]
    for line in [tick] if correct else cross:
        pen.line(line, fill="white", width=3)
