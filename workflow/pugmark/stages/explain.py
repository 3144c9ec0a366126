"""Draw what a trained network looks at: a few crops with their Grad-CAM, what in another crop looks like its hottest
place, and of FANCL how it noises them.

    python -m pugmark.stages.explain --model model.pt --folder results/C/batches --split split.parquet --run NAME \\
        --clusters clusters.parquet --settings '{"crops": 8, "fill": 255}' --out gradcam.jpg --layout layout.parquet

What is explained is the likeness of a crop to its own kind: the cosine similarity of its vector with the mean vector of
the other crops of its individual; where it has no name, of those in its cluster (of the first algorithm in the table).
It is no class's score, which only supervised methods have, so that all methods are asked the same. Crops are drawn at
random, of as many individuals and clusters as there are; those that are alone of their kind are passed over.

The table `layout` is a map of the named crops, with the prototypes of methods that have such.
"""

import functools
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F

from pugmark import methods, tables, vectors
from pugmark.learning import checkpoint, correspondence, crops, fana, gradcam, norm, transforms
from pugmark.learning.gradcam import ExplainError
from pugmark.metrics import layout
from pugmark.reporting import panels
from pugmark.runtime import cli

DEFAULTS = {"crops": 8, "fill": None, "shown": "animal"}
log = logging.getLogger(__name__)


def explain(model, split, features, clusters, folder, out, most, fill=None, shown="animal"):
    """Draw `most` crops of the collection, explained for a model, to the picture `out`.

    model: what checkpoint.load gives. split, clusters: DataFrames of these tables. features: unit vectors of the
    crops of `split`, row by row. folder: holds {batch}/crops.parquet. fill: grey level outside the masks, None for
    unmasked crops. shown: `background` fills the animal instead. Raises ExplainError.
    """
    method, params = methods.load(model["method"]), model["params"]
    if not hasattr(method, "network"):
        raise ExplainError(f"Method {model['method']} offers no `network`: its vectors cannot be explained.")
    rows, towards, nearest = chosen(split, features, clusters, most)
    drawn = []
    if len(rows):
        network = method.network(params, model["state"]).eval()
        both = split.iloc[np.unique([*rows, *nearest])]
        seen = crops.read_split(Path(folder), both, fill, shown).outlined()
        pictures, others = (_pictures(seen, split["crop_id"].iloc[at], params) for at in (rows, nearest))
        images, noising = pictures[:, :3], hasattr(network, "region")
        heats = gradcam.heat(network, pictures if noising else images, torch.from_numpy(towards))
        told = looked_at(heats, pictures[:, 3])
        drawn = [("crop", panels.pictures(images)), (f"Grad-CAM{told}", panels.overlays(images, heats))]
        drawn += alike(network, pictures, others, heats)
        log.info("%s%s", model["method"], told)
        if noising:
            drawn += noise(network, pictures)
    panels.draw(drawn, out)
    log.info("%s: %d crops explained", model["method"], len(rows))


def mapped(model, split, features):
    """Rows of the table `layout`, and {"silhouette": score of the named crops on it, "crops": their number}.

    model, split, features: as of `explain`. Prototypes are compared with that part of the features which shares their
    space. Fewer than five points or two individuals make no map.
    """
    method, names = methods.load(model["method"]), [None if pd.isna(name) else name for name in split["individual"]]
    known, bank = method.prototypes(model["state"]) if hasattr(method, "prototypes") else ([], None)
    rows = layout.chosen(names, set(known))
    shown = [names[row] for row in rows]
    space = features[rows] if bank is None else norm.unit(features[rows, -bank.shape[1] :])
    points = [("crop", split["crop_id"].iloc[row], names[row]) for row in rows]
    counts = {"silhouette": layout.silhouette(space, shown), "crops": len(rows)}
    also = [at for at, name in enumerate(known) if name in shown]
    if also:
        points += [("prototype", known[at], known[at]) for at in also]
        space = np.concatenate((space, norm.unit(bank[also])))
    if len(points) < 5 or len(set(shown)) < 2:
        return [], counts
    places = layout.placed(space).astype(float)
    columns = "kind", "name", "individual", "x", "y"
    return [
        dict(zip(columns, (*point, *place), strict=True)) for point, place in zip(points, places, strict=True)
    ], counts


