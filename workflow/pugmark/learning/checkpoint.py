"""Checkpoints: the state that a training needs to resume exactly, in files whose bytes depend only on that state."""

import random

import numpy as np
import torch

from pugmark.runtime.devices import device
from pugmark.runtime.disk import replacing
from pugmark.weights import content


def save(path, state):
    """Write `state` (dicts, lists, numbers, strings, tensors) to `path`, atomically."""
    # Pass an open file: given a path, torch would store the temporary file's name.
    with replacing(path) as partial, open(partial, "wb") as file:
        torch.save(state, file)


def load(path):
    """The content of a file that `save` wrote, on the CPU. Raises WeightsError."""
    return content(path, "remove it and give the same command again")


def seed_all(seed):
    """Seed every random generator and choose deterministic convolutions on a GPU."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.backends.cudnn.deterministic = True


def rng_state():
    """The state of every random generator, in types that `load` accepts."""
    name, keys, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": [name, keys.tolist(), *rest],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if device().type == "cuda" else [],
    }


def restore_rng(state):
    """Restore every random generator to a state from `rng_state`."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    np.random.set_state(tuple(state["numpy"]))
    torch.set_rng_state(state["torch"])
    if state["cuda"] and device().type == "cuda":
        torch.cuda.set_rng_state_all(state["cuda"])
