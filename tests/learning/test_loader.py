"""Augmented batches and their transforms."""

import io

import numpy as np
import pandas as pd
import pytest
import torch
from learning import crop_tables
from PIL import Image

from pugmark.learning import crops, loader, transforms


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    table, labels, split = crop_tables.rows(individuals=2, frames=4)
    crop_tables.write(folder, table, labels, split)
    return crops.read(folder / "batches/b1/crops.parquet", 255)


def collected(seen, epoch=0, seed=1, order=((0, 1, 0), (5, 2))):
    recipe = transforms.train_recipe(32, 48, erasing=0.5, fill=255)
    return list(loader.batches(seen, [list(batch) for batch in order], (recipe, recipe), seed, epoch))


def test_batches_do_not_depend_on_the_number_of_workers(seen, monkeypatch):
    found = {}
    for count in ("0", "1", "3"):
        monkeypatch.setenv("PUGMARK_WORKERS", count)
        torch.manual_seed(int(count))
        found[count] = collected(seen)
    for count in ("1", "3"):
        for ours, theirs in zip(found["0"], found[count], strict=True):
            assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_views_repeats_epochs_and_seeds_differ(seen, monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    first, second, indices = collected(seen)[0]
    assert first.shape == (3, 3, 32, 48) and indices.tolist() == [0, 1, 0]
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[2])
    assert not torch.equal(collected(seen, epoch=1)[0][0], first)
    assert not torch.equal(collected(seen, seed=2)[0][0], first)


