"""Boxes in pixels, and pictures read one at a time."""

from types import SimpleNamespace

import av
import numpy as np
import pandas as pd
import pytest
from masking import scenes

from pugmark.masking import boxes


@pytest.mark.parametrize(
    ("box", "padding", "expected"),
    [
        ((0.25, 0.5, 0.5, 0.25), 0, (50, 50, 150, 75)),
        ((0.25, 0.5, 0.5, 0.25), 0.1, (40, 47, 160, 78)),  # 10 pixels each side, 2.5 rounded outwards
        ((0, 0, 1, 1), 0.1, (0, 0, 200, 100)),
        ((0.9, 0.9, 0.3, 0.3), 0, (180, 90, 200, 100)),
        ((0.251, 0.5, 0.001, 0.25), 0, (50, 50, 51, 75)),
        ((1.5, 0.2, 0.1, 0.1), 0, (200, 20, 200, 30)),
        ((-0.5, 0.2, 0.1, 0.1), 0, (0, 20, 0, 30)),
    ],
)
def test_padded_by_hand(box, padding, expected):
    row = SimpleNamespace(**dict(zip("xywh", box, strict=True)))
    assert boxes.padded(row, 200, 100, padding) == expected


def test_only_usable_media_with_animals_are_read():
    media = pd.DataFrame(
        [
            scenes.medium("animal"),
            scenes.medium("person"),
            scenes.medium("empty"),
            scenes.medium("animal", path="copy.png", status="duplicate of animal.png"),
        ]
    )
    found = [scenes.detection("animal", 0, 0, 0, 1, 1), scenes.detection("person", 0, 0, 0, 1, 1, label="person")]
    found.append(scenes.detection("animal", 1, 0, 0, 1, 1, label="vehicle"))
    usable, by_media = boxes.with_animals(media, pd.DataFrame(found))
    assert usable["path"].tolist() == ["animal.png"]
    assert {name: [row.detection_id for row in rows] for name, rows in by_media.items()} == {"animal": ["animal-d00"]}


def test_an_unreadable_picture_yields_none_and_the_next_is_read(tmp_path):
    pixels = scenes.photograph(scenes.disc())
    scenes.save(tmp_path / "good.png", pixels)
    (tmp_path / "bad.png").write_bytes((tmp_path / "good.png").read_bytes()[:200])
    media = pd.DataFrame([scenes.medium(name) for name in ("bad", "gone", "good")])
    (_, bad), (_, gone), (row, good) = boxes.images(media, tmp_path)
    assert bad is None and gone is None and row.media_id == "good"
    np.testing.assert_array_equal(good, pixels)


def test_frames_of_a_video_come_by_number_and_missing_ones_as_none(tmp_path):
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height = 64, 48
        for grey in (0, 60, 120, 180):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), grey, np.uint8), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    rows = [scenes.medium(f"v-f{number}", path="clip.mp4", kind="frame", frame_number=number) for number in (1, 3, 9)]
    found = {row.media_id: image for row, image in boxes.images(pd.DataFrame(rows), tmp_path)}
    assert abs(found["v-f1"].mean() - 60) < 5 and abs(found["v-f3"].mean() - 180) < 5
    assert found["v-f9"] is None
