"""A pool of random views of every crop, encoded once: a frozen backbone need not encode them anew every epoch.

The pool is never saved: a checkpoint would be a hundred times the size of the head. A resumed training encodes the
same views again from the seed.
"""

import torch

from pugmark.learning import inference, loader
from pugmark.runtime.devices import device

IMAGES = 64
"""Views per forward pass."""


@torch.no_grad()
def encode(network, crops, recipe, views, seed):
    """Features of `views` random views of every crop, float32 N x views x D, in main memory.

    network: module from B x 3 x H x W to B x D; not changed, and run as in `inference.extract`. recipe: random
    transform of a crop's pixels.
    """
    fast = inference.prepared(network, inference.precision())
    order = loader.in_order(len(crops), max(1, IMAGES // views))
    parts = []
    for *images, indices in loader.batches(crops, order, (recipe,) * views, seed, epoch=0):
        features = fast(torch.cat(images).to(device(), non_blocking=True)).float().cpu()
        parts.append(features.unflatten(0, (views, len(indices))).transpose(0, 1))
    return torch.cat(parts)


class Draws:
    """Batches of (features of one view, features of another view, indices). `order` lists the crop indices of each."""

    def __init__(self, features, order, rng):
        """features: N x V x D, V at least 2. rng: a NumPy generator, used only as batches are drawn."""
        self.features, self.order, self.rng = features, order, rng

    def __len__(self):
        return len(self.order)

    def __iter__(self):
        views = self.features.shape[1]
        for indices in map(torch.tensor, self.order):
            first = torch.from_numpy(self.rng.integers(views, size=len(indices)))
            other = (first + torch.from_numpy(self.rng.integers(1, views, size=len(indices)))) % views
            yield self.features[indices, first], self.features[indices, other], indices
