"""Each suffix that is taken for media names files that the readers open."""

import av
import numpy as np
import pytest
from formats.media import noise

from pugmark.formats import kinds, pixels

# Pillow's format of each suffix; lossy ones come back roughly.
FORMATS = {".jfif": "JPEG", ".jpe": "JPEG", ".j2k": "JPEG2000", ".jp2": "JPEG2000", ".tif": "TIFF", ".jpg": "JPEG"}
# Container and codec of each suffix.
CONTAINERS = {
    **dict.fromkeys([".mp4", ".m4v"], ("mp4", "mpeg4")),
    **dict.fromkeys([".avi", ".divx"], ("avi", "mpeg4")),
    **dict.fromkeys([".mpg", ".mpeg", ".vob", ".dav"], ("vob", "mpeg2video")),
    **dict.fromkeys([".wmv", ".asf"], ("asf", "msmpeg4")),
    **dict.fromkeys([".ts", ".mts", ".m2ts"], ("mpegts", "mpeg2video")),
    **dict.fromkeys([".mjpg", ".mjpeg"], ("mjpeg", "mjpeg")),
    ".mov": ("mov", "mjpeg"),
    ".mkv": ("matroska", "mpeg4"),
    ".webm": ("webm", "libvpx"),
    ".flv": ("flv", "flv"),
    ".f4v": ("f4v", "libx264"),
    ".3gp": ("3gp", "h263"),
    ".3g2": ("3g2", "mpeg4"),
    ".ogv": ("ogg", "libvpx"),
    ".mxf": ("mxf", "mpeg2video"),
    ".h264": ("h264", "libx264"),
}


@pytest.mark.parametrize("suffix", sorted(kinds.IMAGES))
def test_every_image(tmp_path, suffix):
    noise(64, 48).resize((640, 480)).save(tmp_path / f"a{suffix.upper()}", FORMATS.get(suffix))
    found = pixels.read_image(tmp_path / f"a{suffix.upper()}")
    assert found.shape == (480, 640, 3) and found.dtype == np.uint8 and found.std() > 20
    assert pixels.check_image(tmp_path / f"a{suffix.upper()}")[:2] == (640, 480)


@pytest.mark.parametrize("suffix", sorted(kinds.VIDEOS))
def test_every_video(tmp_path, suffix):
    container, codec = CONTAINERS[suffix]
    size = (176, 144)  # one of the few that H.263 knows
    with av.open(str(tmp_path / f"v{suffix}"), "w", format=container) as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for level in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 40 * level, np.uint8), "rgb24")
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    width, height, seconds, _, whole = pixels.check_video(tmp_path / f"v{suffix}")
    assert (width, height, len(seconds), whole) == (*size, 5, True)
    assert kinds.is_video(f"V{suffix.upper()}")


def test_a_suffix_is_only_a_promise(tmp_path):
    (tmp_path / "component.ts").write_text("export const answer: number = 42;\n" * 50)
    with pytest.raises(pixels.UnreadableError):
        pixels.check_video(tmp_path / "component.ts")
    noise().save(tmp_path / "a.jpg", "WEBP")
    assert pixels.size(tmp_path / "a.jpg") == (40, 30), "a picture under the name of another kind is still a picture"


@pytest.mark.parametrize("name", ["a.txt", "a", "a.jpg.bak", ".jpg", "a.jpgx"])
def test_other_names_are_no_media(name):
    assert not kinds.is_media(name)
