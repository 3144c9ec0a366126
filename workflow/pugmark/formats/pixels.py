"""Pixels of images and videos as upright 8-bit RGB arrays, one at a time."""

import contextlib
import itertools
import math
import os

import av
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from pugmark.formats import kinds, levels, looks, sampling, times
from pugmark.runtime import cores

# The decoders that a suffix may lead to; Pillow's others (PostScript runs a program) are closed to files of any name.
_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000", "AVIF")
# Pillow refuses more: a picture of a few kilobytes may claim to be as large as the memory of the machine.
MAX_PIXELS = 2 * Image.MAX_IMAGE_PIXELS
_ORIENTATION = 0x0112
# Pillow's own: ultralytics, once imported, puts another in its place, which wants a package for HEIF.
_open = Image.open


class UnreadableError(Exception):
    """A media file that cannot be decoded; the message is the reason, fit for the `status` column."""


@contextlib.contextmanager
def _reasons(path):
    try:
        yield
    except UnreadableError:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableError(f"more than {MAX_PIXELS} pixels") from error
    except UnidentifiedImageError as error:
        raise UnreadableError(_unknown(path)) from error
    # Decoders fail on broken files with errors of nearly every class; whichever it is, the batch goes on.
    except Exception as error:
        # The message of an operating system's or codec's error names the file by its absolute path; strerror does not.
        message = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnreadableError(message.splitlines()[0][:120]) from error


def _unknown(path):
    with open(path, "rb") as file:
        tiff = file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    if tiff:
        return "a TIFF of a kind that is not read, such as floating-point colour: save it with 8 bits a channel"
    return "not an image, or of another kind than its name says"


def read_image(path, least=None):
    """The image at `path`, turned as its EXIF says, as uint8 H x W x 3. Raises UnreadableError.

    Deeper pixels are scaled by their range (`levels`); CMYK and palettes are converted; transparency is dropped onto
    white. least: a large JPEG is decoded at a half, a quarter or an eighth of its size, in a fraction of the time, as
    long as its longer side keeps this many pixels.
    """
    with _opened(path) as image:
        # Of colour this deep Pillow reads the high byte alone, which holds next to nothing of 12 bits.
        deep = image.mode == "RGB" and ";16" in str(image.tile)
        if least is not None:
            image.draft(None, [math.ceil(side * least / max(image.size)) for side in image.size])
        image.load()
        return np.asarray(_upright_rgb(image, levels.colour(path) if deep else None))


def size(path):
    """(width, height) in pixels of the upright image or video at `path`, from its header. Raises UnreadableError."""
    if not kinds.is_video(path):
        with _opened(path) as image:
            return _upright_size(image)
    for _, frame in _decoded(path):
        return _upright_frame_size(frame)
    raise UnreadableError("no frames")


def check_image(path):
    """(width, height, EXIF, look) of the upright image at `path` after decoding all of it. Raises UnreadableError.

    A large JPEG is decoded at an eighth of its size, which reads every byte but is several times faster.
    """
    with _opened(path) as image:
        width_height, exif = _upright_size(image), image.getexif()
        exif.get_ifd(times.EXIF_IFD)
        turn = 1 if image.format == "TIFF" else exif.get(_ORIENTATION, 1)
        image.draft(None, (looks.LEAST, looks.LEAST))
        image.load()
        return *width_height, exif, looks.look(_eight_bit(image), turn)


def check_video(path):
    """(width, height, seconds, created, whole) of the video at `path` after decoding all of it. Raises UnreadableError.

    seconds: of each frame since the first, never falling. created: the container's creation_time as text, or None.
    whole: False where decoding broke off after some frames, which are then all that there is.
    """
    stamps, whole = [], True
    try:
        for container, frame in _decoded(path):
            if not stamps:
                width_height, rate = _upright_frame_size(frame), container.streams.video[0].guessed_rate or 25
                created = container.metadata.get("creation_time")
            stamps.append(frame.time)
    except UnreadableError:
        if not stamps:
            raise
        whole = False
    if not stamps:
        raise UnreadableError("no frames")
    return *width_height, sampling.steady(stamps, float(1 / rate)), created, whole


@contextlib.contextmanager
def _opened(path):
    with _reasons(path):
        if os.path.getsize(path) == 0:
            raise UnreadableError("empty file")
        with _open(path, formats=_FORMATS) as image:
            yield image


def _upright_size(image):
    width, height = image.size
    if image.format == "TIFF":  # Pillow turns these by itself
        return width, height
    return (height, width) if image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8) else (width, height)


def _upright_frame_size(frame):
    return (frame.height, frame.width) if frame.rotation % 180 else (frame.width, frame.height)


def _upright_rgb(image, colour=None):
    """A loaded PIL image as upright 8-bit RGB; colour: its deeper pixels where Pillow does not hold them."""
    image = ImageOps.exif_transpose(_eight_bit(image, colour))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _eight_bit(image, colour=None):
    if colour is None and image.mode != "F" and not image.mode.startswith("I"):
        return image
    return Image.fromarray(levels.eight_bit(image if colour is None else colour, image))


def video_frames(path, wanted=None):
    """Yield (frame number, upright uint8 H x W x 3) in decoding order; only the numbers in `wanted` where it is given.

    Frames are counted from 0 by decoding every frame up to the last wanted one, so numbers are exact in any container.
    Raises UnreadableError.
    """
    last = max(wanted, default=-1) if wanted is not None else None
    if last == -1:
        return
    for number, (_, frame) in enumerate(_decoded(path)):
        if wanted is None or number in wanted:
            # A display matrix states a turn counterclockwise, as rot90 counts.
            yield number, np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90))
        if number == last:
            return


def _decoded(path):
    with _reasons(path):
        if os.path.getsize(path) == 0:
            raise UnreadableError("empty file")
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise UnreadableError("no video stream")
            context = container.streams.video[0].codec_context
            context.thread_type, context.thread_count = "AUTO", cores.granted()
            for frame in container.decode(video=0):
                yield container, frame


def frames(media, root, least=None):
    """Yield (row, uint8 H x W x 3) for each usable image and video frame of a media table, in the table's order.

    media: DataFrame of the media table, frames of one video adjacent. root: the batch folder. Rows whose status is not
    ok, and rows of kind `video`, are passed over. Only one image is held at a time. least: as of `read_image`.
    """
    usable = media[(media["status"] == "ok") & (media["kind"] != "video")]
    for path, rows in itertools.groupby(usable.itertuples(), key=lambda row: row.path):
        yield from frames_of(list(rows), root / path, least)


def frames_of(rows, file, least=None):
    """As `frames`, for the `rows` of one file: that of an image, or those of frames of a video."""
    if rows[0].kind == "image":
        yield rows[0], read_image(file, least)
        return
    by_number = {int(row.frame_number): row for row in rows}
    for number, pixels in video_frames(file, set(by_number)):
        yield by_number[number], pixels
