"""DINOv2: a vision transformer that learned from pictures of everything without any label, as it came.

The vector is that of the class token. Its patches have 14 pixels, so height and width are multiples of 14.
"""

from pugmark.learning import frozen
from pugmark.learning.frozen import embed, fit, network

__all__ = ["embed", "fit", "network"]
TITLE = "DINOv2, ViT-B/14"
SOURCE = "Oquab et al., DINOv2: learning robust visual features without supervision (TMLR 2024)"
FAMILY = "frozen"
LABELS = "none"
PARAMS = frozen.PARAMS | {
    "backbone": "timm/vit_base_patch14_dinov2",  # [paper] also small, large and giant
    "weights": "dinov2-b",  # [paper] name of a weight file, null for a random network
}
ALLOWED = frozen.ALLOWED
PUBLISHED = []
