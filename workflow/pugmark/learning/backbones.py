"""Backbones: one factory for torchvision, timm and open_clip networks, with weights from verified files only.

Names: a torchvision network ("resnet50", "densenet121"), "timm/NAME" or "open_clip/NAME". Nothing is ever downloaded.
"""

import logging
import re
import sys
from collections import OrderedDict
from types import SimpleNamespace

import torch
from torch import nn

from pugmark.weights import WeightsError, content

# Older torchvision files have an extra dot in the names of a DenseNet's layers.
_DENSE = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])")
_CLASSIFIER = re.compile(r"(^|\.)(fc|classifier|heads?|last_linear)\.")


class BackboneError(ValueError):
    """A backbone that does not exist, does not support an option, or does not fit its weight file."""


class Backbone(nn.Module):
    """A body and the pooling of its output. `size` is the number of channels, D.

    Images B x 3 x H x W give B x D, or maps B x D x h x w if the pooling is `none`. Features are not normalised.
    """

    def __init__(self, body, pooling, size):
        super().__init__()
        self.body, self.pooling, self.size = body, pooling, size

    def forward(self, images):
        """float32 images -> float32 features. Only the body may run in reduced precision."""
        return self.pooling(self.body(images))


class Average(nn.Module):
    """B x D x h x w -> B x D: the mean over positions."""

    def forward(self, maps):
        """B x D x h x w -> B x D."""
        return maps.mean((2, 3))


class GeM(nn.Module):
    """Generalised mean over positions, learnable exponent; 1 gives the average. Source: Radenović et al. (2018)."""

    def __init__(self, exponent=3.0):
        super().__init__()
        self.exponent = nn.Parameter(torch.tensor(exponent))

    def forward(self, maps):
        """B x D x h x w -> B x D."""
        return maps.clamp(min=1e-6).pow(self.exponent).mean((2, 3)).pow(1 / self.exponent)


class Tokens(nn.Module):
    """B x N x D -> B x D: the mean over all tokens of a transformer, that of the class among them."""

    def forward(self, tokens):
        """B x N x D -> B x D."""
        return tokens.mean(1)


_POOLINGS = {"tokens": Tokens, "gap": Average, "gem": GeM, "none": nn.Identity}


def backbone(name, weights=None, last_stride=2, pool="gap", size=None):
    """The network `name` without its classifier, as a `Backbone`.

    weights: a `Weights` file, None for random initialisation. last_stride: 1 keeps the resolution in a ResNet's last
    stage. pool: gap (the network's own pooling for timm and open_clip), gem, tokens (the mean over all of a
    transformer), or none (maps). size: (height, width) of the images, for transformers that are made for one; None for
    the size that they were published with. Position embeddings of the weights are resized to it. Raises BackboneError.
    """
    family, _, short = name.rpartition("/")
    if family not in _FAMILIES:
        raise BackboneError(f"Unknown backbone {name!r}: use a torchvision name, timm/NAME or open_clip/NAME.")
    body, length, pooled = _FAMILIES[family](short, pool, size)
    if weights is not None:
        load(body, weights)
    if pool == "tokens" and not hasattr(body, "blocks"):
        raise BackboneError(f"{name} has no tokens: choose a vision transformer of timm, or set pool to gap.")
    if last_stride == 1:
        keep_resolution(body, name, "layer4")
    return Backbone(body, nn.Identity() if pooled else _POOLINGS[pool](), length)


def drop_paths(body, rate, name):
    """Skip a transformer's blocks at random while it learns: the last with the probability `rate`, earlier ones less.

    Source: Huang et al., Deep networks with stochastic depth (2016). Raises BackboneError for other networks.
    """
    from timm.layers import DropPath

    blocks = getattr(body, "blocks", ())
    if not all(hasattr(block, "drop_path1") for block in blocks) or not len(blocks):
        raise BackboneError(
            f"{name} has no blocks to skip: choose a vision transformer of timm, or set drop_path to 0."
        )
    for share, block in zip(torch.linspace(0, rate, len(blocks)), blocks, strict=True):
        block.drop_path1 = block.drop_path2 = DropPath(share.item())


def load(body, weights):
    """Load the file `weights` into `body` without classifier layers; widens half precision. Raises BackboneError."""
    state = read_state(weights.path)
    # open_clip files hold the image tower and the text tower.
    state = {key[7:]: value for key, value in state.items() if key.startswith("visual.")} or state
    state = _of_its_size({_DENSE.sub(r"\1\2", key): value for key, value in state.items()}, body)
    take(body, state, weights)


