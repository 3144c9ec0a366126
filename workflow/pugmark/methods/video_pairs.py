"""Identity of every box in a long video, from the boxes and the number of animals alone.

A batch is two random frames, each crop in two random views. Views of one crop are the same animal, other boxes of its
frame are others, and between the frames the Hungarian assignment on the current similarities says who is who. Training
on those pairs spreads the individuals apart; k-means with the known number then names them. Trained and evaluated on
the same crops, by design. A frame is all the crops of one media_id; frames with fewer than two boxes are passed over.
"""

import functools

import numpy as np
import torch
from torch import nn

from pugmark.clustering import algorithms
from pugmark.learning import contrast, inference, norm, pairs, pool, trainer, transforms, video, views

TITLE = "Video pairs (self-supervised)"
SOURCE = "Fang, Hannuna, Simpson, Campbell: Self-Supervised Animal Identification for Long Videos"
FAMILY = "video"
LABELS = "count"
PARAMS = views.PARAMS | {
    "trainable": "full",  # [paper] full trains all under a linear layer; frozen a perceptron on a fixed backbone
    "labels": "count",  # [paper] identity pairs by the true names: an upper bound, not a method
    "frames": 2,  # [paper] in a batch, K
    "loss": "bce",  # [paper] bce, supcon (fixed temperature) or supcon_learnable
    "temperature": 0.5,  # [paper] of supcon
    "matching": "per_block",  # [paper] per_block solves every pair of views by itself, consensus their mean once
    "min_similarity": None,  # [paper] cosine below which a pair of two frames counts as two animals; null for none
    "pool": 0,  # [ours: faster] random views of each crop, encoded once, to train a perceptron on; 0 for fresh ones
    "watch": 0,  # [ours: for the report] epochs between two groupings of all crops, scored over training; 0 for never
}
ALLOWED = views.ALLOWED | {
    "trainable": ["full", "frozen"],
    "labels": ["count", "identity"],
    "frames": ">= 1",
    "loss": ["bce", "supcon", "supcon_learnable"],
    "temperature": "> 0",
    "matching": ["per_block", "consensus"],
    "min_similarity": "null or >= -1.0, <= 1.0",
    "pool": "0 or >= 2",
    "watch": ">= 0",
}
PUBLISHED = [
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.976, "setting": "bce, resnet18 full"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.998, "setting": "bce, resnet18 full"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.981, "setting": "bce, resnet18 full"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.866, "setting": "bce, resnet18 frozen"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.898, "setting": "bce, resnet18 frozen"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.891, "setting": "bce, resnet18 frozen"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.899, "setting": "bce, convnextv2 frozen"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.847, "setting": "bce, convnextv2 frozen"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.902, "setting": "bce, convnextv2 frozen"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.98, "setting": "bce, efficientnet_b0 full"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.993, "setting": "bce, efficientnet_b0 full"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.992, "setting": "bce, efficientnet_b0 full"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.897, "setting": "bce, efficientnet_b0 frozen"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.939, "setting": "bce, efficientnet_b0 frozen"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.932, "setting": "bce, efficientnet_b0 frozen"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.926, "setting": "supcon, resnet18 full"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.787, "setting": "supcon, resnet18 full"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.978, "setting": "supcon, resnet18 full"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.643, "setting": "supcon, resnet18 frozen"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.716, "setting": "supcon, resnet18 frozen"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.809, "setting": "supcon, resnet18 frozen"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.74, "setting": "supcon, convnextv2 frozen"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.747, "setting": "supcon, convnextv2 frozen"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.823, "setting": "supcon, convnextv2 frozen"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.977, "setting": "supcon_learnable, resnet18 full"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.995, "setting": "supcon_learnable, resnet18 full"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.986, "setting": "supcon_learnable, resnet18 full"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.736, "setting": "supcon_learnable, resnet18 frozen"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.854, "setting": "supcon_learnable, resnet18 frozen"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.9, "setting": "supcon_learnable, resnet18 frozen"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.715, "setting": "supcon_learnable, convnextv2 frozen"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.823, "setting": "supcon_learnable, convnextv2 frozen"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.907, "setting": "supcon_learnable, convnextv2 frozen"},
]
# What each loss learns beside the network, and where it starts.
LEARNT = {"bce": {"scale": 10.0, "bias": -10.0}, "supcon": {}, "supcon_learnable": {"scale": 14.0}}
MAX_SCALE = 100.0


def fit(crops, params, run):
    """Train on all pairs of frames of the video."""
    learner = (PooledPairs if params["pool"] else VideoPairs)(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model.encoder.state_dict()}


def embed(crops, params, state):
    """float32 N x size."""
    return vectors(network(params, state), crops, params)


def network(params, state):
    """The trained encoder, B x 3 x H x W -> unit vectors, B x size."""
    trained = encoder(params)
    trained.load_state_dict(state["model"])
    return trained


