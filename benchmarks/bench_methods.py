"""What one epoch of each method that learns takes: seconds and peak memory, on one fixed set of crops.

    PYTHONPATH=workflow python benchmarks/bench_methods.py [--methods fancl spcl ...]

256 made-up crops, 8 individuals on each of 32 frames; ResNet-18 from random numbers for every method, so that networks
do not differ, 112 x 112 pixels, batches of 32 crops where a method has such (else two frames of a video), one pass over
the crops. Ratios are to `cluster_contrast`, the plainest of the label-free family. A GPU's peak is that of the tensors
that it allocated.
"""

import argparse
import io
import sys

import measure

INDIVIDUALS, FRAMES = 8, 32
COMMON = {
    "backbone": "resnet18",
    "weights": None,
    "height": 112,
    "width": 112,
    "epochs": 1,
    "iterations": 8,
    "identities": 8,
    "images": 4,
    "batch": 32,
    "k1": 20,
    "frames": 2,
}


def crops():
    """The made-up Crops: every individual a coarse pattern of its own under noise."""
    import numpy as np
    import pandas as pd
    from PIL import Image

    from pugmark.learning.crops import Crops

    random = np.random.default_rng(0)
    coats = random.integers(0, 256, (INDIVIDUALS, 4, 4, 3), np.uint8)
    rows, pictures = [], []
    for frame in range(FRAMES):
        for animal, coat in enumerate(coats):
            large = np.asarray(Image.fromarray(coat).resize((128, 128)), int)
            noisy = (large + random.normal(0, 20, large.shape)).clip(0, 255).astype(np.uint8)
            file = io.BytesIO()
            Image.fromarray(noisy).save(file, "JPEG")
            pictures += [file.getvalue(), b""]
            rows.append({"crop_id": f"{frame}-{animal}", "media_id": f"v-f{frame}", "individual": f"animal {animal}"})
    meta = pd.DataFrame(rows).assign(viewpoint=None, station="pen", sequence="v")
    meta["frame_number"] = meta["media_id"].str[3:].astype(int)
    return Crops(meta, pictures, None)


def child(name):
    """Fit one method for one epoch."""
    import torch

    from pugmark import methods
    from pugmark.learning import run
    from pugmark.runtime.devices import device
    from pugmark.stages import train

    known = methods.catalogue()[name]["PARAMS"]
    seen = crops()
    if methods.catalogue()[name]["CHOOSES"]:
        own = methods.resolve(name, {})
        seen = seen.take(methods.load(name).choose(seen.meta, own, 1))
    params = methods.resolve(
        name, {key: value for key, value in COMMON.items() if key in known and key in _plain(name)}
    )
    with measure.stopwatch() as facts:
        train.fit(name, seen, params, run.Run(1, {}, INDIVIDUALS))
        if device().type == "cuda":
            facts["gpu_mb"] = round(torch.cuda.max_memory_allocated() / 2**20)


def _plain(name):
    """The common settings that method `name` shares; `frames` of supervised_video counts something else."""
    return COMMON.keys() - ({"frames"} if name == "supervised_video" else set())


def main():
    """Parent: compare; child: fit one method."""
    sys.path.insert(0, "workflow")
    from pugmark import methods

    learning = [name for name, facts in methods.catalogue().items() if methods.learns(facts)]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=learning, default=learning)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child)
        return
    order = sorted(arguments.methods, key=lambda name: name != "cluster_contrast")
    measure.compare({name: [sys.executable, __file__, "--child", name] for name in order}, arguments.repeats)


if __name__ == "__main__":
    main()
