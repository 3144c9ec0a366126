"""Find the foreground inside each animal box of a batch: media and detections in, masks out.

Settings: policy; padding, the share of the box added on each side; theta and min_area, thresholds of the policy (null:
the policy's own); generator, keyword arguments of SAM's mask generator; manifest, {name: {sha256, licence}} of the
weights.
"""

import logging
from collections import Counter
from pathlib import Path

from pugmark import literals, tables
from pugmark.formats import ahead
from pugmark.masking import boxes, rle
from pugmark.masking.chain import UNMASKED, Chain, PolicyError
from pugmark.runtime import cli, usage
from pugmark.weights import verified

log = logging.getLogger("pugmark.stages.mask")
DEFAULTS = {"policy": "none", "padding": 0.05, "theta": None, "min_area": None, "generator": {}}
# Keys of the configuration's mask section that other parts read: the names of the weights, and the fill of crops.
ELSEWHERE = ("sam", "isnet", "fill", "manifest")


def mask_boxes(batch, media, detections, chain, padding=0.05):
    """Rows of the masks table, one per animal box, and counts.

    batch: folder of the media. media, detections: DataFrames of these tables. chain: a `masking.chain.Chain`. The
    foreground stays inside the padded box. Boxes of media that can no longer be read stay unmasked.
    """
    media, by_media = boxes.with_animals(media, detections)
    unseen = ((row, None) for row in media.itertuples())
    rows, unreadable = [], 0
    for row, image in unseen if chain.policy == "none" else ahead.of(boxes.images(media, batch), 1):
        found = by_media[row.media_id]
        if image is None:
            rows += [_row(box, row.height, row.width, chain.policy) for box in found]
            unreadable += chain.policy != "none"
            continue
        picture = chain.picture(image)
        rows += [_masked(chain, picture, box, padding) for box in found]
    return rows, _counts(rows, unreadable)


def load_models(weights, generator=None):
    """{"sam": Sam or None, "isnet": IsNet or None} of verified weights. Imports only the models that are given."""
    models = {"sam": None, "isnet": None}
    for name, file in weights.items():
        if name.startswith("sam_"):
            from pugmark.masking.sam import Sam

            models["sam"] = Sam(file, generator)
        else:
            from pugmark.masking.isnet import IsNet

            models["isnet"] = IsNet(file)
    return models


def _masked(chain, picture, box, padding):
    height, width = picture.pixels.shape[:2]
    edges = boxes.padded(box, width, height, padding)
    if not boxes.window(picture.pixels, edges).size:
        return _row(box, height, width, chain.policy)
    detected = boxes.padded(box, width, height, 0)
    mask, source = chain.mask(picture, edges, detected)
    if mask is None:
        return _row(box, height, width, chain.policy)
    whole = rle.paste(mask, edges, height, width)
    inside = boxes.window(whole, detected)
    return _row(box, height, width, chain.policy, source, rle.encode(whole), inside.mean())


def _row(box, height, width, policy, source=UNMASKED, counts=None, area_fraction=1.0):
    return {
        "detection_id": box.detection_id,
        "height": height,
        "width": width,
        "rle": counts,
        "area_fraction": area_fraction,
        "policy": policy,
        "mask_source": source,
    }


def _counts(rows, unreadable):
    fallen = sum(row["policy"] not in (row["mask_source"], "none") for row in rows)
    return {
        "boxes": len(rows),
        "sources": dict(Counter(row["mask_source"] for row in rows)),
        "fallback_rate": round(fallen / max(len(rows), 1), 4),
        "unreadable_media": unreadable,
    }


def _merged(settings):
    own = {name: value for name, value in settings.items() if name not in ELSEWHERE}
    for name in own.keys() - DEFAULTS.keys():
        raise PolicyError(literals.unknown(name, DEFAULTS, "setting of mask"))
    return DEFAULTS | own


def main(argv=None):
    """Mask one batch."""
    parser = cli.parser(__doc__)
    parser.add_argument("--batch", type=Path, required=True, help="folder of the media")
    parser.add_argument("--media", required=True)
    parser.add_argument("--detections", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args(argv)
    settings = _merged(args.settings)
    weights = verified(args.weights, args.settings.get("manifest", {}))
    thresholds = {name: settings[name] for name in ("theta", "min_area") if settings[name] is not None}
    chain = Chain(settings["policy"], **load_models(weights, settings["generator"]), **thresholds)
    media, detections = tables.read(args.media, "media"), tables.read(args.detections, "detections")
    rows, counts = mask_boxes(args.batch, media, detections, chain, settings["padding"])
    models = [file.provenance() for file in weights.values()]
    tables.write(args.out, "masks", rows, "mask", settings, models, counts)
    sources = ", ".join(f"{n} {name}" for name, n in counts["sources"].items()) or "none masked"
    log.info("%d boxes, %s, %d unreadable media", counts["boxes"], sources, counts["unreadable_media"])


if __name__ == "__main__":
    with usage.recorded():
        main()
