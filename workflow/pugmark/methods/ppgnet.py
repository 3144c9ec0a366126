"""PPGNet: while it learns, one stream sees the whole picture, others the trunk and the limbs, cut out by joints.

The vector g of the whole picture is added to that of the trunk, b, and to that of the limbs, p. All three are
classified, and the two sums are pulled apart as well, so that what the parts know reaches the whole picture's stream,
which alone is used afterwards. So only the training needs joints; parts that are not seen are black.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.transforms import v2

from pugmark.learning import inference, joints, necks, norm, trainer, transforms
from pugmark.learning.backbones import BackboneError, backbone

TITLE = "PPGNet"
SOURCE = "Liu, Zhang and Guo, Part-pose guided Amur tiger re-identification (ICCV workshops 2019)"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = necks.PARAMS | {
    "joints": None,  # [ours: any name will do] a table of joints, which it cannot learn without
    "part_backbone": "resnet34",  # [code] a ResNet for the trunk, and one for each limb
    "part_weights": "resnet34-imagenet",  # [code] name of a weight file, null for random initialisation
    "height": 256,  # [code] pixels
    "width": 512,  # [code] pixels
    "epochs": 160,  # [paper] of PartDVE's comparison; each takes the crops once; 0 trains nothing
    "identities": 3,  # [code] individuals in a batch
    "lr": 0.00025,  # [code] of all layers
    "flip": 0.0,  # [code] probability; the flanks of a tiger differ
    "erasing": 0.0,  # [code] probability of random erasing
}
ALLOWED = necks.ALLOWED | {"joints": "null or word", "part_backbone": "word", "part_weights": "null or word"}
PUBLISHED = [
    {"data": "ATRW", "metric": "mmAP", "value": 0.683, "setting": "masked, re-ranked, by PartDVE's paper"},
    {"data": "ATRW", "metric": "mmAP", "value": 0.779, "setting": "original, re-ranked, by PartDVE's paper"},
]


def fit(crops, params, run):
    """Train all streams, and keep that of the whole picture."""
    if params["joints"] is None:
        raise joints.JointsError("ppgnet learns from the joints of animals: name a table of them under `joints`.")
    whole = backbone(params["backbone"], run.file(params["weights"]), last_stride=1)
    parts = Parts(params, whole.size, run.file(params["part_weights"]))
    learner = PPGNet(crops, params, run, whole, parts)
    trainer.train(learner, params["epochs"], run)
    state = learner.model["necked"].state_dict()
    return {"model": {name: value for name, value in state.items() if name.startswith(("body.", "necks.0."))}}


def embed(crops, params, state):
    """float32 N x D: the vector of the whole picture, behind its neck."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained stream of the whole picture, B x 3 x H x W -> B x D."""
    whole = backbone(params["backbone"], last_stride=1)
    trained = necks.Necked(necks.One(whole), (whole.size,))
    trained.load_state_dict(state["model"])
    return necks.SideBySide(trained, behind=True)


class Third(nn.Module):
    """A ResNet up to its third stage: B x 3 x H x W -> maps."""

    def __init__(self, name, weights):
        super().__init__()
        parts = backbone(name, weights).body.named_children()
        self.stages = nn.ModuleDict()
        for at, part in parts:
            self.stages[at] = part
            if at == "layer3":
                return
        raise BackboneError(f"{name} has no layer3: choose a ResNet as part_backbone.")

    def forward(self, images):
        """B x 3 x H x W -> B x D x h x w."""
        for part in self.stages.values():
            images = part(images)
        return images


class Parts(nn.Module):
    """Trunk, B x 3 x 64 x 128, and limbs, B x 6 x 3 x 64 x 64 -> their vectors b and p, B x `size` each."""

    def __init__(self, params, size, weights=None):
        super().__init__()
        self.trunk = Third(params["part_backbone"], weights)
        self.limbs = nn.ModuleList(Third(params["part_backbone"], weights) for _ in joints.LIMBS)
        with torch.inference_mode():
            depth = self.trunk.eval()(torch.zeros(1, 3, 64, 64)).shape[1]
        # The code's sizes agree: 8 places of 256 numbers are as many as a ResNet-50 gives.
        self.of_trunk = nn.Identity() if 8 * depth == size else nn.Linear(8 * depth, size)
        self.of_limbs = nn.Linear(len(self.limbs) * depth, size)

    def forward(self, trunk, limbs):
        """The vectors of the trunk and of all limbs."""
        body = F.adaptive_avg_pool2d(self.trunk(trunk), (1, 8)).flatten(1)
        each = [stream(limbs[:, at]).mean((2, 3)) for at, stream in enumerate(self.limbs)]
        return self.of_trunk(body), self.of_limbs(torch.cat(each, 1))


class PPGNet(necks.Identification):
    """CE(g) + 1.5 CE(g + b) + 1.5 CE(g + p) + 2 triplet(g + b) + 2 triplet(g + p).

    The sums share a neck and a classifier. Parts are cut out once, before the training.
    """

    def __init__(self, crops, params, run, whole, parts):
        necked = necks.Necked(necks.One(whole), (whole.size, whole.size))
        necked.parts = parts
        super().__init__(crops, params, run, necked)
        seen = joints.read(params["joints"])
        cut = [_cut(crops.image(at), seen.get(name, {})) for at, name in enumerate(crops.meta["crop_id"])]
        self.trunks, self.limbs = map(_batch, zip(*cut, strict=True))
        size = params["height"], params["width"]
        extra = v2.RandomRotation(10, fill=crops.fill or 0), v2.ColorJitter(0.2, 0.2, 0.2)
        moves = params["flip"], params["padding"], params["erasing"]
        self.recipe = transforms.train_recipe(*size, *moves, crops.fill, extra)

    def chosen_schedule(self):
        """The rate grows over 25 epochs and halves after 40, 80, 120, 160, 240, 320 and 400."""
        return torch.optim.lr_scheduler.LambdaLR(self.optimiser, halved)

    def loss(self, images, indices):
        """The weighted sum."""
        at, labels, necked = indices.cpu(), self.model.labels[indices], self.model["necked"]
        (whole,) = necked.body(images)
        shown = transforms.normalise(self.trunks[at].to(images.device))
        limbs = transforms.normalise(self.limbs[at].to(images.device).flatten(0, 1)).unflatten(0, (len(at), -1))
        total = self.classified(0, whole, labels)
        for part in necked.parts(shown, limbs):
            total = total + 1.5 * self.classified(1, whole + part, labels)
            total = total + 2 * self.triplet((whole + part).float(), labels)
        return total

    def classified(self, at, vectors, labels):
        """Cross-entropy behind the neck and the classifier at `at`."""
        logits = self.model["classifiers"][at](self.model["necked"].necks[at](vectors))
        return F.cross_entropy(logits, labels, label_smoothing=self.params["smoothing"])


def _cut(image, known):
    return joints.trunk(image, known), joints.limbs(image, known)


def _batch(pictures):
    """uint8 pictures, ... x H x W x 3, as one tensor, N x ... x 3 x H x W."""
    return torch.from_numpy(np.stack(pictures)).movedim(-1, -3)


def halved(epoch):
    """Factor of the learning rate in `epoch`, counted from 0."""
    return min(1.0, (epoch + 1) / 25) * 0.5 ** sum(epoch >= step for step in (40, 80, 120, 160, 240, 320, 400))
