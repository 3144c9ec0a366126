"""The controls: the oracle knows everybody, chance knows nothing, and pixels know pictures."""

import numpy as np
import pytest
from learning import crop_tables

from pugmark import methods
from pugmark.learning import crops


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    table, labels, split = crop_tables.rows(individuals=3, frames=4)
    crop_tables.write(folder, table, labels, split)
    return crops.read_split(folder / "batches", split, 255)


def test_the_oracle_knows_everybody(seen):
    features = methods.load("oracle").embed(seen, methods.resolve("oracle", {}), {})
    names = seen.meta["individual"].to_numpy()
    same = names[:, None] == names
    similarity = features @ features.T
    assert similarity[same].min() > 0.9999 and similarity[~same].max() < 0.6


def test_the_oracle_tells_unnamed_crops_apart(seen):
    unnamed = seen.take(range(3))
    unnamed.meta["individual"] = [None, None, "cow 0"]
    features = methods.load("oracle").embed(unnamed, {"size": 64}, {})
    assert (features @ features.T)[~np.eye(3, dtype=bool)].max() < 0.6


def test_random_depends_on_seed_and_crop_alone(seen):
    embed = methods.load("random").embed
    backwards = embed(seen.take(range(11, -1, -1)), {"size": 8}, {"seed": 1})
    np.testing.assert_array_equal(backwards[::-1], embed(seen, {"size": 8}, {"seed": 1}))


def test_pixels_ignore_brightness_and_contrast(seen):
    class Image:
        meta = seen.meta[:2]

        def __len__(self):
            return 2

        def image(self, index):
            ramp = np.add.outer(np.arange(32), np.arange(32)).astype(np.uint8)[..., None].repeat(3, 2)
            return ramp if index == 0 else 40 + 2 * ramp

    first, second = methods.load("pixels").embed(Image(), methods.resolve("pixels", {}), {})
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert len(methods.load("pixels").embed(Image(), methods.resolve("pixels", {"colour": True}), {})[0]) == 3 * 32 * 32
