"""Learning from two random views of every crop: what the long-video method, SimCLR and MoCo have in common.

Source: Fang et al., Self-Supervised Animal Identification for Long Videos, which gives all three the same optimiser.
"""

import functools

import numpy as np
from torch.nn import functional as F

from pugmark.learning import inference, loader, norm, samplers, trainer, transforms, video
from pugmark.learning.backbones import backbone
from pugmark.learning.recompute import recompute

PARAMS = video.PARAMS | {
    "size": 64,  # [paper] outputs of the head
    "recompute": False,  # [ours: an equal result for less memory] compute activations again in the backward pass
}
"""Settings of all that learn from two views."""
ALLOWED = video.ALLOWED | {"size": ">= 2"}
INSTANCES = PARAMS | {
    "weights": "resnet18-imagenet",  # [ours: not stated] name of a weight file, null for random initialisation
    "size": 64,  # [ours: not stated; as in video_pairs] outputs of the linear head
    "features": "head",  # [ours: not stated] vectors of a crop: of the head, which the loss sees, or of the backbone
    "batch": 256,  # [paper] crops, two views each
    "augment": "standard",  # [ours: not stated] standard adds colour jitter, grey and blur to crops and flips
}
"""Settings of those to which every crop is a class of its own."""
INSTANCES_ALLOWED = ALLOWED | {
    "features": ["head", "backbone"],
    "batch": ">= 2",
    "augment": ["standard", "crops"],
    "temperature": "> 0",
    "jitter": ">= 0, <= 2.5",
}


class Projected(video.Network):
    """The same with unit vectors: B x 3 x H x W -> B x size.

    params: backbone, size and recompute.
    """

    def __init__(self, params, weights=None, hidden=(), frozen=False):
        super().__init__(backbone(params["backbone"], weights), params["size"], hidden, frozen)
        if params["recompute"]:
            recompute(self.backbone.body)

    def project(self, features):
        """The backbone's features, B x D, as unit vectors, B x size."""
        return F.normalize(self.head(features).float())

    def forward(self, images):
        """B x 3 x H x W -> unit vectors, B x size."""
        return self.project(self.backbone(images))


class TwoViewLearner(trainer.Learner):
    """A learner whose batches are (first view, second view, indices), with SGD and a cosine schedule by steps.

    A subclass sets `model` and `recipe`, calls `optimise`, and says which crops form a batch. Its loss tells `see`
    the vectors.
    """

    def __init__(self, crops, params, run):
        self.crops, self.params, self.seed, self.amp = crops, params, run.seed, params["amp"]

    def optimise(self, batch):
        """Optimiser and schedule; the learning rate is that for 256 crops, scaled to `batch`."""
        steps = self.params["epochs"] * len(self.order(0))
        self.optimiser, self.schedule = video.sgd(self.model, self.params["lr"], batch, steps)

    def order(self, epoch):
        """Lists of crop indices, one for each batch."""
        raise NotImplementedError

    def drawn(self, epoch):
        """The batches of `order`."""
        return loader.batches(self.crops, self.order(epoch), (self.recipe,) * 2, self.seed, epoch)

    def batches(self, epoch):
        """The batches of `order`."""
        self.epoch, self._sum, self._seen = epoch, 0.0, 0
        return self.drawn(epoch)

    def see(self, rows):
        """Count the unit vectors of a batch towards the epoch's spread."""
        self._sum, self._seen = self._sum + rows.detach().double().sum(0), self._seen + len(rows)

    def after_step(self):
        """The schedule runs by steps."""
        self.schedule.step()

    def after_epoch(self):
        """The schedule runs by steps."""

    def figures(self):
        """How far apart the epoch's vectors lay."""
        return {"spread": trainer.spread((self._sum / self._seen)[None])}


class InstanceLearner(TwoViewLearner):
    """Every crop is a class of its own: batches are shuffled crops. Fewer crops than a batch make one smaller batch.

    params: batch, and what `instance_recipe` reads.
    """

    def __init__(self, crops, params, run):
        super().__init__(crops, params, run)
        self.batch, self.recipe = min(params["batch"], len(crops)), instance_recipe(params)

    def order(self, epoch):
        """One pass over the crops."""
        return samplers.shuffled(len(self.crops), self.batch, np.random.default_rng((self.seed, epoch)))


def instance_recipe(params):
    """The random transform of params: augment, height, width, flip, scale and, for `standard`, jitter."""
    strong = functools.partial(transforms.contrast_recipe, jitter=params["jitter"])
    recipe = {"standard": strong, "crops": transforms.crop_recipe}[params["augment"]]
    return recipe(params["height"], params["width"], params["flip"], params["scale"])


def embed(network, crops, params):
    """float32 unit vectors of the crops, N x D, by `params["features"]`: of the head or of the backbone."""
    part = {"head": network, "backbone": network.backbone}[params["features"]]
    return norm.unit(inference.extract(part, crops, params["height"], params["width"]))
