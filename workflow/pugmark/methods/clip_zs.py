"""CLIP's image tower as it came, without any training: what it knows of animals from pictures and captions."""

from pugmark.learning import clip, inference, norm

TITLE = "CLIP, zero-shot"
SOURCE = "Radford et al., Learning transferable visual models from natural language supervision (ICML 2021)"
FAMILY = "frozen"
LABELS = "none"
PARAMS = {
    "backbone": "open_clip/ViT-B-16-quickgelu",  # [paper] a CLIP of open_clip/NAME
    "weights": "clip-vit-b16-openai",  # [paper] name of a file of both towers, null for a random network
    "height": 224,  # [paper] pixels
    "width": 224,  # [paper] pixels
    "colours": "clip",  # [paper] statistics that it learned with
    "vector": "projected",  # [ours: not stated] into the space of texts; both lays the token before it beside
}
ALLOWED = {
    "backbone": ["open_clip/*"],
    "weights": "null or word",
    "height": ">= 32",
    "width": ">= 32",
    "colours": ["clip", "half"],
    "vector": ["projected", "both"],
}
PUBLISHED = []


def fit(crops, params, run):
    """The frozen tower."""
    return {"model": clip.image_network(params, run.file(params["weights"])).state_dict()}


def embed(crops, params, state):
    """float32 N x D."""
    return norm.unit(inference.extract(network(params, state), crops, params["height"], params["width"]))


def network(params, state):
    """The tower, B x 3 x H x W -> B x D."""
    whole = clip.network(params, state)
    return whole if params["vector"] == "both" else clip.Projected(whole.necked.body)
