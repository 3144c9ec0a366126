"""SAM's masks of several boxes in one image: embedded once beside embedded again for each box.

    PYTHONPATH=workflow python benchmarks/bench_masks.py

ViT-B with random weights and the prompt of each box; what the masks show takes no part in the time. The peer calls the
library as its documentation does for one picture with one box.
"""

import sys
import tempfile
from pathlib import Path

import measure
import numpy as np

SIDE, BOXES = 1024, 5


def work(side):
    """Mask BOXES boxes of one image."""
    import torch
    from segment_anything import SamPredictor, sam_model_registry

    from pugmark.masking.sam import Sam
    from pugmark.weights import Weights, sha256

    torch.manual_seed(0)
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    boxes = [(100 * at, 50, 100 * at + 300, 450) for at in range(BOXES)]
    model = sam_model_registry["vit_b"]().eval()
    if side == "peer":
        predictor = SamPredictor(model)

        def mask(box):
            predictor.set_image(image)
            return predictor.predict(box=np.array(box), multimask_output=False)

        with measure.stopwatch(boxes=BOXES):
            [mask(box) for box in boxes]
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sam.pth"
        torch.save(model.state_dict(), path)
        sam = Sam(Weights("sam_vit_b", path, sha256(path), "random", True))
    with measure.stopwatch(boxes=BOXES):
        embedded = sam.embed(image)
        [embedded.prompt(box) for box in boxes]


def main():
    """Parent: compare; child: do one side's work."""
    if len(sys.argv) == 2:
        work(sys.argv[1])
        return
    measure.compare({side: [sys.executable, __file__, side] for side in ("pugmark", "peer")})


if __name__ == "__main__":
    main()