def chosen(split, features, clusters, most, seed=0):
    """Up to `most` row numbers of `split`, for each the sum of the vectors of the others of its kind, N x D, and the
    row number of the one that is most like it.

    Of every kind one crop, then of every kind a second, and so on.
    """
    known = clusters.drop_duplicates("crop_id").set_index("crop_id")["cluster"].reindex(split["crop_id"]).fillna(-1)
    both = zip(split["individual"], known.astype(int), strict=True)
    named = [f"name {who}" if pd.notna(who) else f"cluster {group}" if group >= 0 else None for who, group in both]
    kinds = pd.Series(named, dtype=object)
    kinds = kinds[kinds.groupby(kinds).transform("size") > 1]
    kinds = kinds.iloc[np.random.default_rng(seed).permutation(len(kinds))]
    turn = kinds.groupby(kinds).cumcount().sort_values(kind="stable")
    rows = turn.index[:most].to_numpy(int)
    others = [kinds.index[(kinds == kinds[row]) & (kinds.index != row)] for row in rows]
    towards = [features[other].sum(0) for other in others]
    nearest = [other[(features[other] @ features[row]).argmax()] for row, other in zip(rows, others, strict=True)]
    return rows, np.array(towards, np.float32).reshape(len(rows), features.shape[1]), np.array(nearest, int)


def looked_at(heats, inside):
    """In words, the mean share of the maps on the animal, beside the share of the picture that the animal fills.

    heats: B x H x W. inside: the outlines, likewise, 0 to 1. Empty where no crop has a mask.
    """
    masked = inside.mean((1, 2)) < 1
    shares = gradcam.energy(heats, inside)[masked]
    shares = shares[~shares.isnan()]
    if not len(shares):
        return ""
    filled = inside.mean((1, 2))[masked].mean()
    return f": {100 * shares.mean():.0f} % of it on the animal, which fills {100 * filled:.0f} % of the picture"


def alike(network, pictures, others, heats):
    """Rows of pictures: a point where the map of each crop is hottest, and what looks like it in the other crop.

    pictures, others: normalised, with their outlines, B x 4 x H x W. heats: B x H x W. A network may offer
    `descriptors`, local features for this very purpose; else they are the features before pooling.
    """
    local = getattr(network, "descriptors", None) or functools.partial(gradcam.local, network)
    points, found = [], []
    for picture, other, heat in zip(pictures, others, heats, strict=True):
        here, there = (local(one[None, :3])[0] for one in (picture, other))
        inside = (other[3] > 0).float()[None, None]
        inside = F.adaptive_max_pool2d(inside, there.shape[1:])[0, 0] > 0
        place = correspondence.hottest(heat, picture[3] > 0)
        (down, right), cosines = correspondence.match(here, there, scaled(place, heat.shape, here.shape[1:]), inside)
        overlay = panels.overlays(other[None, :3], gradcam.upon(cosines[None].clamp(min=0), other.shape[1:]))
        points += panels.marked(panels.pictures(picture[None, :3]), [place])
        found += panels.marked(overlay, [scaled((down, right), there.shape[1:], other.shape[1:])])
    return [("hottest place", points), ("what looks like it in the nearest other crop of its kind", found)]


def scaled(place, size, to):
    """The place (row, column) of a grid of `size` in one of the size `to`: the middle of its cell."""
    return tuple(int((at + 0.5) * wanted / length) for at, length, wanted in zip(place, size, to, strict=True))


def noise(network, pictures):
    """Rows of pictures of FANCL's noise: activation, region of its highest values on the animal, noised crop.

    network: fancl.Branches. pictures: normalised, with the outline, B x 4 x H x W. None without the noised branch.
    """
    region, params, images = network.region(pictures), network.params, pictures[:, :3]
    if region is None:
        return []
    activation, noised = network.activation(pictures), fana.noised(images, region, params["density"])
    white = [*(255 * region[..., None].expand(*region.shape, 3)).to(torch.uint8).numpy()]
    heats = gradcam.upon(activation - activation.amin((1, 2), keepdim=True), images.shape[2:])
    titled = f"activation of {params['layer']}", f"region, {100 * params['area']:g} % of the animal", "noised"
    return list(zip(titled, (panels.coloured(heats), white, panels.pictures(noised)), strict=True))


def _pictures(seen, order, params):
    """Normalised pictures with their outline of the crops called `order`, as the network sees them when it embeds."""
    recipe = transforms.test_recipe(params["height"], params["width"])
    at = {crop_id: place for place, crop_id in enumerate(seen.meta["crop_id"])}
    return transforms.normalise(torch.stack([recipe(seen.image(at[crop_id], recipe.size)) for crop_id in order]))


def main(argv=None):
    """Command line of the stage."""
    parser = cli.parser(__doc__)
    for option in ("model", "folder", "split", "clusters", "out", "layout"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    parser.add_argument("--run", required=True, help="whose features to compare with")
    given = parser.parse_args(argv)
    settings = DEFAULTS | given.settings
    split, clusters = tables.read(given.split, "split"), tables.read(given.clusters, "clusters")
    features = vectors.of_collection(split, given.folder, given.run)
    most = settings.pop("crops")
    model = checkpoint.load(given.model)
    explain(model, split, features, clusters, given.folder, given.out, most, **settings)
    rows, counts = mapped(model, split, features)
    tables.write(given.layout, "layout", rows, "explain", counts=counts)


if __name__ == "__main__":
    main()
