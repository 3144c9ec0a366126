"""What kind of file a suffix stands for: everything that the readers of this package open.

A suffix is only a promise. A file that does not open (`.ts` may hold TypeScript) becomes a row with its reason.
"""

import os

# What Pillow opens here (`pixels` names its decoders), and what PyAV does.
IMAGES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff"}) | {
    *(".webp", ".bmp", ".gif", ".jp2", ".j2k", ".avif"),
}
VIDEOS = frozenset({".mp4", ".m4v", ".mov", ".avi", ".divx", ".mkv", ".webm", ".mpg", ".mpeg", ".vob"}) | {
    *(".wmv", ".asf", ".flv", ".f4v", ".ts", ".mts", ".m2ts", ".3gp", ".3g2", ".ogv", ".mxf"),
    *(".mjpg", ".mjpeg", ".h264", ".dav"),
}
SIDECARS = frozenset({".csv", ".json"})
MEDIA = IMAGES | VIDEOS


def suffix(path):
    """The suffix of `path` in small letters, with its dot; empty where there is none."""
    return os.path.splitext(path)[1].lower()


def is_media(path):
    """Whether `path` is named like an image or a video."""
    return suffix(path) in MEDIA


def is_video(path):
    """Whether `path` is named like a video."""
    return suffix(path) in VIDEOS
