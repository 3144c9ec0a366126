"""CLIP's image tower, fine-tuned by names alone: classification and triplet loss, no text."""

from pugmark.learning import clip, trainer
from pugmark.learning.clip import embed, network

__all__ = ["embed", "fit", "network"]
TITLE = "CLIP, fine-tuned"
SOURCE = "Baseline of CARE: Overcoming fine-grained visual challenges in animal re-ID, supplement"
FAMILY = "supervised"
LABELS = "identity"
PARAMS = clip.PARAMS
ALLOWED = clip.ALLOWED
PUBLISHED = []


def fit(crops, params, run):
    """Tune the image tower."""
    learner = clip.Tuned(crops, params, run, clip.towers(params, run.file(params["weights"]))[0])
    trainer.train(learner, params["epochs"], run)
    return {"model": learner.model["necked"].state_dict()}
