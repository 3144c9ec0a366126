"""Every method at a size that trains in a second, on crops drawn for it."""

import torch

from pugmark import methods
from pugmark.learning import run as runs
from pugmark.stages import train

# Whatever of these a method has is made small; the rest of its defaults stand.
SMALL = {
    "backbone": "timm/test_resnet",
    "weights": None,
    "height": 32,
    "width": 32,
    "epochs": 2,
    "iterations": 2,
    "batch": 6,
    "identities": 3,
    "images": 2,
    "k1": 4,
    "k2": 2,
    "min_samples": 2,
    "warmup": 1,
    "neighbours": 3,
    "smoothing_epochs": 1,
}
# At the rates for six crops, and for thousands of steps, their first steps would be lost in rounding.
OWN = {"base_vit": {"backbone": "timm/test_vit"}, "simclr": {"lr": 10.0}, "moco": {"momentum": 0.5}}


def params(name, variant=None):
    """The settings of method `name`, made small, under those of the variant."""
    defaults = methods.catalogue()[name]["PARAMS"]
    given = {key: value for key, value in SMALL.items() if key in defaults}
    return methods.resolve(name, given | OWN.get(name, {}) | (variant or {}))


def fitted(name, variant, seen, seed=1, folder=None):
    """The state of the method trained on the crops `seen`, of which it is told that they show three individuals."""
    return train.fit(name, seen, params(name, variant), runs.Run(seed, {}, 3, folder, "key"))


def one_thread(monkeypatch):
    """Compute with one thread and without worker processes, so that equal inputs give equal bits; a generator."""
    monkeypatch.setenv("PUGMARK_WORKERS", "0")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
