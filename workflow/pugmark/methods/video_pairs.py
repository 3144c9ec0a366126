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
from torch.nn import functional as F

from pugmark.learning import inference, loader, pairs, trainer, transforms
from pugmark.learning.backbones import backbone
from pugmark.learning.heads import perceptron

TITLE = "Video pairs (self-supervised)"
SOURCE = "Fang, Hannuna, Simpson, Campbell: Self-Supervised Animal Identification for Long Videos"
FAMILY = "video"
LABELS = "count"
PARAMS = {
    "backbone": "resnet18",  # torchvision name, timm/NAME or open_clip/NAME
    "weights": "resnet18-imagenet",  # name of a weight file, null for random initialisation
    "trainable": "full",  # full trains all under one linear layer; frozen trains a perceptron on a fixed backbone
    "size": 64,  # length of the vectors
    "height": 224,  # pixels
    "width": 224,  # pixels
    "epochs": 10,  # passes over the frames: 10 for 3D-POP, 2 for 8-Calves
    "frames": 2,  # in a batch, K
    "loss": "bce",  # bce, supcon (fixed temperature) or supcon_learnable
    "temperature": 0.5,  # of supcon
    "matching": "per_block",  # per_block solves every pair of views by itself, consensus their mean once
    "min_similarity": None,  # pairs less similar stay unmatched; null matches all
    "lr": 0.3,  # for 256 crops; scaled by the largest batch that the video can give
    "flip": 0.5,  # probability; 0 where the two flanks of an animal differ
    "scale": [0.2, 1.0],  # share of the crop's area that a view shows
    "amp": False,  # mixed precision on a GPU; the paper's figures are in single precision
}
PUBLISHED = [
    {"data": "3D-POP sequence 11, 10 pigeons", "metric": "accuracy", "value": 0.976, "setting": "bce, resnet18 full"},
    {"data": "3D-POP sequence 19, 10 pigeons", "metric": "accuracy", "value": 0.998, "setting": "bce, resnet18 full"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.981, "setting": "bce, resnet18 full"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.891, "setting": "bce, resnet18 frozen"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.978, "setting": "supcon, resnet18 full"},
    {"data": "8-Calves", "metric": "accuracy", "value": 0.986, "setting": "supcon_learnable, resnet18 full"},
]
# What each loss learns beside the network, and where it starts.
LEARNT = {"bce": {"scale": 10.0, "bias": -10.0}, "supcon": {}, "supcon_learnable": {"scale": 14.0}}
MAX_SCALE = 100.0


def fit(crops, params, run):
    """Train on all pairs of frames of the video."""
    learner = VideoPairs(crops, params, run)
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model.encoder.state_dict()}


def embed(crops, params, state):
    """float32 N x size."""
    return inference.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained encoder, B x 3 x H x W -> unit vectors, B x size."""
    trained = Encoder(params)
    trained.load_state_dict(state["model"])
    return trained


class Encoder(nn.Module):
    """B x 3 x H x W -> unit vectors, B x size."""

    def __init__(self, params, weights=None):
        super().__init__()
        self.backbone = backbone(params["backbone"], weights)
        self.frozen = params["trainable"] == "frozen"
        hidden = (256, 128, 128) if self.frozen else ()
        self.head = perceptron(self.backbone.size, *hidden, params["size"])
        self.backbone.requires_grad_(not self.frozen)

    def train(self, mode=True):
        """Training mode; a frozen backbone keeps its running statistics."""
        super().train(mode)
        self.backbone.train(mode and not self.frozen)
        return self

    def forward(self, images):
        """B x 3 x H x W -> unit vectors, B x size."""
        return F.normalize(self.head(self.backbone(images)))


class VideoPairs(trainer.Learner):
    """Pairs within and between frames."""

    def __init__(self, crops, params, run):
        self.crops, self.params, self.seed, self.amp = crops, params, run.seed, params["amp"]
        self.model = nn.ModuleDict({"encoder": Encoder(params, run.file(params["weights"]))})
        self.model["learnt"] = nn.ParameterDict({k: torch.tensor(v) for k, v in LEARNT[params["loss"]].items()})
        self.objective = {
            "bce": pairs.bce,
            "supcon": functools.partial(pairs.supcon, scale=1 / params["temperature"]),
            "supcon_learnable": pairs.supcon,
        }[params["loss"]]
        self.recipe = transforms.crop_recipe(params["height"], params["width"], params["flip"], params["scale"])
        codes, self.frames = frames(crops.meta["media_id"])
        self.model.register_buffer("frame", torch.from_numpy(codes))
        learned = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        # The rule is for the largest batch of the video: two views of K full frames.
        largest = 2 * params["frames"] * max(map(len, self.frames))
        self.optimiser = torch.optim.SGD(learned, lr=params["lr"] * largest / 256, momentum=0.9)
        steps = params["epochs"] * len(self.order(0))
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, max(1, steps))

    def order(self, epoch):
        """Crop indices by batch: the frames in disjoint groups of K, shuffled, a smaller last group dropped."""
        shuffled = np.random.default_rng((self.seed, epoch)).permutation(len(self.frames))
        size = self.params["frames"]
        groups = [shuffled[i : i + size] for i in range(0, len(shuffled) - size + 1, size)]
        return [[i for frame in group for i in self.frames[frame]] for group in groups]

    def batches(self, epoch):
        """Two views of the crops of K frames."""
        return loader.batches(self.crops, self.order(epoch), (self.recipe,) * 2, self.seed, epoch)

    def loss(self, first, second, indices):
        """The chosen loss on the cosine similarities of all rows, under the mask of the current assignment."""
        rows = self.model.encoder(torch.cat((first, second))).float()
        counts = torch.unique_consecutive(self.model.frame[indices], return_counts=True)[1].tolist()
        similarity = rows @ rows.T
        mask = pairs.mask(similarity, counts, self.params["matching"], self.params["min_similarity"])
        return self.objective(similarity, mask, **self.model.learnt)

    @torch.no_grad()
    def after_step(self):
        """Clamp the scale in place, because a clamp in the loss would stop its gradient; step the schedule."""
        if "scale" in self.model.learnt:
            self.model.learnt["scale"].clamp_(0, MAX_SCALE)
        self.schedule.step()

    def after_epoch(self):
        """The schedule runs by steps."""

    def figures(self):
        """The learnt scale and bias."""
        return {name: value.item() for name, value in self.model.learnt.items()}


def frames(media):
    """Frame number of every crop (int64 array) and, of each frame with at least two boxes, the list of its crops.

    Raises TrainingError where fewer than two frames have.
    """
    codes = media.factorize()[0].astype(np.int64)
    members = [rows.tolist() for rows in media.groupby(codes).indices.values() if len(rows) > 1]
    if len(members) < 2:
        raise trainer.TrainingError(
            f"{len(members)} frames hold two animals or more: a video is needed, with its boxes."
        )
    return codes, members
