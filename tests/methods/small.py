"""Every method at a size that trains in a second, on crops drawn for it."""

import json
import tempfile
from pathlib import Path

import open_clip

from pugmark import methods
from pugmark.learning import joints
from pugmark.learning import run as runs
from pugmark.stages import train

# CLIPs of two layers, described as open_clip describes its own.
_TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
_VISION = {
    "tiny-vit": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "tiny-rn": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None},
}
with tempfile.TemporaryDirectory() as _folder:
    for _name, _vision in _VISION.items():
        _path = Path(_folder) / f"{_name}.json"
        _path.write_text(json.dumps({"embed_dim": 32, "vision_cfg": _vision, "text_cfg": _TEXT}))
        open_clip.add_model_config(_path)
    del open_clip.factory._MODEL_CONFIG_PATHS[-len(_VISION) :]

# Where the joints of the crops of `learning.crop_tables` lie, which their names tell.
JOINTS = Path(tempfile.mkdtemp()) / "joints.csv"
JOINTS.write_text(
    "crop_id,joint,x,y\n"
    + "".join(
        f"a-f{frame}-{individual},{name},{(at % 4 + 1) / 6},{(at // 4 + 1) / 5}\n"
        for frame in range(4)
        for individual in range(3)
        for at, name in enumerate(joints.NAMES)
    )
)

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
    "prompt_epochs": 2,
    "prompt_batch": 6,
    "words": 2,
    "frozen": 1,
    "joints": str(JOINTS),
    "part_backbone": "timm/test_resnet",
    "part_weights": None,
}
# At the rates for six crops, and for thousands of steps, their first steps would be lost in rounding.
_CLIP = {"backbone": "open_clip/tiny-vit", "lr": 0.001}
OWN = {name: _CLIP for name in ("clip_ft", "clip_reid", "care")} | {"clip_zs": {"backbone": "open_clip/tiny-vit"}}
OWN |= {name: {"backbone": "timm/test_vit"} for name in ("base_vit", "transreid", "adafreq")}
OWN |= {"simclr": {"lr": 10.0}, "moco": {"momentum": 0.5}}


def params(name, variant=None):
    """The settings of method `name`, made small, under those of the variant."""
    defaults = methods.catalogue()[name]["PARAMS"]
    given = {key: value for key, value in SMALL.items() if key in defaults}
    return methods.resolve(name, given | OWN.get(name, {}) | (variant or {}))


def fitted(name, variant, seen, seed=1, folder=None):
    """The state of the method trained on the crops `seen`, of which it is told that they show three individuals."""
    return train.fit(name, seen, params(name, variant), runs.Run(seed, {}, 3, folder, "key"))
