"""Batches of augmented crops, decoded in worker processes, the same whatever their number.

Every sample draws from a generator of its own, seeded by run, epoch and place in the epoch: that is also why a resumed
training equals an uninterrupted one.
"""

import contextlib
import os

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from pugmark.runtime import cores
from pugmark.runtime.devices import device


def workers():
    """Decoding processes: PUGMARK_WORKERS, else one less than the cores of this job, at most 8."""
    return int(os.environ.get("PUGMARK_WORKERS", min(cores.granted() - 1, 8)))


def batches(crops, order, recipes, seed, epoch):
    """Yield (view 1, ..., view V, indices) for each list of crop indices in `order`.

    recipes: V transforms.Recipe. Views are B x 3 x H x W; indices int64, B. A recipe that gives several tensors puts
    them one after the other.
    """
    ends = np.cumsum([0, *map(len, order)])
    numbered = [list(enumerate(indices, start)) for indices, start in zip(order, ends, strict=False)]
    # One batch does not repay starting a process.
    count = min(workers(), len(order) - 1) if order else 0
    return DataLoader(
        _Views(crops, recipes, seed, epoch),
        batch_sampler=numbered,
        num_workers=count,
        pin_memory=device().type == "cuda",
        generator=torch.Generator(),
    )


def in_order(count, size):
    """0 to count - 1 as lists of `size`."""
    return [list(range(start, min(start + size, count))) for start in range(0, count, size)]


@contextlib.contextmanager
def seeded(*numbers):
    """Torch's CPU generator set by `numbers` inside the block and untouched outside it; CUDA's is left alone."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1))
    try:
        yield
    finally:
        torch.set_rng_state(before)


class _Views(Dataset):
    def __init__(self, crops, recipes, seed, epoch):
        self.crops, self.recipes, self.seed, self.epoch = crops, recipes, seed, epoch
        self.size = tuple(map(max, zip(*(recipe.size for recipe in recipes), strict=True)))

    def __getitem__(self, numbered):
        place, index = numbered
        image, masked = self.crops.image(index, self.size), self.crops.masked(index)
        with seeded(self.seed, self.epoch, place):
            made = [recipe(image, masked) for recipe in self.recipes]
        return *(tensor for one in made for tensor in (one if isinstance(one, tuple) else (one,))), index
