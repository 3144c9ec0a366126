"""Small media files for tests, made with the libraries that cameras' files are read with."""

import av
import numpy as np
from PIL import Image


def noise(width=40, height=30, seed=0):
    """A PIL image whose content depends on the seed alone."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8))


def photo(path, taken=None, offset=None, orientation=None, seed=None, size=(40, 30)):
    """Write a JPEG at `path`; taken: EXIF DateTimeOriginal text. Its content differs from that of any other path."""
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    fields = {0x9003: taken, 0x9011: offset}
    exif.get_ifd(0x8769).update({tag: value for tag, value in fields.items() if value})
    path.parent.mkdir(parents=True, exist_ok=True)
    noise(*size, seed=sum(str(path).encode()) if seed is None else seed).save(path, "JPEG", exif=exif)
    return path


def video(path, frames=25, rate=10, created=None, size=(64, 48)):
    """Write an MPEG-4 video at `path` whose frame n is grey of level 8 n."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        if created:
            container.metadata["creation_time"] = created
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            pixels = np.full((size[1], size[0], 3), min(8 * number, 255), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return path
