"""Looks survive what people do to pictures, and tell pictures apart."""

import numpy as np
import pytest
from formats.media import noise
from PIL import Image, ImageFilter

from pugmark.formats import looks, pixels


def scene(seed):
    """A picture with shapes of all sizes, 640 x 480."""
    return (
        noise(640, 480, seed)
        .filter(ImageFilter.GaussianBlur(25))
        .point(lambda level: min(255, max(0, 20 * level - 2400)))
    )


def look(path):
    return pixels.check_image(path)[3]


def distance(*pair):
    one, other = looks.bits(pair)
    return int(np.bitwise_count(one ^ other))


def test_bits_by_hand():
    # Each row of cells falls from left to right but for the last step: bit 8 of each row.
    row = np.repeat([80, 70, 60, 50, 40, 30, 20, 10, 90], 8).astype(np.uint8)
    assert looks.look(Image.fromarray(np.tile(row, (72, 1)))) == "01" * 8
    assert looks.look(Image.new("RGB", (64, 64), "grey")) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_copy_saved_anew_is_near_and_other_pictures_are_far(tmp_path, seed):
    scene(seed).save(tmp_path / "a.jpg", quality=95)
    for name, size, quality in (("b.jpg", (640, 480), 50), ("c.jpg", (320, 240), 80), ("d.png", (640, 480), None)):
        scene(seed).resize(size).save(tmp_path / name, quality=quality or 95)
        assert distance(look(tmp_path / "a.jpg"), look(tmp_path / name)) <= looks.NEAR
    scene(seed + 100).save(tmp_path / "e.jpg")
    assert distance(look(tmp_path / "a.jpg"), look(tmp_path / "e.jpg")) > 2 * looks.NEAR


def test_a_picture_turned_upright_is_the_same(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    scene(1).save(tmp_path / "a.jpg", exif=exif)
    scene(1).transpose(Image.Transpose.ROTATE_270).save(tmp_path / "b.jpg")
    assert distance(look(tmp_path / "a.jpg"), look(tmp_path / "b.jpg")) <= looks.NEAR


def test_all_near_pairs_are_found():
    random = np.random.default_rng(0)
    base = random.integers(0, 2**63, 300, np.uint64)
    flips = [
        sum(1 << int(bit) for bit in random.choice(64, size, replace=False)) for size in random.integers(0, 8, 300)
    ]
    values = np.concatenate([base, base ^ np.array(flips, np.uint64)])
    asked = random.random(600) < 0.7
    i, j = np.nonzero((np.bitwise_count(values[:, None] ^ values) <= looks.NEAR) & asked[:, None])
    found = {pair for a, b in looks.near(values, asked) for pair in zip(a.tolist(), b.tolist(), strict=True)}
    assert found == set(zip(i.tolist(), j.tolist(), strict=True))
