"""A strong baseline: the tricks that good re-identification systems share, on one vector, in a square picture.

The backbone keeps the resolution of its last stage; its averaged maps are the vector. It learns from a batch-hard
triplet loss as it is, and from label-smoothed classification behind a BNNeck. AdamW with one cycle of the learning
rate, random crops, flips and erasing. At test time the vector behind the neck is compared by its cosine.
"""

from pugmark.learning import inference, necks, norm, trainer
from pugmark.learning.backbones import backbone

TITLE = "Strong baseline"
SOURCE = "Luo et al., Bag of Tricks and a Strong Baseline for Deep Person Re-identification (CVPR workshops 2019)"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = necks.PARAMS | {
    "last_stride": 1,  # [paper] of a ResNet's last stage; 2 for other networks
    "pool": "gap",  # [paper] gem learns how much the largest values of the maps count
    "height": 224,  # [ours: animals are no upright people] pixels
    "width": 224,  # [ours: animals are no upright people] pixels
    "epochs": 60,  # [ours: one cycle needs fewer than the paper's 120] each takes the crops once; 0 trains nothing
    "weight_decay": 0.01,  # [ours: AdamW's usual value] of all layers
}
ALLOWED = necks.ALLOWED | {
    "last_stride": [1, 2],
    "pool": ["gap", "gem"],
}
PUBLISHED = []


def fit(crops, params, run):
    """Tell the training individuals apart."""
    learner = necks.OneCycle(crops, params, run, necked(params, run.file(params["weights"])))
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model["necked"].state_dict()}


def embed(crops, params, state):
    """float32 N x D, D the backbone's channels."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The trained network, B x 3 x H x W -> B x D, behind the neck."""
    trained = necked(params)
    trained.load_state_dict(state["model"])
    return necks.SideBySide(trained, behind=True)


def necked(params, weights=None):
    """The backbone with its neck."""
    body = backbone(params["backbone"], weights, params["last_stride"], params["pool"])
    return necks.Necked(necks.One(body), (body.size,))
