"""BioCLIP: a CLIP that learned from ten million pictures of organisms and their names, as it came.

The vector is the image's projection into the space that it shares with text.
"""

from pugmark.learning import frozen
from pugmark.learning.frozen import embed, fit, network

__all__ = ["embed", "fit", "network"]
TITLE = "BioCLIP, ViT-B/16"
SOURCE = "Stevens et al., BioCLIP: a vision foundation model for the tree of life (CVPR 2024)"
FAMILY = "frozen"
LABELS = "none"
PARAMS = frozen.PARAMS | {
    "backbone": "open_clip/ViT-B-16",  # [paper] the image tower
    "weights": "bioclip",  # [paper] name of a weight file, null for a random network
    "colours": "clip",  # [paper] statistics that it learned with
}
ALLOWED = frozen.ALLOWED
PUBLISHED = []
