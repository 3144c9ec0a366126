"""Small photographs of a disc-shaped animal, and the rows that describe them."""

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 90, 120


def disc(height=HEIGHT, width=WIDTH, centre=(60, 45), radius=24):
    """The bool array of a disc; centre in x, y."""
    y, x = np.mgrid[:height, :width]
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2


def photograph(animal, seed=0):
    """uint8 H x W x 3: an orange animal with stripes on green, both noisy."""
    stripes = np.arange(animal.shape[1]) // 6 % 2
    fur = np.where(stripes[None, :, None], [220, 130, 40], [170, 80, 20])
    pixels = np.where(animal[..., None], fur, [40, 110, 50])
    return (pixels + np.random.default_rng(seed).normal(0, 6, pixels.shape)).clip(0, 255).astype(np.uint8)


def save(path, pixels):
    """Write a photograph without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def medium(name, width=WIDTH, height=HEIGHT, **changes):
    """A row of the media table."""
    row = {"media_id": name, "path": f"{name}.png", "kind": "image", "width": width, "height": height}
    row |= {
        "timestamp": None,
        "utc_offset": None,
        "time_doubt": None,
        "look": None,
        "time_source": "none",
        "station": None,
        "sequence": name,
    }
    return row | {"frame_number": None, "status": "ok"} | changes


def detection(media_id, ordinal, x, y, w, h, **changes):
    """A row of the detections table."""
    row = {"detection_id": f"{media_id}-d{ordinal:02d}", "media_id": media_id, "label": "animal", "source_label": None}
    return row | {"confidence": 0.9, "x": x, "y": y, "w": w, "h": h, "detector": "test"} | changes
