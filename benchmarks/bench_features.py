"""ResNet-18 features of 600 images at 224 x 224: `pugmark.learning.inference.extract` beside wildlife-tools.

    PYTHONPATH=workflow python benchmarks/bench_features.py [--images FOLDER] [--count 600] [--repeats 3]

FOLDER holds JPEGs at any depth; without it, images are drawn. Both read the same bytes and run the same randomly
initialised or given network (--weights FILE). Goal: at least twice the images per second at no more memory. A third
command runs ours in float32, to tell how many nearest neighbours the reduced precision changes.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch
from measure import compare, stopwatch

SIDE = 224


def main():
    """Prepare the images once, run the children in turn, compare their features."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(folder), args)
        commands = {name: [sys.executable, __file__, "--child", name, folder] for name in CHILDREN}
        rows = compare(commands, args.repeats)
        for name, row in rows.items():
            if "seconds" in row:
                print(f"{name}: {args.count / row['seconds']:.1f} images/s")
        features = {name: np.load(Path(folder) / f"{name}.npy") for name in CHILDREN}
        for name in list(CHILDREN)[1:]:
            same = np.mean(_nearest(features["pugmark"]) == _nearest(features[name]))
            print(f"nearest neighbours as with {name}: {100 * same:.1f} %")


def pugmark(folder, dtype=None):
    """Our features, read from a crops table."""
    from pugmark.learning import crops, inference
    from pugmark.learning.backbones import backbone

    network = backbone("resnet18")
    network.body.load_state_dict(torch.load(folder / "network.pt"), strict=False)
    inference.prepared(network, torch.float32)(torch.zeros(1, 3, SIDE, SIDE))
    with stopwatch(precision=str(dtype or inference.precision())):
        return inference.extract(network, crops.read(folder / "crops.parquet", None), SIDE, SIDE, dtype)


def float32(folder):
    """Our features in single precision."""
    return pugmark(folder, torch.float32)


def wildlife_tools(folder):
    """The peer's features, read from files, with its default batch size and number of workers."""
    import pandas as pd
    import torchvision
    from torchvision import transforms as T
    from wildlife_tools.data import WildlifeDataset
    from wildlife_tools.features import DeepFeatures

    network = torchvision.models.resnet18()
    network.fc = torch.nn.Identity()
    network.load_state_dict(torch.load(folder / "network.pt"), strict=False)
    normalise = T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    size = T.Resize((SIDE, SIDE), T.InterpolationMode.BICUBIC)
    files = pd.DataFrame({"path": sorted(path.name for path in folder.glob("*.jpg")), "identity": "unknown"})
    data = WildlifeDataset(files, folder, transform=T.Compose([size, T.ToTensor(), normalise]))
    network.eval()(torch.zeros(1, 3, SIDE, SIDE))
    with stopwatch(precision="torch.float32"):
        return DeepFeatures(network)(data)


CHILDREN = {"pugmark": pugmark, "wildlife_tools": wildlife_tools, "float32": float32}


def _prepare(folder, args):
    import torchvision

    from pugmark import tables

    given = sorted(args.images.rglob("*.jpg")) if args.images else []
    spread = given[:: max(1, len(given) // args.count)]
    rows = [_row(folder, i, image) for i, image in enumerate(_images(spread, args.count))]
    tables.write(folder / "crops.parquet", "crops", rows, "benchmark")
    torch.manual_seed(0)
    state = torch.load(args.weights) if args.weights else torchvision.models.resnet18().state_dict()
    torch.save({key: value.float() for key, value in state.items() if not key.startswith("fc.")}, folder / "network.pt")


def _images(files, count):
    if files:
        yield from (path.read_bytes() for path in files[:count])
        return
    rng = np.random.default_rng(0)
    for _ in range(count):
        small = rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)
        yield cv2.imencode(".jpg", cv2.resize(small, (640, 480), interpolation=cv2.INTER_CUBIC))[1].tobytes()


def _row(folder, number, image):
    (folder / f"{number:05d}.jpg").write_bytes(image)
    height, width = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    name = f"{number:05d}"
    sizes = {"width": width, "height": height, "area": width * height, "x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0}
    absent = dict.fromkeys(("frame_number", "mask", "station", "timestamp"))
    names = {"crop_id": name, "media_id": name, "path": name, "sequence": name}
    rest = {"confidence": 1.0, "sharpness": 1.0, "touches_border": False, "infrared": False}
    return {"image": image, **names, **sizes, **absent, **rest}


def _nearest(features):
    features = features / np.linalg.norm(features, axis=1, keepdims=True)
    similarity = features @ features.T
    np.fill_diagonal(similarity, -1)
    return similarity.argmax(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        name, folder = sys.argv[2], Path(sys.argv[3])
        np.save(folder / f"{name}.npy", CHILDREN[name](folder))
    else:
        main()
