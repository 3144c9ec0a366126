"""Key points that a network finds, DISK (Tyszkiewicz et al., NeurIPS 2020) or ALIKED (Zhao et al., TIM 2023), and
LightGlue (Lindenberger et al., ICCV 2023), which matches them.

The networks are kornia's, the weight files those of the authors. Descriptors are kept in half precision.
"""

import re

import kornia.feature
import numpy as np
import torch

from pugmark.keypoints import match
from pugmark.learning import backbones
from pugmark.runtime.devices import device


class Finder:
    """DISK or ALIKED, as extract.finder has it."""

    def __init__(self, features, weights):
        self.network = NETWORKS[features]()
        state = backbones.read_state(weights.path)
        backbones.take(self.network, state.get("extractor", state), weights)  # DISK's file holds more than that
        self.network.eval().to(device())
        self.options = {"pad_if_not_divisible": True} if features == "disk" else {}

    def seen(self, pixels):
        """The colours, as the networks learned with them."""
        return pixels

    @torch.inference_mode()
    def find(self, pixels):
        """Places in pixels (float32 N x 2), descriptors (uint8 N x 256) and strengths (N) of uint8 H x W x 3."""
        images = torch.tensor(pixels, device=device()).permute(2, 0, 1)[None].float() / 255
        (found,) = self.network(images, **self.options)
        strength = found.detection_scores if hasattr(found, "detection_scores") else found.keypoint_scores
        descriptors = np.ascontiguousarray(found.descriptors.half().cpu().numpy()).view(np.uint8)
        return found.keypoints.float().cpu().numpy(), descriptors, strength.float().cpu().numpy()


NETWORKS = {
    "disk": kornia.feature.DISK,
    "aliked": lambda: kornia.feature.ALIKED("aliked-n16", detection_threshold=0.2),
}


class Matcher:
    """LightGlue. confidence: of a match, below which it is dropped."""

    def __init__(self, weights, confidence):
        state = {_renamed(key): value for key, value in backbones.read_state(weights.path).items()}
        blocks = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("transformers."))
        self.network = kornia.feature.LightGlue(
            None, input_dim=WIDTH, n_layers=blocks, filter_threshold=confidence, weights=None
        )
        # These follow from the number of blocks, and not every file has them.
        state["confidence_thresholds"] = self.network.confidence_thresholds
        backbones.take(self.network, state, weights)
        self.network.eval().to(device())

    def agreeing(self, points, query, others, order, params):
        """How many key points agree, as match.agreeing."""
        counts = np.zeros(len(others), np.int64)
        for at, other in enumerate(others):
            first, second = sorted((query, other), key=lambda row: order[row])
            left, right = self.matches(points, first, second, params["side"])
            counts[at] = match.under_one_map(points, (first, left), (second, right), params)
        return counts

    @torch.inference_mode()
    def matches(self, points, first, second, side):
        """(left, right): positions of the matched key points of two rows of `points`."""
        given = {f"image{at}": _image(points, row, side) for at, row in enumerate((first, second))}
        (pairs,) = self.network(given)["matches"]
        return tuple(pairs.cpu().numpy().T)


WIDTH = 128
"""Numbers of a descriptor of DISK and of ALIKED."""


def _image(points, row, side):
    number = points.number[row]
    descriptors = np.ascontiguousarray(points.descriptors[row, :number]).view(np.float16).astype(np.float32)
    # LightGlue looks at differences of places, as shares of the longer side: the shorter one does not matter.
    places = torch.from_numpy(side * points.places[row, :number])
    parts = {"keypoints": places, "descriptors": torch.from_numpy(descriptors), "image_size": torch.full((2,), side)}
    return {name: part[None].float().to(device()) for name, part in parts.items()}


def _renamed(key):
    """The authors number the two kinds of attention apart; kornia has both in one block."""
    return re.sub(r"^(self|cross)_attn\.(\d+)\.", r"transformers.\2.\1_attn.", key)
