"""One box around the whole of each image or frame, for pictures that are crops already."""

DEFAULTS = {}
ALLOWED = {}


def detect(media, batch, settings, weights, counts):
    """Yield a row per usable image or frame: the whole of it, an animal, confidence 1. No pixels are read."""
    usable = media[(media["status"] == "ok") & (media["kind"] != "video")]
    for media_id in usable["media_id"]:
        yield {
            "media_id": media_id,
            "label": "animal",
            "source_label": None,
            "confidence": 1.0,
            **{"x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0},
        }
