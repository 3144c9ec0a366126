"""Contact sheets and strips."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from reporting.results_tree import ellipse, jpeg

from pugmark.reporting import pictures, strips
from pugmark.reporting.gather import Collection


def test_strips_take_right_and_wrong_queries_and_pass_over_unanswerable_ones():
    queries = pd.DataFrame(
        {
            "crop_id": [f"c{at}" for at in range(20)],
            "positives": [0] * 4 + [2] * 16,
            "neighbours": [["c1", "c2"]] * 20,
            "correct": [[at % 4 == 0, True] for at in range(20)],
        }
    )
    picked = strips.pick(queries)
    right = [int(crop[1:]) % 4 == 0 for crop in picked]
    assert right == [True] * 4 + [False] * 4
    assert not {"c0", "c1", "c2", "c3"} & set(picked)
    assert picked == strips.pick(queries.iloc[::-1])


def test_sheets_frame_right_and_wrong_and_draw_masks(tmp_path):
    tiles = (pictures.Tile("a", True), pictures.Tile("a", False), pictures.Tile("a"), pictures.Tile("a", outlined=True))
    sheet = pictures.Sheet("s.jpg", (tiles, tiles[:1]), 4)
    pictures.draw(sheet, {"a": (jpeg(0), ellipse())}, tmp_path)
    with Image.open(tmp_path / "s.jpg") as image:
        pixels = np.asarray(image).astype(int)
    corner = [
        pixels[pictures.GAP // 2 + 2, pictures.GAP + at * (pictures.TILE[0] + pictures.GAP) + 30] for at in range(4)
    ]
    assert corner[0][1] > corner[0][0] + 60 and corner[1][0] > corner[1][1] + 60
    assert max(corner[2]) < 60
    yellow = (pixels[..., 0] > 220) & (pixels[..., 1] > 180) & (pixels[..., 2] < 120)
    left = 3 * (pictures.TILE[0] + pictures.GAP)
    assert yellow[:, left:].sum() > 200 and yellow[:, :left].sum() == 0
    assert sheet.size == (image.width, image.height) and sheet.share(1) == pytest.approx(140 / 548)


def test_only_the_wanted_pictures_are_kept(written):
    folder, settings = written
    collection = Collection("bench", folder / "results/bench", settings["collections"]["bench"])
    whole = collection.images({"m000-d00", "m013-d00"}, pictures.whole)
    assert set(whole) == {"m000-d00", "m013-d00"}
    assert whole["m000-d00"] == (jpeg(0), None) and whole["m013-d00"] == (jpeg(1), ellipse())