def encoder(params, weights=None):
    """All trainable under one linear layer, or a perceptron above a frozen backbone: images -> unit vectors."""
    frozen = params["trainable"] == "frozen"
    return views.Projected(params, weights, video.HIDDEN if frozen else (), frozen)


def vectors(network, crops, params):
    """Unit vectors of all crops, float32 N x size."""
    return norm.unit(inference.extract(network, crops, params["height"], params["width"]))


class VideoPairs(views.TwoViewLearner):
    """Pairs within and between frames."""

    def __init__(self, crops, params, run):
        super().__init__(crops, params, run)
        self.model = nn.ModuleDict({"encoder": encoder(params, run.file(params["weights"]))})
        self.model["learnt"] = nn.ParameterDict({k: torch.tensor(v) for k, v in LEARNT[params["loss"]].items()})
        self.objective = {
            "bce": pairs.bce,
            "supcon": functools.partial(pairs.supcon, scale=1 / params["temperature"]),
            "supcon_learnable": pairs.supcon,
        }[params["loss"]]
        self.recipe = transforms.crop_recipe(params["height"], params["width"], params["flip"], params["scale"])
        codes, self.frames = video.frames(crops.meta["media_id"], least=2)
        if len(self.frames) < 2:
            raise trainer.TrainingError(
                f"{len(self.frames)} frames hold two animals or more: a video is needed, with its boxes."
            )
        self.model.register_buffer("frame", torch.from_numpy(codes))
        {"count": self.be_told_count, "identity": self.be_told_names}[params["labels"]](run)
        # The rule is for the largest batch of the video: two views of K full frames.
        self.optimise(video.largest(self.frames, params["frames"], 2))

    def be_told_count(self, run):
        """The number of animals is known: pairs between frames are those of the assignment."""
        self.individuals, self.mask = run.individuals, self.assigned

    def be_told_names(self, run):
        """The names are known, and say what a pair is."""
        labels, names = self.crops.labels()
        self.model.register_buffer("names", torch.from_numpy(labels))
        self.individuals, self.mask = len(names), self.named

    def order(self, epoch):
        """Crop indices by batch: the frames in disjoint groups of K, shuffled, a smaller last group dropped."""
        return video.batches(self.frames, self.params["frames"], np.random.default_rng((self.seed, epoch)))

    def loss(self, first, second, indices):
        """The chosen loss on the cosine similarities of all rows, under the mask of who is who."""
        rows = self.rows(torch.cat((first, second)))
        self.see(rows)
        similarity = contrast.cosines(rows, rows)
        return self.objective(similarity, self.mask(similarity, indices), **self.model.learnt)

    def rows(self, images):
        """Unit vectors of a batch of views."""
        return self.model.encoder(images)

    def assigned(self, similarity, indices):
        """The mask of the current assignment."""
        counts = torch.unique_consecutive(self.model.frame[indices], return_counts=True)[1].tolist()
        return pairs.mask(similarity, counts, self.params["matching"], self.params["min_similarity"])

    def named(self, similarity, indices):
        """The mask of the true names."""
        return pairs.named_mask(self.model.names[indices])

    @torch.no_grad()
    def after_step(self):
        """Clamp the scale in place, because a clamp in the loss would stop its gradient; step the schedule."""
        if "scale" in self.model.learnt:
            self.model.learnt["scale"].clamp_(0, MAX_SCALE)
        super().after_step()

    def figures(self):
        """Also the learnt scale and bias."""
        return super().figures() | {name: value.item() for name, value in self.model.learnt.items()}

    def groups(self):
        """k-means of all crops after every `watch` epochs, with the number of animals; None in between."""
        every = self.params["watch"]
        if not every or (self.epoch + 1) % every:
            return None
        return algorithms.kmeans(vectors(self.model.encoder, self.crops, self.params), self.individuals, self.seed)


class PooledPairs(VideoPairs):
    """The same on views that the frozen backbone has encoded before: training computes the perceptron alone."""

    def __init__(self, crops, params, run):
        if params["trainable"] != "frozen":
            raise trainer.TrainingError(
                f"pool: {params['pool']} with trainable: {params['trainable']} cannot be trained: a pool needs a "
                "frozen backbone, whose features never change. Set pool to 0, or trainable to frozen."
            )
        super().__init__(crops, params, run)

    @functools.cached_property
    def features(self):
        """Of the views, made when the first batch is asked for, also by a resumed training."""
        return pool.encode(self.model.encoder.backbone, self.crops, self.recipe, self.params["pool"], self.seed)

    def drawn(self, epoch):
        """Two different views of the pool for every crop of every batch."""
        # Numbers of its own: `order` has shuffled the frames by the first two alone.
        rng = np.random.default_rng((self.seed, epoch, 1))
        return pool.Draws(self.features, self.order(epoch), rng)

    def rows(self, features):
        """Unit vectors of a batch of encoded views."""
        return self.model.encoder.project(features)
