"""Videos with names on boxes: MP4 of the frames that show animals, each at its own time, without those of people."""

import colorsys
import math
import zlib
from fractions import Fraction

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pugmark.formats import pixels

CODECS = ("libx264", "libopenh264", "mpeg4")
DOUBT = (160, 160, 160)


def write(folder, export, folders, people):
    """overlay/*.mp4, numbered as in mot/videos.csv.

    folders: {batch: where its media lie}. people: set of (batch, path, frame number) that show people or vehicles.
    """
    named = export.certain.dropna(subset=["frame_number", "width", "height"])
    hidden = 0
    for number, ((batch, path), _) in enumerate(named.groupby(["batch", "path"]), 1):
        rows = export.crops[(export.crops["batch"] == batch) & (export.crops["path"] == path)]
        boxes = {int(frame): part for frame, part in rows.groupby("frame_number")}
        shown = {frame for frame in boxes if (batch, path, frame) not in people}
        hidden += len(boxes) - len(shown)
        (folder / "overlay").mkdir(exist_ok=True)
        try:
            frames = pixels.video_frames(f"{folders[batch]}/{path}", shown)
            drawn = ((at, marked(image, boxes[at])) for at, image in frames)
            encode(folder / "overlay" / f"{number}.mp4", drawn, export.videos.get((batch, path), (25.0, []))[0])
        except pixels.UnreadableError as error:
            export.told.append(f"overlay/{number}.mp4 is not whole: {batch}/{path}: {error}.")
    if hidden:
        export.told.append(f"overlay: {hidden} frames that show people or vehicles are left out.")


def marked(image, rows):
    """A frame (uint8 H x W x 3) with the boxes of `rows` and their names; a question mark where none is certain."""
    drawn = Image.fromarray(image)
    pen, (width, height) = ImageDraw.Draw(drawn), drawn.size
    font = ImageFont.load_default(size=max(12, height // 30))
    for row in rows.itertuples():
        name, colour = (row.individual, colour_of(row.individual)) if row.certain else ("?", DOUBT)
        left, top = row.x * width, row.y * height
        pen.rectangle((left, top, left + row.w * width, top + row.h * height), outline=colour, width=2)
        anchor = (max(left, 0), max(top - font.size - 4, 0))
        pen.rectangle(pen.textbbox(anchor, name, font=font), fill=(0, 0, 0))
        pen.text(anchor, name, fill=colour, font=font)
    return np.asarray(drawn)


def colour_of(name):
    """A bright colour that a name always has."""
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(zlib.crc32(name.encode()) % 360 / 360, 0.6, 1.0))


def encode(path, frames, rate):
    """Write (number, uint8 H x W x 3) frames as MP4; frame N is shown N / rate seconds after the first of the video."""
    codec = next(name for name in CODECS if name in av.codecs_available)
    rate = Fraction(rate).limit_denominator(1001)
    with av.open(str(path), "w", format="mp4") as out:
        stream = None
        for number, image in frames:
            if stream is None:
                # These codecs take even sides only.
                height, width = (2 * math.floor(side / 2) for side in image.shape[:2])
                stream = out.add_stream(codec, rate=rate, width=width, height=height, pix_fmt="yuv420p")
                stream.codec_context.time_base = 1 / rate
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="rgb24")
            frame.pts, frame.time_base = number, 1 / rate
            out.mux(stream.encode(frame))
        if stream is not None:
            out.mux(stream.encode())
