"""What a method sees of the crops."""

import numpy as np
import pandas as pd
import pytest
from learning import crop_tables

from pugmark import tables
from pugmark.learning import crops


@pytest.fixture
def written(tmp_path):
    frames = crop_tables.rows(individuals=2, frames=2)
    crop_tables.write(tmp_path, *frames)
    return tmp_path, *frames


def test_masks_are_applied_with_the_fill(written):
    folder = written[0]
    path = folder / "batches/b1/crops.parquet"
    masked, plain = crops.read(path, 255), crops.read(path, None)
    assert masked.image(1).shape == (crop_tables.SIDE,) * 2 + (3,)
    assert (masked.image(1)[:2] == 255).all() and not (plain.image(1)[:2] == 255).all()
    np.testing.assert_array_equal(masked.image(1)[5:-5, 5:-5], plain.image(1)[5:-5, 5:-5])


def test_an_outline_is_the_mask_or_everything(written):
    path = written[0] / "batches/b1/crops.parquet"
    for fill in (255, None):
        seen = crops.read(path, fill)
        found = seen.outlined().image(1)
        assert found.shape == (crop_tables.SIDE,) * 2 + (4,)
        np.testing.assert_array_equal(found[..., :3], seen.image(1))
        expected = np.zeros((crop_tables.SIDE,) * 2)
        expected[2:-2, 2:-2] = 255
        np.testing.assert_array_equal(found[..., 3], expected)
    table = written[1].assign(mask=None)
    tables.write(path, "crops", table, "test")
    assert (crops.read(path, 255).outlined().image(0)[..., 3] == 255).all()
    assert seen.outlined().take([1]).without_truth().image(0).shape[2] == 4


@pytest.mark.parametrize("outlined", [False, True])
def test_the_background_alone_is_shown_without_the_animal(written, outlined):
    path = written[0] / "batches/b1/crops.parquet"
    seen, plain = crops.read(path, 200, shown="background"), crops.read(path, None)
    found = (seen.outlined() if outlined else seen).image(1)
    assert (found[2:-2, 2:-2, :3] == 200).all()
    np.testing.assert_array_equal(found[:2, :, :3], plain.image(1)[:2])
    tables.write(path, "crops", written[1].assign(mask=None), "test")
    unmasked = crops.read(path, 200, shown="background")
    assert ((unmasked.outlined() if outlined else unmasked).image(0)[..., :3] == 200).all()


def test_the_path_is_hidden_and_truth_absent_unless_joined(written):
    folder, _, labels, _ = written
    seen = crops.read(folder / "batches/b1/crops.parquet", 255)
    assert not {"path", "image", "mask", "individual"} & set(seen.meta.columns)
    known = crops.read(folder / "batches/b1/crops.parquet", 255, labels.iloc[::-1].iloc[:3])
    assert known.meta["individual"].isna().tolist() == [True, False, False, False]
    assert known.meta["individual"].tolist()[1:] == ["cow 1", "cow 0", "cow 1"]
    assert "individual" not in known.without_truth().meta


def test_take_keeps_order_and_pixels(written):
    seen = crops.read(written[0] / "batches/b1/crops.parquet", None)
    taken = seen.take([3, 0]).take([1])
    assert len(taken) == 1 and taken.meta["crop_id"].tolist() == [seen.meta["crop_id"][0]]
    np.testing.assert_array_equal(taken.image(0), seen.image(0))


def test_a_split_names_the_crops_of_several_batches(written):
    folder, table, _, split = written
    second = crop_tables.rows(individuals=1, frames=2, prefix="b")
    tables.write(folder / "batches/b2/crops.parquet", "crops", second[0], "test")
    rows = pd.concat([split.iloc[1:3], second[2].assign(batch="b2")])
    seen = crops.read_split(folder / "batches", rows, 255)
    assert seen.meta["crop_id"].tolist() == [*table["crop_id"][1:3], *second[0]["crop_id"]]
    codes, names = seen.labels()
    assert names == ["cow 0", "cow 1"] and codes.tolist() == [1, 0, 0, 0]
    assert len(crops.read_split(folder / "batches", rows.iloc[:0], 255)) == 0
