"""Control: a random direction per crop. What it scores is the chance level of a protocol."""

from pugmark.learning.hashing import gaussian
from pugmark.learning.inference import unit

TITLE = "Random"
SOURCE = "Control: chance"
FAMILY = "control"
LABELS = "none"
PARAMS = {
    "size": 128,  # length of the vectors
}
PUBLISHED = []


def fit(crops, params, run):
    """The seed, and nothing else."""
    return {"seed": run.seed}


def embed(crops, params, state):
    """float32 N x size, drawn from the seed and the crop's id."""
    return unit([gaussian(f"{state['seed']} {crop_id}", params["size"]) for crop_id in crops.meta["crop_id"]])
