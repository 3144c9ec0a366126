"""Masks side by side: which collections are compared, over which boxes, and what the page shows."""

import pytest
from PIL import Image
from reporting.results_tree import METHODS, Page, Tree

from pugmark import tables
from pugmark.reporting import compared
from pugmark.reporting.gather import Collection
from pugmark.stages import report


@pytest.fixture
def settings(tmp_path):
    """Two collections of the same media under two policies, and one of other media."""
    made = {}
    for name, policy, media in (("cut", None, "/data/a"), ("whole", "none", "/data/a"), ("far", "none", "/data/b")):
        tree = Tree(tmp_path, name, batches=("b1",))
        made[name] = tree.settings() | {"folders": {"b1": media}}
        path = tree.folder / "batches/b1/masks.parquet"
        masks = tables.read(path, "masks")
        if policy:
            masks["policy"], masks["mask_source"], masks["rle"], masks["area_fraction"] = policy, "unmasked", None, 1.0
            tables.write(path, "masks", masks, "mask")
            crops = tables.read(path.with_name("crops.parquet"), "crops")
            tables.write(path.with_name("crops.parquet"), "crops", crops.assign(mask=None), "crop")
    return made


def collections(folder, settings):
    return [Collection(name, folder / "results" / name, own) for name, own in settings.items()]


def test_policies_over_the_same_media_are_compared_on_the_same_boxes(tmp_path, settings):
    (one,) = compared.comparisons(collections(tmp_path, settings))
    assert [(name, policy) for name, policy, _ in one.rows][1] == ("whole", "none") and one.rows[0][0] == "cut"
    assert one.rows[1][2] == 1.0 and one.rows[0][2] < 1.0
    first, second = ([tile.crop_id.partition("/")[2] for tile in row] for row in one.sheet.rows)
    assert first == second and len(first) == compared.MOST
    del settings["whole"]
    assert compared.comparisons(collections(tmp_path, settings)) == []


def test_the_page_shows_them_with_policy_and_share(tmp_path, settings):
    report.report(tmp_path / "results", tmp_path / "out", {"collections": settings, "methods": METHODS})
    page = Page((tmp_path / "out/index.html").read_text(encoding="utf-8"))
    assert "none (whole): foreground 100.0 % of the box on average" in page.said
    shown = {image["src"] for image in page.images if image["src"].startswith("masks/")}
    assert shown == {"masks/masks-1.jpg"}
    with Image.open(tmp_path / "out/masks/masks-1.jpg") as image:
        height = image.size[1] // 2
        rows = [image.crop((0, height * at, image.size[0], height * (at + 1))) for at in (0, 1)]
    yellow = [
        sum(count for count, (r, g, b) in row.getcolors(1 << 24) if r > 200 and g > 170 and b < 90) for row in rows
    ]
    assert yellow[0] > 50 and yellow[1] < yellow[0] / 5
