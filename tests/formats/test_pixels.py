"""Pixels come upright, 8-bit and RGB from whatever lies in the file."""

import numpy as np
import pytest
from formats.media import noise, photo, video
from PIL import Image

from pugmark.formats import pixels

RED_LEFT = Image.fromarray(np.repeat(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), 8, 0).repeat(8, 1))


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("cmyk.jpg", RED_LEFT.convert("CMYK")),
        ("palette.png", RED_LEFT.convert("P", palette=Image.Palette.ADAPTIVE)),
        ("alpha.png", RED_LEFT.convert("RGBA")),
        ("plain.tiff", RED_LEFT),
        ("cmyk.tif", RED_LEFT.convert("CMYK")),
    ],
)
def test_every_kind_of_colour_comes_as_rgb(tmp_path, name, image):
    image.save(tmp_path / name)
    found = pixels.read_image(tmp_path / name)
    assert found.shape == (8, 16, 3) and found.dtype == np.uint8
    assert np.allclose(found[4, [2, 13]], [[255, 0, 0], [0, 0, 255]], atol=20)
    assert pixels.check_image(tmp_path / name)[:2] == pixels.size(tmp_path / name) == (16, 8)


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_sixteen_bits_keep_their_high_byte(tmp_path, name):
    Image.fromarray(np.array([[0, 256 * 77 + 5, 65535]], np.uint16)).save(tmp_path / name)
    assert pixels.read_image(tmp_path / name)[0, :, 0].tolist() == [0, 77, 255]
    assert pixels.check_image(tmp_path / name)[:2] == (3, 1)


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_sizes_are_those_of_the_upright_image(tmp_path, orientation, name):
    path, exif = tmp_path / name, Image.Exif()
    exif[0x0112] = orientation
    noise(40, 30).save(path, exif=exif)
    height, width = pixels.read_image(path).shape[:2]
    assert pixels.check_image(path)[:2] == pixels.size(path) == (width, height)
    assert (width, height) == ((40, 30) if orientation < 5 else (30, 40))


@pytest.mark.parametrize(("least", "width"), [(None, 400), (400, 400), (200, 200), (201, 400), (100, 100), (1, 50)])
def test_a_jpeg_is_decoded_no_larger_than_needed(tmp_path, least, width):
    photo(tmp_path / "a.jpg", size=(400, 300), orientation=6)
    found = pixels.read_image(tmp_path / "a.jpg", least)
    assert found.shape[0] == width and abs(found.shape[1] - width * 3 / 4) <= 1, "turned, and of the least size"


def test_frames_have_the_numbers_that_were_asked_for(tmp_path):
    path = video(tmp_path / "v.mp4", frames=20)
    found = {number: round(frame.mean() / 8) for number, frame in pixels.video_frames(path, {0, 7, 19})}
    assert found == {0: 0, 7: 7, 19: 19}
    assert list(pixels.video_frames(path, set())) == []
    assert [number for number, _ in pixels.video_frames(path)] == list(range(20))


def test_a_video_that_was_filmed_upright_comes_upright(tmp_path):
    path = tmp_path / "v.mp4"
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:, :32] = 255  # bright on the left as stored
    _write(path, frame)
    content = path.read_bytes()
    # The display matrix stands 44 bytes into the track's header: (0 1; -1 0) turns the picture clockwise for viewing.
    start = content.index(b"tkhd") + 44
    fixed = b"".join(int(n).to_bytes(4, "big", signed=True) for n in (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))
    path.write_bytes(content[:start] + fixed + content[start + 36 :])
    (_, found), *_ = pixels.video_frames(path)
    assert found.shape == (64, 48, 3) and pixels.size(path) == pixels.check_video(path)[:2] == (48, 64)
    assert found[:28].mean() > 200 > 50 > found[36:].mean()  # the left comes to the top


def _write(path, pixels_of_frame):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width, stream.pix_fmt = *pixels_of_frame.shape[:2], "yuv420p"
        for packet in (*stream.encode(av.VideoFrame.from_ndarray(pixels_of_frame, "rgb24")), *stream.encode()):
            container.mux(packet)


def test_the_check_tells_seconds_and_the_header_time(tmp_path):
    path = video(tmp_path / "v.mp4", frames=5, rate=4, created="2024-05-31T18:30:00Z")
    width, height, seconds, created, whole = pixels.check_video(path)
    assert (width, height, whole) == (64, 48, True)
    assert seconds == [0, 0.25, 0.5, 0.75, 1] and created.startswith("2024-05-31T18:30:00")


def test_a_check_finds_what_a_decode_finds(tmp_path):
    noise(400, 300).save(tmp_path / "a.jpg", quality=95)
    whole = (tmp_path / "a.jpg").read_bytes()
    for share in (0.1, 0.5, 0.95):
        (tmp_path / "a.jpg").write_bytes(whole[: int(share * len(whole))])
        for read in (pixels.check_image, pixels.read_image):
            with pytest.raises(pixels.UnreadableError, match="truncated"):
                read(tmp_path / "a.jpg")
