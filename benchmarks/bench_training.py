"""Where the processor seconds of a training go: how fast crops are loaded, and what the parts of the steps take.

    PYTHONPATH=workflow python benchmarks/bench_training.py [--method cluster_contrast] [--steps 240]

Loading: decode, mask, resize and augment to 128 x 256 pixels, made-up JPEGs of four sizes, one core. Training: 144
made-up crops of 12 individuals, whose names take the place of the clusters, ResNet-18 from random numbers, 128 x 128
pixels, batches of 32, four epochs, one thread and no worker process, so that the seconds of each part are its own. Each
line is printed as soon as it is known.
"""

import argparse
import collections
import io
import os
import sys
import time

SIZES = ((300, 200), (640, 450), (1280, 900), (2000, 1400))
COUNT = 24


def jpeg(random, width, height):
    """A coarse pattern under noise."""
    import numpy as np
    from PIL import Image

    coarse = Image.fromarray(random.integers(0, 256, (height // 8 or 1, width // 8 or 1, 3), np.uint8))
    noisy = np.asarray(coarse.resize((width, height)), int) + random.normal(0, 6, (height, width, 3))
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=95)
    return file.getvalue()


def loading():
    """Print milliseconds a crop, best of five."""
    import numpy as np
    import pandas as pd

    from pugmark.learning import crops, loader, transforms
    from pugmark.masking import rle

    recipe, random = transforms.train_recipe(128, 256, fill=255), np.random.default_rng(0)
    for width, height in SIZES:
        down, right = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        picture, mask = jpeg(random, width, height), rle.encode(down**2 + right**2 < 0.8).encode()
        for name, own in (("unmasked", b""), ("masked", mask)):
            seen = crops.Crops(pd.DataFrame({"crop_id": range(COUNT)}), [picture, own] * COUNT, 255)
            taken = []
            for _ in range(5):
                started = time.process_time()
                list(loader.batches(seen, [list(range(COUNT))], (recipe,), 1, 0))
                taken.append((time.process_time() - started) / COUNT)
            print(f"{width} x {height} {name}: {1000 * min(taken):.1f} ms, {1 / min(taken):.0f} images/s", flush=True)


def training(method, steps):
    """Print the processor seconds of each part of a training of `steps` steps."""
    import numpy as np
    import pandas as pd
    import torch

    from pugmark import methods
    from pugmark.learning import crops, loader, pseudo, run
    from pugmark.stages import train

    torch.set_num_threads(1)
    random, spent = np.random.default_rng(0), collections.Counter()

    def timed(owner, name, part):
        function = getattr(owner, name)

        def measured(*given, **named):
            started = time.process_time()
            try:
                return function(*given, **named)
            finally:
                spent[part] += time.process_time() - started

        setattr(owner, name, measured)

    coats = [jpeg(random, 120, 180) for _ in range(144)]
    names = [f"animal {number % 12}" for number in range(144)]
    meta = pd.DataFrame({"crop_id": range(144), "individual": names, "station": None})
    seen = crops.Crops(meta, [part for coat in coats for part in (coat, b"")], None)
    small = {"backbone": "resnet18", "weights": None, "height": 128, "width": 128, "epochs": 4, "identities": 8}
    params = methods.resolve(method, small | {"images": 4, "iterations": steps // 4, "labels": "identity"})
    (learner,) = (
        kind
        for kind in vars(methods.load(method)).values()
        if isinstance(kind, type) and issubclass(kind, pseudo.PseudoLabelLearner)
    )
    timed(loader._Views, "__getitem__", "loading")
    for name, part in (("features", "extraction"), ("loss", "forward")):
        timed(learner, name, part)
    timed(torch.Tensor, "backward", "backward")
    timed(torch.optim.Adam, "step", "optimiser")
    started = time.process_time()
    train.fit(method, seen, params, run.Run(1))
    whole = time.process_time() - started
    told = ", ".join(f"{part} {seconds:.1f}" for part, seconds in spent.items())
    print(f"{method}, {steps} steps: {whole:.1f} processor seconds; {told} (loading of the extraction is in both)")


def main():
    sys.path.insert(0, "workflow")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="cluster_contrast", help="of the label-free family")
    parser.add_argument("--steps", type=int, default=240)
    arguments = parser.parse_args()
    os.environ["PUGMARK_WORKERS"] = "0"
    loading()
    training(arguments.method, arguments.steps)


if __name__ == "__main__":
    main()
