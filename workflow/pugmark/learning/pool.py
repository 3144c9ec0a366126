"""Random views of every crop, encoded once: what a frozen backbone would say of them in every epoch anew.

They are never saved: a checkpoint would be a hundred times the size of the head. A resumed training encodes them again,
which the seed makes the same.
"""

import torch

from pugmark.learning import inference, loader
from pugmark.runtime.devices import device

IMAGES = 64
"""Views that go through the network at once."""


@torch.no_grad()
def encode(network, crops, recipe, views, seed):
    """Features of `views` random views of every crop, float32 N x views x D, in main memory.

    network: module from B x 3 x H x W to B x D; left as it was, and run as for `inference.extract`. recipe: random
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
    """Batches of (features of one view, of another view, indices) for the lists of crop indices in `order`."""

    def __init__(self, features, order, rng):
        """features: N x V x D, V at least 2; rng: a NumPy generator, which draws as the batches are asked for."""
        self.features, self.order, self.rng = features, order, rng

    def __len__(self):
        return len(self.order)

    def __iter__(self):
        views = self.features.shape[1]
        for indices in map(torch.tensor, self.order):
            first = torch.from_numpy(self.rng.integers(views, size=len(indices)))
            other = (first + torch.from_numpy(self.rng.integers(1, views, size=len(indices)))) % views
            yield self.features[indices, first], self.features[indices, other], indices
