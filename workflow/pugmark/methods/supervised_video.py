"""What labelling a part of a long video's frames would give: classification of the individuals, with early stopping.

Some frames are labelled, a part of them to validate on; the network is that of `video_pairs` with one output for each
individual, and a batch is likewise a few random frames, but of one random view per crop, since the published memory
fits one and not two. The loss is the cross-entropy; training ends when the validation loss has not fallen for some
epochs, and the weights of its lowest epoch are kept. All other frames are the test.

Which frames are labelled is unstated. Random ones lie close to every test frame in time; the first ones of the video
ask whether an animal is known later. The most epochs are unstated too: `epochs` only ends what `patience` does not.
"""

import logging

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from pugmark.learning import inference, loader, norm, trainer, transforms, video
from pugmark.learning.hashing import gaussian

TITLE = "Video frames, supervised"
SOURCE = "Fang, Hannuna, Simpson, Campbell: Self-Supervised Animal Identification for Long Videos; supervised baseline"
FAMILY = "supervised"
LABELS = "identity"
CHOOSES = True
GROUPING = "argmax"
PARAMS = video.PARAMS | {
    "frames": 1000,  # [paper] that teach; fewer in proportion where half of all frames would not remain unseen
    "validation": 200,  # [paper] frames that say when to stop; likewise
    "split": "random",  # [ours: not stated] random frames, or temporal: the first ones, those of the validation last
    "trainable": "full",  # [paper] full trains all under a linear layer; frozen a perceptron on a fixed backbone
    "epochs": 100,  # [ours: not stated] passes over the frames that teach, at most; 0 trains nothing
    "patience": 10,  # [paper] epochs without a lower validation loss after which training ends
    "batch": 2,  # [paper] frames
}
ALLOWED = video.ALLOWED | {
    "frames": ">= 1",
    "validation": ">= 1",
    "split": ["random", "temporal"],
    "trainable": ["full", "frozen"],
    "patience": ">= 1",
    "batch": ">= 1",
}
# Settings: resnet18 full or efficientnet_b0 frozen, and the frames that taught and validated.
PUBLISHED = [
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.96, "setting": "R18, 1000 + 200"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.97, "setting": "R18, 1000 + 200"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.96, "setting": "R18, 1000 + 200"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.88, "setting": "R18, 100 + 100"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.89, "setting": "R18, 100 + 100"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.89, "setting": "R18, 100 + 100"},
    {"data": "3D-POP Seq11", "metric": "accuracy", "value": 0.77, "setting": "EffB0, 1000 + 200"},
    {"data": "3D-POP Seq19", "metric": "accuracy", "value": 0.72, "setting": "EffB0, 1000 + 200"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.61, "setting": "EffB0, 1000 + 200"},
]
logger = logging.getLogger(__name__)


def choose(meta, params, seed):
    """Row numbers of the crops in the labelled frames: at most half of all frames that hold a named animal.

    meta: DataFrame of the split table, all rows named.
    """
    order, wanted = _ORDERS[params["split"]](meta, seed), params["frames"] + params["validation"]
    count = min(wanted, len(order) // 2)
    if count < wanted:
        told = count - held(count, params), held(count, params), params["frames"], params["validation"]
        logger.info("of %d frames %d teach and %d validate instead of %d and %d: half stay unseen", len(order), *told)
    return np.flatnonzero(meta["media_id"].isin(order[:count]))


def parts(meta, params, seed):
    """Row numbers of the crops that teach, as lists by frame, and of those that validate, of the chosen crops `meta`.

    Raises TrainingError where there are fewer than two frames.
    """
    order = _ORDERS[params["split"]](meta, seed)
    if len(order) < 2:
        raise trainer.TrainingError(f"{len(order)} frames are labelled: one must teach and another validate.")
    validates = meta["media_id"].isin(order[-held(len(order), params) :]).to_numpy()
    _, members = video.frames(meta["media_id"])
    return [rows for rows in members if not validates[rows[0]]], np.flatnonzero(validates)


def held(count, params):
    """How many of `count` labelled frames validate: the share that is wanted, at least one and never all."""
    share = params["validation"] / (params["frames"] + params["validation"])
    return min(max(1, round(count * share)), count - 1)


def fit(crops, params, run):
    """Classify the individuals of the labelled frames."""
    learner = FrameClassification(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model["best"].state(), "names": learner.names}


def embed(crops, params, state):
    """float32 N x individuals: the probabilities of the names in `state`, at unit norm, which keeps the largest."""
    logits = inference.extract(network(params, state), crops, params["height"], params["width"])
    return norm.unit(torch.from_numpy(logits).softmax(1))


def network(params, state):
    """The trained network, B x 3 x H x W -> logits of the individuals."""
    trained = video.network(params, len(state["names"]))
    trained.load_state_dict(state["model"])
    return trained


class FrameClassification(trainer.Learner):
    """Cross-entropy over the individuals, the lowest on other frames kept."""

    def __init__(self, crops, params, run):
        self.crops, self.params, self.seed, self.amp = crops, params, run.seed, params["amp"]
        labels, self.names = crops.labels()
        self.frames, validating = parts(crops.meta, params, run.seed)
        self.validating, self.expected = crops.take(validating), torch.from_numpy(labels[validating])
        network = video.network(params, len(self.names), run.file(params["weights"]))
        self.model = nn.ModuleDict({"network": network, "best": video.Snapshot(network)})
        self.model.register_buffer("labels", torch.from_numpy(labels))
        self.model.register_buffer("lowest", torch.tensor(torch.inf))
        self.recipe = transforms.crop_recipe(params["height"], params["width"], params["flip"], params["scale"])
        steps = params["epochs"] * len(self.order(0))
        batch = video.largest(self.frames, params["batch"], 1)
        self.optimiser, self.schedule = video.sgd(self.model, params["lr"], batch, steps)

    def order(self, epoch):
        """Crop indices by batch."""
        return video.batches(self.frames, self.params["batch"], np.random.default_rng((self.seed, epoch)))

    def batches(self, epoch):
        """One view of the crops of a few frames."""
        return loader.batches(self.crops, self.order(epoch), (self.recipe,), self.seed, epoch)

    def loss(self, images, indices):
        """Cross-entropy of the network's logits."""
        return F.cross_entropy(self.model["network"](images), self.model.labels[indices])

    def after_step(self):
        """The rate follows its cosine step by step."""
        self.schedule.step()

    def after_epoch(self):
        """Validate, and keep the weights where they are the best so far."""
        size = self.params["height"], self.params["width"]
        logits = inference.extract(self.model["network"], self.validating, *size, torch.float32)
        self.validated = F.cross_entropy(torch.from_numpy(logits), self.expected)
        if self.validated < self.model.lowest.cpu():
            self.model.lowest.copy_(self.validated)
            self.model["best"].take(self.model["network"])

    def figures(self):
        """The mean cross-entropy over the validation crops."""
        return {"validation": self.validated.item()}

    def finished(self, history):
        """Whether the validation loss has not fallen for `patience` epochs."""
        losses = [figures["validation"] for figures in history]
        return len(losses) - 1 - int(np.argmin(losses)) >= self.params["patience"]


def _random(meta, seed):
    names = meta["media_id"].unique()
    return names[np.argsort([gaussian(f"{seed} {name}", 1)[0] for name in names])]


def _temporal(meta, seed):
    timed = meta.assign(video=video.videos(meta))
    return timed.sort_values(["timestamp", "sequence", "video", "frame_number", "media_id"])["media_id"].unique()


_ORDERS = {"random": _random, "temporal": _temporal}
