"""Pixels of images and videos as upright 8-bit RGB arrays, one at a time."""

import contextlib
import itertools

import av
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff"}
VIDEO_SUFFIXES = {".mp4", ".avi", ".mov", ".mkv", ".m4v", ".mpg", ".mpeg", ".wmv", ".webm", ".mts", ".3gp"}


class UnreadableError(Exception):
    """A media file that cannot be decoded; the message is the reason, fit for the `status` column."""


@contextlib.contextmanager
def _reasons():
    try:
        yield
    except Image.DecompressionBombError as error:
        raise UnreadableError("more pixels than are safe to decode") from error
    except UnidentifiedImageError as error:
        raise UnreadableError("not an image") from error
    except (av.FFmpegError, OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise UnreadableError(str(error).splitlines()[0][:120] if str(error) else type(error).__name__) from error


def read_image(path):
    """The image at `path`, turned as its EXIF says, as uint8 H x W x 3. Raises UnreadableError.

    16-bit grey keeps its high byte; CMYK and palettes are converted; transparency is dropped onto white.
    """
    with _reasons(), Image.open(path) as image:
        image.load()
        return np.asarray(upright_rgb(image))


def upright_rgb(image):
    """A loaded PIL image as upright 8-bit RGB."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        grey = np.asarray(image)
        return Image.fromarray((grey // 256 if grey.max(initial=0) > 255 else grey).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def video_frames(path, wanted=None):
    """Yield (frame number, uint8 H x W x 3) in decoding order; only the numbers in `wanted` where it is given.

    Frames are counted from 0 by decoding every frame up to the last wanted one, so numbers are exact in any container.
    """
    last = max(wanted, default=-1) if wanted is not None else None
    with _reasons(), av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if last is not None and number > last:
                return
            if wanted is None or number in wanted:
                yield number, frame.to_ndarray(format="rgb24")


def frames(media, root):
    """Yield (row, uint8 H x W x 3) for each usable image and video frame of a media table, in the table's order.

    media: DataFrame of the media table, frames of one video adjacent. root: the batch folder. Rows whose status is not
    ok, and rows of kind `video`, are passed over. Only one image is held at a time.
    """
    usable = media[(media["status"] == "ok") & (media["kind"] != "video")]
    for (kind, path), rows in itertools.groupby(usable.itertuples(), key=lambda row: (row.kind, row.path)):
        if kind == "image":
            yield next(rows), read_image(root / path)
            continue
        by_number = {int(row.frame_number): row for row in rows}
        for number, pixels in video_frames(root / path, set(by_number)):
            yield by_number[number], pixels
