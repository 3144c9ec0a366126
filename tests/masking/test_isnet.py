"""IS-Net through rembg's own session, on a tiny ONNX file of the same shapes that finds bright pixels."""

import socket

import numpy as np
import pytest
from masking import tiny_models

from pugmark.masking.isnet import IsNet


@pytest.fixture
def session(tmp_path, monkeypatch):
    """A session that may neither open a connection nor write to the home folder."""

    def refused(*_, **__):
        raise AssertionError("the network was touched")

    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(socket, "socket", refused)
    yield IsNet(tiny_models.isnet_weights(tmp_path / "weights.onnx"))
    assert not list(home.iterdir())


def test_the_bright_part_is_found_and_specks_are_opened_away(session):
    image = np.zeros((96, 128, 3), np.uint8)
    image[30:70, 40:100] = 255
    image[5, 5] = 255
    found = session.salient(image)
    assert found.dtype == bool and found.shape == (96, 128)
    assert not found[:20].any()
    assert found[33:67, 43:97].all()
    truth = image[..., 0] > 0
    assert (found & truth).sum() / (found | truth).sum() > 0.95


def test_dark_pictures_are_scaled_by_their_range(session):
    image = np.full((64, 64, 3), 20, np.uint8)
    image[16:48, 16:48] = 30
    np.testing.assert_array_equal(session.salient(image)[20:44, 20:44], True)
    assert not session.salient(image)[:8].any()
