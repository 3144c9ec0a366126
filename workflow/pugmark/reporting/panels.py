"""One picture with rows of a network's inputs and of what it makes of them."""

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont, ImageOps

from pugmark.learning import transforms
from pugmark.runtime import disk

TILE, GAP, TITLE = 160, 6, 22
MAT, INK = "#1d2422", "#e4eae7"


def pictures(images):
    """Normalised images (float32 B x 3 x H x W) as a list of uint8 H x W x 3."""
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (transforms.MEAN, transforms.STD))
    whole = (255 * (images.cpu() * std + mean)).round().clamp(0, 255)
    return [*whole.permute(0, 2, 3, 1).numpy().astype(np.uint8)]


def coloured(heats):
    """Maps (B x H x W, 0 to 1) coloured from blue to red: a list of uint8 H x W x 3."""
    scaled = (255 * heats).round().cpu().numpy().astype(np.uint8)
    return [cv2.cvtColor(cv2.applyColorMap(one, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB) for one in scaled]


def overlays(images, heats):
    """Each picture blended with its map, half and half."""
    pairs = zip(pictures(images), coloured(heats), strict=True)
    return [((one.astype(np.uint16) + other) // 2).astype(np.uint8) for one, other in pairs]


def marked(pictures, places):
    """The pictures with a ring around a place (row, column) of each."""
    return [
        cv2.circle(cv2.circle(one.copy(), at[::-1], size, (255, 255, 255), 3), at[::-1], size, (220, 30, 30), 2)
        for one, at in zip(pictures, places, strict=True)
        for size in [max(4, max(one.shape) // 16)]
    ]


def draw(rows, out):
    """Write [(title, [picture])] as one JPEG, one row below the other."""
    width = TILE * max([len(row) for _, row in rows], default=3) + GAP
    canvas = Image.new("RGB", (width, max(len(rows), 1) * (TILE + TITLE) + GAP), MAT)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(14)
    for down, (title, row) in enumerate(rows):
        top = down * (TILE + TITLE)
        pen.text((GAP, top + 4), title, INK, font)
        for right, picture in enumerate(row):
            small = ImageOps.contain(Image.fromarray(picture), (TILE - GAP, TILE - GAP))
            canvas.paste(small, (GAP + right * TILE, top + TITLE))
    if not rows:
        pen.text((GAP, TITLE), "No two crops share a name or a cluster", INK, font)
    with disk.replacing(out) as partial:
        canvas.save(partial, "JPEG", quality=88, optimize=True)