def test_the_global_generator_is_left_alone(seen, monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    before = torch.get_rng_state()
    collected(seen)
    assert torch.equal(torch.get_rng_state(), before)


def test_in_order_cuts_what_there_is():
    assert loader.in_order(5, 2) == [[0, 1], [2, 3], [4]]
    assert loader.in_order(0, 2) == []


def test_workers_follow_the_environment(monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "5")
    assert loader.workers() == 5


def test_the_test_recipe_and_normalisation_by_hand():
    grey = np.full((20, 30, 3), 51, np.uint8)
    small = transforms.test_recipe(8, 16)(grey)
    assert small.dtype == torch.uint8 and small.shape == (3, 8, 16)
    found = transforms.normalise(small[None])
    assert found[0, 1, 3, 3].item() == pytest.approx((0.2 - 0.456) / 0.224, abs=1e-6)


def test_train_and_test_recipes_agree_without_chance():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    trained = transforms.train_recipe(32, 32, flip=0, pad=0)(image)
    tested = transforms.normalise(transforms.test_recipe(32, 32)(image)[None])[0]
    torch.testing.assert_close(trained, tested, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("fill", "grey"), [(255, 1.0), (None, 0.0)])
def test_padding_takes_the_fill_of_the_masked_background(fill, grey):
    image = np.full((8, 8, 3), 128, np.uint8)
    with loader.seeded(1):
        found = torch.stack([transforms.train_recipe(8, 8, fill=fill)(image)[0] for _ in range(20)])
    corners = torch.stack((found.amin(), found.amax()))
    expected = (torch.tensor([grey, 128 / 255]) - 0.485) / 0.229
    torch.testing.assert_close(corners, expected.sort().values)


@pytest.mark.parametrize(("masked", "grey"), [(True, 1.0), (False, 0.0)])
def test_padding_is_black_where_the_background_was_left(masked, grey):
    """Among masked crops, one without a mask keeps its background: a white frame around it would be made up."""
    image, recipe = np.full((8, 8, 3), 128, np.uint8), transforms.train_recipe(8, 8, fill=255)
    with loader.seeded(1):
        found = torch.stack([recipe(image, masked)[0] for _ in range(20)])
    expected = (torch.tensor([grey, 128 / 255]) - 0.485) / 0.229
    torch.testing.assert_close(torch.stack((found.amin(), found.amax())), expected.sort().values)


def test_the_loader_tells_the_recipe_which_crops_are_masked(tmp_path, monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    table, labels, split = crop_tables.rows(individuals=2, frames=1)
    table.loc[1, "mask"] = None
    crop_tables.write(tmp_path, table, labels, split)
    seen = crops.read(tmp_path / "batches/b1/crops.parquet", 255)
    assert [seen.masked(0), seen.masked(1)] == [True, False]
    recipe = transforms.Recipe(lambda image: torch.tensor(1), (8, 8), lambda image: torch.tensor(0))
    assert next(iter(loader.batches(seen, [[0, 1, 0]], (recipe,), 1, 0)))[0].tolist() == [1, 0, 1]
    assert not crops.read(tmp_path / "batches/b1/crops.parquet", None).masked(0)


def test_a_traced_view_is_the_plain_one_and_tells_where_its_pixels_are_from():
    image = np.random.default_rng(0).integers(0, 256, (50, 60, 4)).astype(np.uint8)
    sizes = {"height": 32, "width": 48, "pad": 10, "erasing": 0.5, "fill": 255}
    for seed in range(8):
        with loader.seeded(seed):
            plain = transforms.train_recipe(**sizes)(image[..., :3])
        with loader.seeded(seed):
            view, picture, places = transforms.traced_recipe(**sizes)(image)
        torch.testing.assert_close(view, plain, atol=0, rtol=0)
        kept = (places >= 0) & (view != torch.tensor(transforms.MEAN).view(3, 1, 1)).any(0)
        colours = transforms.normalise(picture[None])[0, :3].flatten(1)
        torch.testing.assert_close(view[:, kept], colours[:, places[kept].long()], atol=1e-5, rtol=1e-5)
        white = (1 - torch.tensor(transforms.MEAN)) / torch.tensor(transforms.STD)
        padded = view[:, places == transforms.NOWHERE]
        assert ((padded - white[:, None]).abs().amax(0) < 1e-5).float().mean() > 0.5  # the rest was erased


def test_an_outline_is_scaled_and_not_normalised():
    raw = torch.zeros(1, 4, 1, 2, dtype=torch.uint8)
    raw[0, 3, 0, 1] = 255
    assert transforms.normalise(raw)[0, 3].tolist() == [[0, 1]]


def test_crops_are_decoded_as_large_as_the_recipe_that_needs_most(monkeypatch):
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    picture = io.BytesIO()
    Image.new("RGB", (400, 400)).save(picture, "JPEG")
    seen = crops.Crops(pd.DataFrame({"crop_id": ["a"]}), [picture.getvalue(), b""], None)
    recipes = [transforms.Recipe(lambda image: torch.tensor(image.shape), size) for size in ((50, 60), (90, 20))]
    *shapes, _ = next(iter(loader.batches(seen, [[0]], recipes, 1, 0)))
    assert [shape.tolist() for shape in shapes] == [[[100, 100, 3]]] * 2  # a quarter, the least with 90 x 60


def test_recipes_ask_for_pictures_large_enough_for_their_smallest_crop():
    for recipe in (transforms.train_recipe, transforms.traced_recipe, transforms.test_recipe):
        assert recipe(32, 48).size == (64, 96)
    # A crop of a fifth of a square, three by four: its shorter side is sqrt(0.2 * 0.75) of the square's.
    side = transforms.crop_recipe(112, 112).size[0]
    assert (side - 1) * (0.2 * 0.75) ** 0.5 < 112 <= side * (0.2 * 0.75) ** 0.5


def test_a_flip_of_probability_1_mirrors():
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    plain, mirrored = (transforms.train_recipe(16, 16, flip=p, pad=0)(image) for p in (0, 1))
    torch.testing.assert_close(mirrored, plain.flip(2))


def test_erased_regions_hold_the_raw_mean():
    image = np.full((32, 32, 3), 255, np.uint8)
    found = transforms.train_recipe(32, 32, pad=0, erasing=1.0)(image)
    erased = found[0] == transforms.MEAN[0]
    assert 0.02 <= erased.float().mean() <= 0.41
    assert torch.equal(erased, found[2] == transforms.MEAN[2])


def test_random_resized_crops_have_the_size_asked_for():
    image = np.random.default_rng(0).integers(0, 256, (50, 20, 3)).astype(np.uint8)
    assert transforms.crop_recipe(24, 32)(image).shape == (3, 24, 32)
