"""Control: a random unit vector for each crop. Its score is the chance level of a protocol."""

from pugmark.learning.hashing import directions

TITLE = "Random"
SOURCE = "Control: chance"
FAMILY = "control"
LABELS = "none"
PARAMS = {
    "size": 128,  # [ours: enough that random directions differ] length of the vectors
}
ALLOWED = {"size": ">= 2"}
PUBLISHED = []


def fit(crops, params, run):
    """Nothing to learn: keep the seed."""
    return {"seed": run.seed}


def embed(crops, params, state):
    """float32 N x size, drawn from the seed and the crop's id."""
    return directions([f"{state['seed']} {crop_id}" for crop_id in crops.meta["crop_id"]], params["size"])