def take(body, state, weights):
    """Load the tensors `state` of the file `weights` into `body`; a classifier may remain. Raises BackboneError."""
    wanted = body.state_dict()
    shared = wanted.keys() & state.keys()
    faults = {
        "missing": [key for key in wanted if key not in shared and not key.endswith("num_batches_tracked")],
        "unexpected": [key for key in state if key not in shared and not _CLASSIFIER.search(key)],
        "of another shape": [key for key in shared if state[key].shape != wanted[key].shape],
    }
    if any(faults.values()):
        told = "; ".join(f"{len(keys)} {what} ({', '.join(sorted(keys)[:3])})" for what, keys in faults.items() if keys)
        raise BackboneError(f"Weights {weights.name} ({weights.path.name}) do not fit the backbone: {told}.")
    body.load_state_dict({key: state[key] for key in shared}, strict=False)


def _of_its_size(state, body):
    """`state`, older names and position embeddings of another size mended as timm and open_clip mend them."""
    module = sys.modules[type(body).__module__]
    if module.__name__.startswith("timm.") and hasattr(module, "checkpoint_filter_fn"):
        return module.checkpoint_filter_fn(state, body)
    if module.__name__.startswith("open_clip."):
        from open_clip.model import resize_pos_embed

        whole = {f"visual.{key}": value for key, value in state.items()}
        resize_pos_embed(whole, SimpleNamespace(visual=body))
        return {key.removeprefix("visual."): value for key, value in whole.items()}
    return state


def read_state(path):
    """The state dict in a safetensors or torch file. Raises WeightsError, also for a pickle that could run code."""
    state = content(path)
    if not isinstance(state, dict):
        raise WeightsError(f"{path} holds no state dict: give the path of a network's weight file.")
    return state.get("state_dict", state)


def _torchvision(name, pool, size):
    import torchvision

    _known(name in torchvision.models.list_models(torchvision.models), name, "torchvision")
    parts = torchvision.models.get_model(name, weights=None).named_children()
    body = nn.Sequential(OrderedDict((key, part) for key, part in parts if key not in ("avgpool", "fc", "classifier")))
    if name.startswith("densenet"):
        body.append(nn.ReLU())
    with torch.inference_mode():
        length = body.eval()(torch.zeros(1, 3, 64, 64)).shape[1]
    return body.train(), length, False


def _timm(name, pool, size):
    import timm

    _known(timm.is_model(name), name, "timm")
    # timm's own pooling handles class tokens and norms that follow the average.
    own = {} if pool == "gap" else {"global_pool": ""}
    if size and timm.get_pretrained_cfg(name, allow_unregistered=True).fixed_input_size:
        own["img_size"] = size
    model = timm.create_model(name, pretrained=False, num_classes=0, **own)
    return model, model.head_hidden_size if pool == "gap" else model.num_features, pool == "gap"


def _open_clip(name, pool, size):
    if pool != "gap":
        raise BackboneError(f"open_clip/{name} has its own pooling: set pool to gap, not {pool}.")
    tower = clip(name, size).visual
    return tower, tower.output_dim, True


def clip(name, size=None):
    """Both towers of open_clip's model `name`, untrained, for pictures of `size` (height, width)."""
    import open_clip

    _known(name in open_clip.list_models(), name, "open_clip")
    made_of = open_clip.get_model_config(name)
    if "hf_model_name" in made_of["text_cfg"]:
        raise BackboneError(f"open_clip/{name} fetches its text tower while it is made: choose another.")
    if size and isinstance(made_of["vision_cfg"].get("layers"), list):  # a ResNet, whose attention knows one side
        if size[0] != size[1]:
            raise BackboneError(f"open_clip/{name} takes squares only: height {size[0]} is not width {size[1]}.")
        size = size[0]
    logging.disable(logging.WARNING)  # it warns that the network is random, which the weights then put right
    try:
        return open_clip.create_model(name, pretrained=None, force_image_size=size)
    finally:
        logging.disable(logging.NOTSET)


_FAMILIES = {"": _torchvision, "timm": _timm, "open_clip": _open_clip}


def _known(known, name, family):
    if not known:
        raise BackboneError(f"{family} has no network {name!r}: see {family}'s list of models.")


def keep_resolution(body, name, stage):
    """Give the first block of a ResNet's stage (`layer4`) the stride 1. Raises BackboneError without such a stage."""
    if not hasattr(body, stage):
        raise BackboneError(f"{name} has no {stage}: choose a ResNet for a stride of 1, or set last_stride to 2.")
    block = getattr(body, stage)[0]
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)
    # ResNet-D halves the resolution by average pooling before the shortcut's convolution.
    if isinstance(block.downsample[0], nn.AvgPool2d):
        block.downsample[0] = nn.Identity()
