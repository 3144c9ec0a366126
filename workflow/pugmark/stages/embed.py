"""Turn the crops of one batch into unit vectors with a trained model."""

import logging
from pathlib import Path

import numpy as np

from pugmark import methods, tables
from pugmark.learning import checkpoint, crops
from pugmark.runtime import cli, usage

logger = logging.getLogger(__name__)


class FeatureError(ValueError):
    """Features are not finite unit vectors, one for each crop."""


def embed(model, table, out, fill=None, labels=None, batch=None, shown="animal", beside=()):
    """Write the features table `out` of a crops table under a model file.

    fill: grey level outside the masks, None for unmasked crops. shown: `background` fills the animal instead. labels:
    path of the labels table, shown only to a method that states SEES_TRUTH. batch: name of the batch, shown with the
    paths only to a method that states SEES_PATHS. beside: paths of the features that one that states JOINS is shown.
    Raises FeatureError.
    """
    model = checkpoint.load(model)
    facts = methods.catalogue()[model["method"]]
    truth = tables.read(labels, "labels") if facts["SEES_TRUTH"] else None
    seen = crops.read(table, fill, truth, batch if facts["SEES_PATHS"] else None, shown)
    seen.beside = [joined(path, seen) for path in beside]
    method = methods.load(model["method"])
    features = checked(method.embed(seen, model["params"], model["state"]), len(seen)) if len(seen) else []
    settings = {
        "method": model["method"],
        "params": model["params"],
        "seed": model["seed"],
        "fill": fill,
        "shown": shown,
    }
    data = {"crop_id": seen.meta["crop_id"], "feature": features}
    used = model["weights"] + [file for path in beside for file in tables.provenance(path)["models"]]
    tables.write(out, "features", data, "embed", settings, used, {"crops": len(seen)})
    size = len(features[0]) if len(seen) else 0
    logger.info("%s: %d crops embedded in %d dimensions", model["method"], len(seen), size)


def joined(path, seen):
    """The vectors of the features table `path`, in the order of the crops `seen`. Raises FeatureError."""
    crop_ids, vectors = tables.features(path)
    if crop_ids != seen.meta["crop_id"].tolist():
        raise FeatureError(f"{path} is not of these crops: make it again.")
    return vectors


def checked(features, count):
    """`features` if they are finite unit vectors, float32 `count` x D. Raises FeatureError otherwise."""
    if features.dtype != np.float32 or features.ndim != 2 or len(features) != count:
        raise FeatureError(f"expected {count} float32 vectors, got {features.dtype} {features.shape}.")
    if not np.isfinite(features).all():
        raise FeatureError("the features hold NaN or infinity: train again with a lower learning rate.")
    if not np.allclose(np.linalg.norm(features, axis=1), 1, atol=1e-4):
        raise FeatureError(
            "the features are not of unit norm: divide each vector by its length in the method's `embed`."
        )
    return features


def main(argv=None):
    """Command line of the stage."""
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--labels", type=Path, help="labels table, for methods that see the truth")
    parser.add_argument("--beside", type=Path, nargs="+", default=[], help="features, for a method that joins them")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    embed(args.model, args.crops, args.out, labels=args.labels, beside=args.beside, **args.settings)


if __name__ == "__main__":
    with usage.recorded():
        main()
